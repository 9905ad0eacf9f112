/**
 * Goal: what operators see of jobs between two workers, from submission to the end.
 * Method: two workers with real tables, state files and alignment; only the network is in memory.
 */
import { expect, test } from 'vitest';
import { JobState } from '../../src/gen/sotto/job/v1/job_pb.ts';
import { checkSignature } from '../../src/jobs/agreement.ts';
import { alignSpec, keyOf } from '../support/jobs.ts';
import { arrives, errorOf, openPair, reaches } from '../support/workers.ts';

test('two workers align their tables, and each learns its own common rows', async () => {
  await using pair = await openPair();
  const submitted = await pair.bank.submit(alignSpec(), '', 'ada');
  const atBank = await reaches(pair.bank, submitted.id);
  expect(errorOf(atBank)).toEqual({ state: JobState.SUCCEEDED, code: undefined, field: undefined });
  expect(atBank.result).toEqual({ rows: 4, ownRows: 12, peerRows: 16 });
  const atTelco = await reaches(pair.telco, submitted.id);
  expect(atTelco.result).toEqual({ rows: 4, ownRows: 16, peerRows: 12 });
  expect(atTelco.submittedHere).toBe(false);
  expect(atTelco.agreementSha256).toBe(atBank.agreementSha256);
  const rows = await Promise.all(
    [pair.bank, pair.telco].map((worker) => worker.artifact(submitted.id, 'aligned.csv', 'ada')),
  );
  expect(Buffer.from(rows[0]!).equals(Buffer.from(rows[1]!))).toBe(true);
  expect(Buffer.from(rows[0]!).toString().split('\n').slice(0, -1).sort()).toEqual(
    ['a10', 'a11', 'a8', 'a9', 'id'].sort(),
  );
});

test('both keep what they agreed on, with both signatures', async () => {
  await using pair = await openPair();
  const { id } = await pair.bank.submit(alignSpec(), '', 'ada');
  for (const [own, peer, worker] of [
    ['bank', 'telco', pair.bank],
    ['telco', 'bank', pair.telco],
  ] as const) {
    await reaches(worker, id);
    const file = JSON.parse(
      Buffer.from(await worker.artifact(id, 'agreement.json', 'ada')).toString(),
    );
    const bytes = Buffer.from(file.bytes, 'base64');
    for (const party of [own, peer]) {
      const signature = Buffer.from(file.signatures[party], 'hex');
      expect(() => checkSignature(bytes, party, keyOf[party].publicKey, signature)).not.toThrow();
    }
    expect(file.agreement.jobId).toBe(id);
  }
});

test('the passive party may submit as well', async () => {
  await using pair = await openPair();
  const { id } = await pair.telco.submit(alignSpec(), '', 'bob');
  expect((await reaches(pair.telco, id)).result).toMatchObject({ rows: 4 });
  expect((await reaches(pair.bank, id)).state).toBe(JobState.SUCCEEDED);
});

test('watching shows progress that never goes back, and ends with the job', async () => {
  await using pair = await openPair();
  const { id } = await pair.bank.submit(alignSpec(), '', 'ada');
  const percents: number[] = [];
  const states: JobState[] = [];
  for await (const job of pair.bank.watch(id, AbortSignal.timeout(20_000))) {
    percents.push(job.progress?.percent ?? 0);
    if (states.at(-1) !== job.state) states.push(job.state);
  }
  expect(percents).toEqual(percents.toSorted((a, b) => a - b));
  expect(percents.at(-1)).toBe(100);
  expect(states.at(-1)).toBe(JobState.SUCCEEDED);
  const last = await pair.bank.get(id);
  expect(Number(last.progress?.bytesSent)).toBeGreaterThan(12 * 32);
});

