/** The short form of `npm run test:faults -- kill`: a dozen points around steps of jobs of each kind. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Case, casesOf } from './cases.ts';
import type { Moment } from './injected.ts';
import { Killing } from './kill.ts';
import type { Party } from './worker.ts';

let killing: Killing;
beforeAll(async () => {
  killing = await Killing.open({ lanes: 1 });
});
afterAll(() => killing[Symbol.asyncDispose]());

const at = (moment: Moment, party: Party) => (one: Case) =>
  one.moment === moment && one.sides.length === 1 && one.sides[0] === party;

/** Each moment, each side and most steps, once. */
const CHOSEN: readonly Case[] = [
  ...casesOf('SIGKILL', 'align').filter((_, i) => i % 8 === 2),
  ...casesOf('SIGKILL', 'exclude').filter((_, i) => i === 4),
  ...casesOf('SIGKILL', 'select').filter((_, i) => i === 9),
  ...casesOf('SIGKILL', 'count').filter((_, i) => i === 14),
  ...casesOf('SIGKILL', 'measure').filter((_, i) => i % 12 === 5),
  // Between the debit of an answer and the answer, and before it is given.
  ...casesOf('SIGKILL', 'exclude').filter(at('after debit', 'bank')),
  ...casesOf('SIGKILL', 'count').filter(at('after answer', 'telco')),
  ...casesOf('SIGKILL', 'measure').filter(at('after debit', 'telco')),
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
