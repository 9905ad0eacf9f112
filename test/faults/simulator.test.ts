/**
 * Goal: whatever happens to the line and to either worker, a job ends with the undisturbed result at
 * both parties, or with a named failure at both.
 * Method: random faults at random frames of whole jobs; a failing schedule is shrunk and printed.
 */
import { expect, test } from 'vitest';
import { FRAME_FAULTS } from './disturbed.ts';
import { everyFrame } from './every-frame.ts';
import { tally } from './schedules.ts';
import { simulate, undisturbedRun } from './simulate.ts';

test('random faults leave an alignment right or refused at both parties', async () => {
  const { counterexample, runs, same, sameAbort } = await tally('align', 8, 11);
  expect(counterexample).toBeUndefined();
  expect(same + sameAbort).toBe(runs);
  expect(runs).toBe(8);
}, 120_000);

test('a line that is cut in the middle costs an alignment nothing', async () => {
  const { frames } = await undisturbedRun('align');
  const at = Math.floor(frames / 2);
  const { verdict } = await simulate('align', [{ at, fault: 'cut', place: 0 }]);
  expect(verdict).toBe('same');
}, 60_000);

test('either worker may be started again in the middle of a training', async () => {
  const { frames } = await undisturbedRun('train');
  const schedule = [
    { at: Math.floor(frames / 3), restart: 'bank' },
    { at: Math.floor((2 * frames) / 3), restart: 'telco' },
  ] as const;
  const { verdict } = await simulate('train', schedule);
  expect(verdict).toBe('same');
}, 120_000);

test.each(['exclude', 'select', 'count'])(
  'a line that is cut when one party has already ended costs %s nothing, and no second debit',
  async (protocol) => {
    const { frames } = await undisturbedRun(protocol);
    for (const at of [frames - 2, frames - 1]) {
      const { verdict } = await simulate(protocol, [{ at, fault: 'cut', place: 0 }]);
      expect(verdict).toBe('same');
    }
  },
  120_000,
);

test('a line that is cut at any frame costs an alignment nothing', async () => {
  const [row] = await everyFrame({ protocol: 'align', faults: ['cut'] });
  expect(row!.counterexample).toBeUndefined();
  expect(row!.runs).toBeGreaterThan(15);
  expect(row!.same).toBe(row!.runs);
}, 120_000);

test('a last frame that is changed, lost or said twice leaves no party alone with a result', async () => {
  const { frames } = await undisturbedRun('align');
  for (const fault of ['truncate', 'flip', 'repeat', 'reflect', 'splice'] as const) {
    for (const at of [frames - 3, frames - 1]) {
      const { verdict } = await simulate('align', [{ at, fault, place: 0.5 }]);
      expect(['same', 'sameAbort'], `${fault} at ${at}`).toContain(verdict);
    }
  }
}, 120_000);

test.each(['exclude', 'select', 'count', 'measure', 'predict'])(
  'any fault at a few frames leaves %s right or refused at both parties',
  async (protocol) => {
    const faults = FRAME_FAULTS.filter((fault) => fault !== 'drop');
    for (const row of await everyFrame({ protocol, faults, most: 2 })) {
      expect(row.counterexample).toBeUndefined();
      expect(row.same + row.sameAbort).toBe(2);
    }
  },
  120_000,
);

test('nor does a damaged last frame with a damaged question about it, or an answer cut to nothing', async () => {
  const { frames } = await undisturbedRun('align');
  const flip = (at: number) => ({ at, fault: 'flip', place: 0.5 }) as const;
  const lost = { at: frames - 1, fault: 'drop', place: 0 } as const;
  for (const schedule of [
    [flip(frames - 1), flip(frames + 1)], // the proposal is changed, and refused for its signature
    [lost, flip(frames)],
    [lost, { at: frames + 1, fault: 'truncate', place: 0 } as const], // no fields: no verdict, no reason
  ]) {
    expect(await simulate('align', schedule)).toMatchObject({ verdict: 'same' });
  }
}, 120_000);

test('damage in both directions at once is refused by both, each by a name of its own if need be', async () => {
  for (let at = 7; at < 12; at++) {
    const schedule = [
      { at, fault: 'reflect', place: 0 },
      { at: at + 1, fault: 'flip', place: 0 },
    ] as const;
    const simulated = await simulate('align', schedule);
    expect(simulated, `from frame ${at}`).toMatchObject({ verdict: 'sameAbort' });
  }
}, 60_000);
