/** Jobs are admitted by what they will hold: a job that is too large is refused by name, on either side. */
import { describe, expect, test } from 'vitest';
import { JobState } from '../../src/gen/sotto/job/v1/job_pb.ts';
import { jobBytes, requireMemory } from '../../src/jobs/memory.ts';
import { Slots } from '../../src/jobs/slots.ts';
import { alignSpec } from '../support/jobs.ts';
import { openPair, type Pair, reaches } from '../support/workers.ts';

const sizes = { rows: 1_000_000, peerRows: 2_000_000, columns: 20 };
const MIB = 2 ** 20;

test('a job of a million rows and twenty columns is told to take 2 to 4 GiB', () => {
  expect(jobBytes(sizes) / 2 ** 30).toBeGreaterThan(2);
  expect(jobBytes(sizes) / 2 ** 30).toBeLessThan(4);
});

test.each(['rows', 'columns'] as const)('more %s take more', (name) => {
  expect(jobBytes({ ...sizes, [name]: 2 * sizes[name] })).toBeGreaterThan(jobBytes(sizes));
});

test('what is above the limit is refused with both numbers', () => {
  expect(() =>
    requireMemory(sizes, { maxJobBytes: jobBytes(sizes), maxJobsBytes: jobBytes(sizes) }),
  ).not.toThrow();
  for (const limits of [
    { maxJobBytes: 100 * MIB, maxJobsBytes: 2 ** 40 },
    { maxJobBytes: 2 ** 40, maxJobsBytes: 100 * MIB },
  ])
    expect(() => requireMemory(sizes, limits)).toThrow(
      expect.objectContaining({
        code: 'budget-exhausted',
        facts: { field: 'limits.maxJobMemoryMiB', found: expect.any(Number), most: 100 },
      }),
    );
});

describe('between two workers', () => {
  const limits = { maxJobBytes: MIB };

  test('the party that submits refuses its own job before anybody hears of it', async () => {
    await using pair = await openPair({ bank: { limits } });
    await expect(pair.bank.submit(alignSpec(), '', 'ada')).rejects.toMatchObject({
      code: 'budget-exhausted',
      facts: { most: 1 },
    });
  });

  test('the peer refuses a proposal, and the proposer is told which limit', async () => {
    await using pair = await openPair({ telco: { limits } });
    const { id } = await pair.bank.submit(alignSpec(), '', 'ada');
    const job = await reaches(pair.bank, id);
    expect(job.state).toBe(JobState.FAILED);
    expect(job.error).toMatchObject({
      code: 'budget-exhausted',
      facts: { field: 'limits.maxJobMemoryMiB' },
    });
  });
});

describe('jobs that run at once hold no more than there is', () => {
  test('who asks for more waits, and nobody passes him', async () => {
    const slots = new Slots(10);
    const never = new AbortController().signal;
    const first = slots.try(6)!;
    const given: string[] = [];
    const large = slots.take(8, never).then((slot) => {
      given.push('large');
      return slot;
    });
    const small = slots.take(2, never).then((slot) => {
      given.push('small');
      return slot;
    });
    expect(slots.try(1)).toBeUndefined();
    first[Symbol.dispose]();
    first[Symbol.dispose]();
    await Promise.all([large, small]);
    expect(given).toEqual(['large', 'small']);
    expect(slots.has(1)).toBe(false);
  });

  test('who gives up waiting holds nobody up', async () => {
    const slots = new Slots(10);
    using _held = slots.try(6);
    const stop = new AbortController();
    const large = slots.take(8, stop.signal);
    const small = slots.take(4, new AbortController().signal);
    stop.abort();
    await expect(large).rejects.toMatchObject({ code: 'cancelled' });
    (await small)[Symbol.dispose]();
    expect(slots.has(4)).toBe(true);
  });

  /** Room for one alignment of these tables, not for two. */
  const limits = { maxJobs: 2, maxJobsBytes: 150 * MIB };

  /** By the states of these jobs as they were written, at both parties. */
  const mostAtOnce = (pair: Pair, ids: readonly string[]): number => {
    const running = new Set<string>();
    let most = 0;
    for (const event of pair.events) {
      if (event.event !== 'job-changed' || !ids.includes(event.job)) continue;
      if (event.state === 'RUNNING') running.add(event.job);
      else running.delete(event.job);
      most = Math.max(most, running.size);
    }
    return most;
  };

  test.each(['bank', 'telco'] as const)(
    'a job that does not fit beside another at the %s waits',
    async (where) => {
      await using pair = await openPair({ [where]: { limits } });
      const jobs = await Promise.all([1, 2].map(() => pair.bank.submit(alignSpec(), '', 'ada')));
      const ids = jobs.map(({ id }) => id);
      const ends = await Promise.all(ids.map((id) => reaches(pair.bank, id)));
      expect(ends.map(({ state }) => state)).toEqual([JobState.SUCCEEDED, JobState.SUCCEEDED]);
      expect(mostAtOnce(pair, ids)).toBe(1);
      const phases = pair.events.flatMap((event) =>
        event.event === 'job-phase' ? event.phase : [],
      );
      expect(phases).toContain(where === 'bank' ? 'waits for memory' : 'waits for the peer');
    },
  );

  test('with room for two, they run beside each other', async () => {
    await using pair = await openPair();
    const jobs = await Promise.all([1, 2].map(() => pair.bank.submit(alignSpec(), '', 'ada')));
    const ids = jobs.map(({ id }) => id);
    await Promise.all(ids.map((id) => reaches(pair.bank, id)));
    expect(mostAtOnce(pair, ids)).toBe(2);
  });
});
