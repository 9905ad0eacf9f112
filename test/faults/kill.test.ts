/** The short form of `npm run test:faults -- kill`: a dozen points around steps of an alignment and of a training. */
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
