/** Jobs are admitted by what they will hold: a job that is too large is refused by name, on either side. */
import { describe, expect, test } from 'vitest';
import { JobState } from '../../src/gen/sotto/job/v1/job_pb.ts';
import { jobBytes, requireMemory } from '../../src/jobs/memory.ts';
import { alignSpec } from '../support/jobs.ts';
import { openPair, reaches } from '../support/workers.ts';

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
  expect(() => requireMemory(sizes, jobBytes(sizes))).not.toThrow();
  expect(() => requireMemory(sizes, 100 * MIB)).toThrow(
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
