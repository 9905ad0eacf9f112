/**
 * Goal: the demo's exclusion is a real one: it equals what both tables say.
 * Method: the demo's own setup, two worker processes, and both operators.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { OperatorClient } from '../../src/cli/connection.ts';
import { withOperator } from '../../src/cli/connection.ts';
import { excludeCustomers } from '../../src/cli/demo/exclude.ts';
import { startWorker } from '../../src/cli/demo/processes.ts';
import { setUp } from '../../src/cli/demo/setup.ts';
import { sealMembers } from '../../src/cli/demo/tags.ts';
import { type Job, JobState } from '../../src/gen/sotto/job/v1/job_pb.ts';

async function settled(operator: OperatorClient, id: string): Promise<Job> {
  for await (const job of operator.watch(id, AbortSignal.timeout(60_000))) {
    if (job.state === JobState.SUCCEEDED) return job;
  }
  throw new Error('the job did not succeed');
}

test('nobody is delivered to whom the bank has, and some others are held out', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'sotto-demo-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const setup = await setUp(folder, 1);
  await sealMembers(setup, new AbortController().signal);
  await using stack = new AsyncDisposableStack();
  for (const { party, config } of [setup.bank, setup.company]) {
    stack.use(await startWorker({ name: party, config, logFile: join(folder, `${party}.log`) }));
  }
  const found = await withOperator({ config: setup.bank.config }, (bank) =>
    withOperator({ config: setup.company.config }, (company) =>
      excludeCustomers({ bank, company }, setup, settled),
    ),
  );
  expect(found.correct).toBe(true);
  expect(found.excluded).toBeGreaterThan(500);
  expect(found.holdout).toBeGreaterThan(50);
  expect(found.audience).toBeGreaterThan(found.excluded + found.holdout);
}, 120_000);
