/**
 * Goal: a worker that runs out of file descriptors neither dies nor fails a job; when there are some again, the
 * job goes on. Method: `prlimit` takes the company's process down to what it already holds.
 */
import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { withOperator } from '../../src/cli/connection.ts';
import type { WorkerProcess } from '../../src/cli/demo/processes.ts';
import { JobState } from '../../src/gen/sotto/job/v1/job_pb.ts';
import { alignSpec } from '../support/jobs.ts';
import { sotto } from '../support/program.ts';
import { isOver, jobWhen, type Sites, setUpSites } from '../support/two-workers.ts';

let sites: Sites;
let company: WorkerProcess;
beforeAll(async () => {
  sites = await setUpSites({ rows: 80, autoApprove: true, unavailableAfterSeconds: 20 });
  [, company] = await Promise.all([sites.start('bank'), sites.start('company')]);
});
afterAll(async () => sites[Symbol.asyncDispose]());

/** The limit that can be raised again by its owner. */
function allow(descriptors: number): void {
  execFileSync('prlimit', ['--pid', `${company.process.pid}`, `--nofile=${descriptors}:`]);
}
const held = (): number => readdirSync(`/proc/${company.process.pid}/fd`).length;

async function submit(validForSeconds: number): Promise<string> {
  const spec = alignSpec({
    purpose: 'test',
    active: { party: 'bank', dataset: 'rows' },
    passive: { party: 'company', dataset: 'rows' },
    validForSeconds,
  });
  const { id } = await withOperator({ config: sites.bank.config }, (operator) =>
    operator.submit(spec, ''),
  );
  return id;
}

test('a job at a worker without descriptors waits for some, and nothing else is lost', async () => {
  const first = await jobWhen(sites.bank, await submit(3_600), isOver);
  expect(first.state).toBe(JobState.SUCCEEDED);

  allow(held());
  const id = await submit(3_601);
  const refusals = (): number => company.tail().split('"errno":"EMFILE"').length - 1;
  await expect.poll(refusals, { timeout: 20_000 }).toBeGreaterThan(2);
  expect(company.process.exitCode).toBe(null);

  allow(4_096);
  const job = await jobWhen(sites.bank, id, isOver);
  expect(job.state).toBe(JobState.SUCCEEDED);
  const verified = await sotto(['audit', 'verify', '--config', sites.company.config, '--json']);
  expect(verified.code).toBe(0);
}, 120_000);
