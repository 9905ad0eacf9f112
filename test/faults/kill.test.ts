/** The short form of `npm run test:faults -- kill`: a dozen points around steps of jobs of each kind. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Case, casesOf, Killing } from './kill.ts';

let killing: Killing;
beforeAll(async () => {
  killing = await Killing.open();
});
afterAll(() => killing[Symbol.asyncDispose]());

/** Each moment, each side and most steps, once. */
const CHOSEN: readonly Case[] = [
  ...casesOf('SIGKILL', 'align').filter((_, i) => i % 8 === 2),
  ...casesOf('SIGKILL', 'exclude').filter((_, i) => i === 4),
  ...casesOf('SIGKILL', 'select').filter((_, i) => i === 9),
  ...casesOf('SIGKILL', 'count').filter((_, i) => i === 14),
  ...casesOf('SIGKILL', 'measure').filter((_, i) => i % 12 === 5),
  ...casesOf('SIGKILL', 'train').filter((_, i) => i % 17 === 4),
  ...casesOf('SIGTERM', 'train').filter((_, i) => i === 40),
  ...casesOf('SIGSTOP', 'train').filter((_, i) => i === 52),
];

test.each(CHOSEN)(
  '$protocol: $fault $moment of step $step at $sides changes nothing of the result',
  async (one) => {
    const { verdict, hits, reason } = await killing.run(one);
    expect(reason).toBe('');
    expect(verdict).toBe('same');
    expect(hits).toBeGreaterThan(0);
  },
  300_000,
);
