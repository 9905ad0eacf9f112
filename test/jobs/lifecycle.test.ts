/**
 * Goal: cancelling, cuts, restarts and many jobs at once end as they should, on both sides.
 * Method: two workers with real alignment; computation that hangs on demand, a network that can be cut.
 */
import { expect, test } from 'vitest';
import type { Transport } from '../../src/channel/transport.ts';
import type { Compute } from '../../src/compute/compute.ts';
import { inlineCompute } from '../../src/compute/inline.ts';
import { JobState } from '../../src/gen/sotto/job/v1/job_pb.ts';
import { alignSpec } from '../support/jobs.ts';
import { arrives, errorOf, openPair, reaches } from '../support/workers.ts';

/** Runs nothing until it is let go. */
function hangingCompute(): { compute: Compute; letGo: () => void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  const inner = inlineCompute();
  const compute: Compute = {
    threads: 1,
    run: (name, input, options) => promise.then(() => inner.run(name, input, options)),
  };
  return { compute, letGo: resolve };
}

test.each(['bank', 'telco'] as const)(
  'a job cancelled at %s while both compute is over within 2 s on both sides',
  async (side) => {
    const { compute } = hangingCompute();
    await using pair = await openPair({ bank: { compute }, telco: { compute } });
    const { id } = await pair.bank.submit(alignSpec(), '', 'ada');
    await reaches(pair.bank, id, [JobState.RUNNING]);
    await reaches(pair.telco, id, [JobState.RUNNING]);
    const startedMs = performance.now();
    const cancelled = await pair[side].cancel(id, 'ada');
    expect(cancelled.state).toBe(JobState.CANCELLED);
    for (const worker of [pair.bank, pair.telco]) {
      expect(errorOf(await reaches(worker, id))).toMatchObject({
        state: JobState.CANCELLED,
        code: 'cancelled',
      });
    }
    expect(performance.now() - startedMs).toBeLessThan(2_000);
  },
);

test.each(['bank', 'telco'] as const)(
  'a job cancelled at %s while it waits for approval is over on both sides',
  async (side) => {
    await using pair = await openPair({
      telco: { change: (options) => ({ ...options, rules: [] }) },
    });
    const { id } = await pair.bank.submit(alignSpec(), '', 'ada');
    await reaches(pair.bank, id, [JobState.AWAITING_APPROVAL]);
    await pair[side].cancel(id, 'ada');
    expect((await reaches(pair.bank, id)).state).toBe(JobState.CANCELLED);
    expect((await reaches(pair.telco, id)).state).toBe(JobState.CANCELLED);
  },
);

test('cancelling a job that has ended changes nothing', async () => {
  await using pair = await openPair();
  const { id } = await pair.bank.submit(alignSpec(), '', 'ada');
  const before = await reaches(pair.bank, id);
  expect(await pair.bank.cancel(id, 'ada')).toEqual(before);
});

test('a peer that is down is tried again, and the job runs when it is back', async () => {
  await using pair = await openPair();
  await pair.stop('telco');
  const { id } = await pair.bank.submit(alignSpec(), '', 'ada');
  await pair.start('telco');
  expect((await reaches(pair.bank, id)).state).toBe(JobState.SUCCEEDED);
});

test('a peer that stays down ends the job as peer-unavailable', async () => {
  await using pair = await openPair({ bank: { limits: { unavailableAfterMs: 50 } } });
  pair.network.down = true;
  const { id } = await pair.bank.submit(alignSpec(), '', 'ada');
  expect(errorOf(await reaches(pair.bank, id)).code).toBe('peer-unavailable');
});

/** Breaks after so many frames from the opener: once. */
function breakingOnce(frames: number): (transport: Transport) => Transport {
  let left = frames;
  return (transport) => ({
    ...transport,
    write: async (frame) => {
      left -= 1;
      if (left === 0) await transport.close();
      return transport.write(frame);
    },
  });
}

test.each([1, 2, 3, 4, 5, 6, 7, 8])(
  'a connection cut at frame %i from the proposer begins anew, and gives the same result',
  async (frame) => {
    await using pair = await openPair();
    pair.network.wrap = breakingOnce(frame);
    const { id } = await pair.bank.submit(alignSpec(), '', 'ada');
    for (const worker of [pair.bank, pair.telco]) {
      const job = await reaches(worker, id);
      expect(job.state).toBe(JobState.SUCCEEDED);
      expect(job.result).toMatchObject({ rows: 4 });
    }
  },
);