test('the same request twice is one job; with another spec it is refused', async () => {
  await using pair = await openPair();
  const first = await pair.bank.submit(alignSpec(), 'request-1', 'ada');
  const second = await pair.bank.submit(alignSpec(), 'request-1', 'ada');
  expect(second.id).toBe(first.id);
  const other = alignSpec({ validForSeconds: 60 });
  await expect(pair.bank.submit(other, 'request-1', 'ada')).rejects.toMatchObject({
    code: 'already-exists',
  });
  await reaches(pair.bank, first.id);
});

test('jobs are listed newest first, page by page', async () => {
  await using pair = await openPair();
  const ids: string[] = [];
  for (let count = 0; count < 5; count += 1) {
    const { id } = await pair.bank.submit(alignSpec(), '', 'ada');
    await reaches(pair.bank, id);
    ids.unshift(id);
  }
  const seen: string[] = [];
  let token = '';
  do {
    const page = await pair.bank.list(2, token);
    expect(page.jobs.length).toBeLessThanOrEqual(2);
    seen.push(...page.jobs.map((job) => job.id));
    token = page.nextPageToken;
  } while (token !== '');
  expect(seen).toEqual(ids);
  await expect(pair.bank.list(2, 'nonsense')).rejects.toMatchObject({ code: 'invalid-argument' });
  await expect(pair.bank.list(-1, '')).rejects.toMatchObject({ code: 'invalid-argument' });
});

test('without a rule a job waits for an operator, who compares it with their own copy', async () => {
  await using pair = await openPair({
    telco: { change: (options) => ({ ...options, rules: [] }) },
  });
  const { id } = await pair.bank.submit(alignSpec(), '', 'ada');
  await reaches(pair.bank, id, [JobState.AWAITING_APPROVAL]);
  const waiting = await arrives(pair.telco);
  expect(waiting.state).toBe(JobState.AWAITING_APPROVAL);
  expect(waiting.disclosures.length).toBeGreaterThan(0);
  const other = alignSpec({ validForSeconds: 60 });
  await expect(pair.telco.approve(id, other, 'bob')).rejects.toMatchObject({
    code: 'parameters-rejected',
    facts: { field: 'spec.valid_for_seconds' },
  });
  await expect(pair.bank.approve(id, undefined, 'ada')).rejects.toMatchObject({
    code: 'invalid-argument',
  });
  await pair.telco.approve(id, alignSpec(), 'bob');
  expect((await reaches(pair.bank, id)).state).toBe(JobState.SUCCEEDED);
  expect((await reaches(pair.telco, id)).state).toBe(JobState.SUCCEEDED);
});

test('an approval that comes too late begins nothing', async () => {
  await using pair = await openPair({
    telco: { change: (options) => ({ ...options, rules: [] }) },
  });
  const { id } = await pair.bank.submit(alignSpec({ validForSeconds: 1 }), '', 'ada');
  const atTelco = await arrives(pair.telco);
  expect(errorOf(await reaches(pair.telco, atTelco.id)).code).toBe('deadline-exceeded');
  expect((await reaches(pair.bank, id)).state).toBe(JobState.FAILED);
  await expect(pair.telco.approve(id, undefined, 'bob')).rejects.toMatchObject({
    code: 'invalid-argument',
  });
});

test('an empty intersection ends the job on both sides, by the field that asks for more', async () => {
  await using pair = await openPair({ telco: { files: { 'calls.csv': 'id\nz1\nz2\n' } } });
  const { id } = await pair.bank.submit(alignSpec(), '', 'ada');
  const expected = { state: JobState.FAILED, code: 'parameters-rejected', field: 'min_rows' };
  expect(errorOf(await reaches(pair.bank, id))).toEqual(expected);
  expect(errorOf(await reaches(pair.telco, id))).toEqual(expected);
});

test('a plan shows rows, cost and who learns what, and starts nothing', async () => {
  await using pair = await openPair();
  const plan = await pair.bank.plan(alignSpec());
  expect(plan.rows).toBe(12n);
  expect(plan.estimatedBytes).toBeGreaterThan(12n * 64n);
  expect(plan.disclosures.map(({ party }) => party)).toContain('telco');
  expect((await pair.bank.list(0, '')).jobs).toEqual([]);
});
