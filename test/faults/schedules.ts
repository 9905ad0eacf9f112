/** Random schedules of faults that shrink to the few events that matter. */
import fc from 'fast-check';
import { FRAME_FAULTS } from './disturbed.ts';
import { type Event, type Simulated, simulate, undisturbedRun } from './simulate.ts';
import { atOnce, count, emptyTally, isRight, type Tally } from './tally.ts';

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

/** Jobs at a time; what follows from a schedule does not depend on it. */
const AT_ONCE = 16;

/**
 * Simulates `runs` schedules of a protocol, several at a time. The first that went wrong is then made as small as it
 * gets, one at a time.
 */
export async function tally(protocol: string, runs: number, seed: number): Promise<Tally> {
  const result = emptyTally('random schedule', protocol);
  const arbitrary = schedules((await undisturbedRun(protocol)).frames);
  const known = new Map<string, Simulated>();
  await atOnce(AT_ONCE, fc.sample(arbitrary, { numRuns: runs, seed }), async (schedule) => {
    const simulated = await simulate(protocol, schedule);
    known.set(JSON.stringify(schedule), simulated);
    count(result, simulated.verdict, () => describe(schedule, simulated));
  });
  if (result.counterexample === undefined) return result;
  console.error(`${protocol}: ${result.counterexample}; is made smaller`);
  let smallest: Simulated | undefined;
  const property = fc.asyncProperty(arbitrary, async (schedule) => {
    const simulated = known.get(JSON.stringify(schedule)) ?? (await simulate(protocol, schedule));
    // What is tried after the smallest that goes wrong goes right.
    if (!isRight(simulated.verdict)) smallest = simulated;
    return isRight(simulated.verdict);
  });
  const { counterexample, counterexamplePath } = await fc.check(property, { numRuns: runs, seed });
  if (counterexample?.[0] === undefined || smallest === undefined) return result;
  result.counterexample = `${describe(counterexample[0], smallest)} seed ${seed} path ${counterexamplePath}`;
  return result;
}

const describe = (schedule: readonly Event[], { endings }: Simulated): string =>
  `${JSON.stringify(schedule)}: ${JSON.stringify(endings)}`;
