/** One fault of what one party keeps, at each step of a job that it keeps. */
import type { Name, Pair } from '../support/workers.ts';
import { SCENARIOS } from './scenarios.ts';
import { runToEnd, type Simulated, undisturbedRun } from './simulate.ts';
import { STATE_FAULTS, type Struck, ToldDisk } from './state-faults.ts';
import { atOnce, count, emptyTally, spread, type Tally } from './tally.ts';

const NAMES: readonly Name[] = ['bank', 'telco'];
/** Jobs at a time: of one party that starts again, the other waits. */
const AT_ONCE = 4;

type Judged = Pick<Parameters<typeof runToEnd>[1], 'settled' | 'lostAfterTheEnd'>;

interface Place {
  readonly name: Name;
  readonly step: number;
}

export interface States {
  readonly protocol: string;
  /** Keys of `STATE_FAULTS`. */
  readonly faults?: readonly string[];
  /** Of each party's steps, evenly spread, if there are more. */
  readonly most?: number;
}

/** A row for each fault that the job has steps enough for. @throws Error when a fault never came. */
export async function everyState({
  protocol,
  faults = Object.keys(STATE_FAULTS),
  most = Number.POSITIVE_INFINITY,
}: States): Promise<readonly Tally[]> {
  const steps = await stepsOf(protocol);
  const rows = faults.map((fault) => ({ fault, tally: emptyTally(fault, protocol) }));
  const runs = rows.flatMap((row) => {
    const { from = 1 } = STATE_FAULTS[row.fault]!();
    const places = NAMES.map((name) =>
      Array.from({ length: steps[name] + 1 - from }, (_, i) => ({ name, step: from + i })),
    );
    return places.flatMap((each) => spread(each, most)).map((place) => ({ ...row, place }));
  });
  await atOnce(AT_ONCE, runs, async ({ fault, tally, place }) => {
    const isLast = place.step === steps[place.name];
    const { verdict, endings } = await struckRun(protocol, fault, { ...place, isLast });
    count(tally, verdict, () => `${JSON.stringify(place)}: ${JSON.stringify(endings)}`);
  });
  return rows.map(({ tally }) => tally).filter(({ runs }) => runs > 0);
}

/** How many each party keeps of an undisturbed job. */
async function stepsOf(protocol: string): Promise<Readonly<Record<Name, number>>> {
  const { disks, run } = await opened(protocol);
  const { verdict, endings } = await run();
  if (verdict !== 'same') throw new Error(`undisturbed: ${JSON.stringify(endings)}`);
  return { bank: disks.bank.kept.length - 1, telco: disks.telco.kept.length - 1 };
}

async function struckRun(
  protocol: string,
  faultName: string,
  { name, step, isLast }: Place & { readonly isLast: boolean },
): Promise<Simulated> {
  const fault = STATE_FAULTS[faultName]!();
  const { pair, disks, run } = await opened(protocol);
  let isStruck = false;
  let restarting = Promise.resolve();
  let cutting = Promise.resolve();
  const startAgain: Struck['startAgain'] = (names, change) => {
    pair.network.down = true;
    cutting = pair.network.cut();
    restarting = restart(pair, names, change);
  };
  const struck = { pair, name, step, disks, startAgain };
  disks[name].onMoment = async (moment, at) => {
    if (isStruck) return;
    if (moment === 'synced' && at === 1) fault.remember?.(struck);
    if (moment !== fault.at || at !== step) return;
    isStruck = true;
    fault.strike(struck);
    await cutting;
  };
  const lostAfterTheEnd = isLast && fault.takes === true;
  const simulated = await run({ settled: () => restarting, lostAfterTheEnd });
  if (!isStruck) {
    const story = JSON.stringify(simulated.endings);
    throw new Error(`step ${step} of the ${name} never came for '${faultName}': ${story}`);
  }
  return simulated;
}

async function restart(pair: Pair, names: readonly Name[], change: () => void): Promise<void> {
  await Promise.all(names.map((name) => pair.stop(name)));
  change();
  pair.network.down = false;
  for (const name of names) await pair.start(name);
}

/** A pair with disks that tell, and its job, after which it is taken down. */
async function opened(protocol: string) {
  const scenario = SCENARIOS[protocol]!;
  const expected = await undisturbedRun(protocol);
  const disks = { bank: new ToldDisk(), telco: new ToldDisk() };
  const pair = await scenario.open({ disks });
  const run = async (judged: Judged = {}): Promise<Simulated> => {
    await using _ = pair;
    return await runToEnd(pair, { scenario, expected, ...judged });
  };
  return { pair, disks, run };
}
