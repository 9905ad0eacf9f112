/** Random schedules of faults that shrink to the few events that matter. */
import fc from 'fast-check';
import { FRAME_FAULTS } from './disturbed.ts';
import { type Event, type Simulated, simulate, undisturbedRun } from './simulate.ts';

const MOST_EVENTS = 4;

/** Up to four events anywhere in a job of so many frames, and a little beyond: interrupted jobs take more. */
export function schedules(frames: number): fc.Arbitrary<Event[]> {
  const at = fc.integer({ min: 0, max: Math.ceil(1.5 * frames) });
  const fault = fc.record({
    at,
    fault: fc.constantFrom(...FRAME_FAULTS),
    place: fc.double({ min: 0, max: 0.999, noNaN: true }),
  });
  const restart = fc.record({ at, restart: fc.constantFrom('bank' as const, 'telco' as const) });
  return fc.array(fc.oneof({ weight: 3, arbitrary: fault }, { weight: 1, arbitrary: restart }), {
    minLength: 1,
    maxLength: MOST_EVENTS,
  });
}

export interface Tally {
  readonly fault: string;
  readonly protocol: string;
  runs: number;
  same: number;
  sameAbort: number;
  wrong: number;
  hung: number;
  /** The smallest schedule that went wrong, and the words that run it again. */
  counterexample?: string;
}

/** Simulates `runs` schedules of a protocol; stops at the first that goes wrong, made as small as it gets. */
export async function tally(protocol: string, runs: number, seed: number): Promise<Tally> {
  const result: Tally = {
    fault: 'random schedule',
    protocol,
    runs: 0,
    same: 0,
    sameAbort: 0,
    wrong: 0,
    hung: 0,
  };
  const { frames } = await undisturbedRun(protocol);
  let last: Simulated | undefined;
  const property = fc.asyncProperty(schedules(frames), async (schedule) => {
    last = await simulate(protocol, schedule);
    if (result.wrong + result.hung === 0) {
      result.runs += 1;
      result[last.verdict] += 1;
    }
    return last.verdict === 'same' || last.verdict === 'sameAbort';
  });
  const details = await fc.check(property, { numRuns: runs, seed, endOnFailure: false });
  if (details.failed) {
    result.counterexample = `${JSON.stringify(details.counterexample?.[0])} seed ${details.seed} path ${details.counterexamplePath}: ${JSON.stringify(last?.endings)}`;
  }
  return result;
}