test('a job that is cut at the same place each time ends by itself', async () => {
  await using pair = await openPair({ bank: { limits: { unavailableAfterMs: 300 } } });
  pair.network.wrap = (transport) => breakingOnce(6)(transport);
  const { id } = await pair.bank.submit(alignSpec(), '', 'ada');
  const job = await reaches(pair.bank, id);
  expect(errorOf(job).code).toBe('peer-unavailable');
  expect(job.error?.facts).toMatchObject({ mostMs: 300 });
  expect(job.attempt).toBeGreaterThanOrEqual(8);
});

test('a worker that stops in the middle takes the job up again when it starts', async () => {
  const { compute, letGo } = hangingCompute();
  await using pair = await openPair({ bank: { compute } });
  const { id } = await pair.bank.submit(alignSpec(), '', 'ada');
  await reaches(pair.bank, id, [JobState.RUNNING]);
  await reaches(pair.telco, id, [JobState.RUNNING]);
  await pair.stop('bank');
  await reaches(pair.telco, id, [JobState.INTERRUPTED]);
  letGo();
  const bank = await pair.start('bank');
  const job = await reaches(bank, id);
  expect(job.state).toBe(JobState.SUCCEEDED);
  expect(job.attempt).toBe(2);
  expect((await reaches(pair.telco, id)).state).toBe(JobState.SUCCEEDED);
});

test('a job proposed to a worker that then restarts still waits for its approval', async () => {
  await using pair = await openPair({
    telco: { change: (options) => ({ ...options, rules: [] }) },
  });
  const { id } = await pair.bank.submit(alignSpec(), '', 'ada');
  await arrives(pair.telco);
  await pair.stop('telco');
  const telco = await pair.start('telco');
  expect((await telco.get(id)).state).toBe(JobState.AWAITING_APPROVAL);
  await telco.approve(id, undefined, 'bob');
  expect((await reaches(pair.bank, id)).state).toBe(JobState.SUCCEEDED);
});

test('more jobs than run at once all end, from both sides, one of them in failure', async () => {
  await using pair = await openPair({
    bank: { limits: { maxJobs: 1 } },
    telco: { limits: { maxJobs: 1 } },
  });
  const wrong = alignSpec({ active: { party: 'bank', dataset: 'other' } });
  const submitted = await Promise.all([
    pair.bank.submit(alignSpec(), '', 'ada'),
    pair.telco.submit(alignSpec(), '', 'bob'),
    pair.bank.submit(wrong, '', 'ada'),
    pair.telco.submit(alignSpec(), '', 'bob'),
    pair.bank.submit(alignSpec(), '', 'ada'),
  ]);
  const ends = await Promise.all(
    submitted.map(({ id }, index) => reaches(index % 2 === 1 ? pair.telco : pair.bank, id)),
  );
  expect(ends.map((job) => job.state)).toEqual(
    [0, 1, 2, 3, 4].map((index) => (index === 2 ? JobState.FAILED : JobState.SUCCEEDED)),
  );
  expect(errorOf(ends[2]!).field).toBe('min_rows');
});

test('a worker holds a bounded number of unfinished jobs', async () => {
  await using pair = await openPair({ bank: { limits: { maxQueued: 2 } } });
  pair.network.down = true;
  await pair.bank.submit(alignSpec(), '', 'ada');
  await pair.bank.submit(alignSpec(), '', 'ada');
  await expect(pair.bank.submit(alignSpec(), '', 'ada')).rejects.toMatchObject({
    code: 'budget-exhausted',
    facts: { found: 2, most: 2 },
  });
});

test('the log names jobs, peers and codes, and no identifier of a customer', async () => {
  await using pair = await openPair();
  const { id } = await pair.bank.submit(alignSpec(), '', 'ada');
  await reaches(pair.bank, id);
  const log = JSON.stringify(pair.events).replaceAll(id, '');
  expect(log).toContain('SUCCEEDED');
  expect(log).not.toMatch(/\ba\d+\b/);
});
