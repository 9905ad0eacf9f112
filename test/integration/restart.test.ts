/**
 * Goal: a worker that is told to stop in the middle of a training stops in order, one that is killed does not, and
 * the training still succeeds, also for who watches it. Method: SIGTERM to the passive party's process, SIGKILL to the
 * active one's, once passes have begun; new processes on the same state.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { withOperator } from '../../src/cli/connection.ts';
import type { WorkerProcess } from '../../src/cli/demo/processes.ts';
import { loadJobFile } from '../../src/cli/job-file.ts';
import { JobState } from '../../src/gen/sotto/job/v1/job_pb.ts';
import { lastObject, sotto } from '../support/program.ts';
import { isOver, jobWhen, type Sites, setUpSites, trainJob } from '../support/two-workers.ts';

/** A process has this long to stop when asked. */
const STOP_MS = 15_000;

let sites: Sites;
let company: WorkerProcess;
beforeAll(async () => {
  sites = await setUpSites({ rows: 1_600, autoApprove: true, unavailableAfterSeconds: 60 });
  [, company] = await Promise.all([sites.start('bank'), sites.start('company')]);
});
afterAll(async () => sites[Symbol.asyncDispose]());

test('SIGTERM in a training ends the process with 0, and the next process finishes the job', async () => {
  const file = join(sites.bank.folder, 'train.yaml');
  writeFileSync(file, trainJob({ train: { passes: 6, harmonics: 2 } }));
  const { id } = await withOperator({ config: sites.bank.config }, (operator) =>
    operator.submit(loadJobFile(file), ''),
  );
  await jobWhen(sites.bank, id, (job) => job.progress?.phase === 'train');
  const asked = performance.now();
  const closed = new Promise((resolve) => company.process.once('close', resolve));
  company.process.kill('SIGTERM');
  await closed;
  expect(performance.now() - asked).toBeLessThan(STOP_MS);
  expect(company.process.exitCode).toBe(0);
  expect(company.tail()).toContain('"worker-stopped"');
  await sites.start('company', '-again');
  const job = await jobWhen(sites.bank, id, isOver);
  expect(job.state).toBe(JobState.SUCCEEDED);
  expect(job.attempt).toBe(2);
}, 120_000);

test('a watch goes on when its worker is killed and started again', async () => {
  await using other = await setUpSites({
    rows: 1_600,
    autoApprove: true,
    unavailableAfterSeconds: 60,
  });
  const [active] = await Promise.all([other.start('bank'), other.start('company')]);
  const file = join(other.bank.folder, 'longer.yaml');
  writeFileSync(file, trainJob({ train: { passes: 8, harmonics: 2 } }));
  const { id } = await withOperator({ config: other.bank.config }, (operator) =>
    operator.submit(loadJobFile(file), ''),
  );
  const watched = sotto(['job', 'watch', id, '--config', other.bank.config, '--json']);
  await jobWhen(other.bank, id, (job) => job.progress?.phase === 'train');
  const closed = new Promise((resolve) => active.process.once('close', resolve));
  active.process.kill('SIGKILL');
  await closed;
  await other.start('bank', '-again');
  const ended = await watched;
  expect(ended.stderr).toBe('');
  expect(ended.code).toBe(0);
  expect(lastObject(ended)).toMatchObject({ id, state: 'JOB_STATE_SUCCEEDED', attempt: 2 });
}, 120_000);
