/** The project's goals for its speed, each with what this machine reaches. */
import { DEFAULT_ENGINE } from '../src/primitives/he/api.ts';
import { chooseParameters } from '../src/protocols/vertical-lr/index.ts';
import { twoThreadSpeedUp } from './compute/scaling.ts';
import type { BenchOptions, Row, Subject } from './harness.ts';
import { ristretto } from './kernels/ristretto.ts';
import { multiplyAccumulate } from './primitives/multiply-accumulate.ts';
import {
  type DirectTraining,
  type TrainedDirectly,
  trainDirectly,
} from './scenarios/direct-training.ts';
import { plainSeconds } from './scenarios/plain-seconds.ts';
import { passProgress } from './scenarios/progress.ts';

type Goal = { readonly atMost: number } | { readonly atLeast: number };

const PASSES = 10;
const FEW = 3;
const SMALL = { rows: 100_000, bank: 30, company: 30, passes: PASSES } as const;
const WIDE = { rows: 100_000, bank: 50, company: 50, passes: FEW } as const;
const LARGE = { rows: 1_000_000, bank: 50, company: 50, passes: PASSES } as const;
const LINE = { rttMs: 20, mbitPerSecond: 100 } as const;
/** How these trainings run, as part of each row's name: what a job does before and after is not in them. */
const HOW = 'roles alone, two processes, mutual TLS on loopback, a thread each';
/** MB of a pass, both ways: keys and zeros that the kernel draws may take less than SEAL's. */
const MOST_BYTES = { wide: DEFAULT_ENGINE === 'kernel' ? 9 : 10, large: 75 } as const;

/** Rows that are measured together: `--only` chooses by their title, with which the names of rows begin. */
interface Group {
  readonly title: string;
  readonly rows: (options: BenchOptions) => AsyncGenerator<Row, void, void>;
  /** Whether it takes minutes. */
  readonly long?: true;
}

const sizeOf = ({ rows, bank, company }: DirectTraining): string =>
  `${rows >= 1e6 ? `${rows / 1e6}M` : `${rows / 1e3}k`} x (${bank} + ${company})`;

const titleOf = (training: DirectTraining): string =>
  `training ${sizeOf(training)}, ${training.passes} passes`;

const SLOW = `${titleOf(LARGE)}, at ${LINE.mbitPerSecond} Mbit/s and ${LINE.rttMs} ms`;

const GROUPS: readonly Group[] = [
  { title: 'he: multiply-accumulate', rows: (options) => ratios(multiplyAccumulate, options) },
  { title: 'ristretto255: multiplication', rows: (options) => ratios(ristretto, options) },
  { title: 'compute stage of a pass alone: 2 threads against 1', rows: scaling },
  { title: 'bytes of a pass, by its parameters', rows: bytesByParameters },
  { title: `bytes of a pass, counted, ${sizeOf(WIDE)}`, rows: bytesCounted },
  { title: titleOf(SMALL), rows: ({ quick }) => small(quick ? FEW : PASSES) },
  { title: `network's part of a ${titleOf({ ...SMALL, passes: FEW })}`, rows: networkShares },
  { title: `${titleOf(LARGE)}, loopback`, rows: large, long: true },
  { title: SLOW, rows: slow, long: true },
];

/** Rows of `goals` have the ratio itself as value where the goal is a ratio. */
export const goals: Subject = async function* (options) {
  const chosen = GROUPS.filter(({ title }) => options.only?.test(title) ?? true);
  const skipped = chosen.filter(({ long }) => options.quick && long);
  const groups = chosen.filter((group) => !skipped.includes(group));
  for (const [i, { title, rows }] of groups.entries()) {
    console.error(`[${i + 1} of ${groups.length}] ${title}`);
    yield* rows(options);
  }
  for (const { title } of skipped) console.error(`--quick leaves out: ${title}`);
};

/** A row whose value is a ratio has the other one's 1 as its baseline. */
const times = (name: string, value: number, against: string, samples: number): Row => ({
  name,
  value,
  unit: 'x',
  baseline: { name: against, value: 1 },
  ratio: value,
  samples,
});

const once = (name: string, value: number, unit: string, goal?: Goal): Row => ({
  name,
  value,
  unit,
  samples: 1,
  ...(goal === undefined ? {} : { goal }),
});

/** A cost of one sample, against another. */
const cost = (row: Row, baseline: NonNullable<Row['baseline']>): Row => ({
  ...row,
  baseline,
  ratio: baseline.value / row.value,
});

/** Rows with a goal for their ratio, with the ratio as their value. */
async function* ratios(subject: Subject, options: BenchOptions): AsyncGenerator<Row, void, void> {
  for await (const { name, value, unit, ratio, samples, goal, baseline } of subject(options)) {
    if (goal === undefined || !('ratioAtLeast' in goal) || baseline === undefined) continue;
    const own = `${name} (${value.toPrecision(3)} ${unit})`;
    const against = `${baseline.name} (${baseline.value.toPrecision(3)} ${unit})`;
    const row = times(own, ratio ?? Number.NaN, against, samples);
    yield { ...row, goal: { atLeast: goal.ratioAtLeast } };
  }
}

async function* scaling(options: BenchOptions): AsyncGenerator<Row, void, void> {
  const name = 'compute stage of a pass alone: 2 threads against 1';
  const measured = await twoThreadSpeedUp(options);
  if (measured === undefined) {
    console.error(`left out, as there is one core: ${name}`);
    return;
  }
  const { byClock, byCpu, samples } = measured;
  yield { ...times(name, byClock, 'one thread', samples), goal: { atLeast: 1.7 } };
  yield times(`${name}, by CPU time: if each had a core to itself`, byCpu, 'one thread', samples);
}

/** MB, both ways, as the parties work it out before they begin. */
function megabytesOf({ rows, bank, company, passes }: DirectTraining): number {
  const sizes = { rows, dActive: bank, dPassive: company, passes, harmonics: 3 };
  return chooseParameters(sizes).bytes.pass / 1e6;
}

async function* bytesByParameters(): AsyncGenerator<Row, void, void> {
  for (const [training, atMost] of [
    [WIDE, MOST_BYTES.wide],
    [LARGE, MOST_BYTES.large],
  ] as const) {
    const name = `bytes of a pass, by its parameters, ${sizeOf(training)}`;
    yield once(name, megabytesOf(training), 'MB', { atMost });
  }
}

/** MB of a pass in a run, against what the parameters say. */
const counted = (name: string, of: DirectTraining, trained: TrainedDirectly, atMost: number): Row =>
  cost(once(name, bytesOfPass(trained) / 1e6, 'MB', { atMost }), {
    name: 'by its parameters',
    value: megabytesOf(of),
  });

async function* bytesCounted(): AsyncGenerator<Row, void, void> {
  const name = `bytes of a pass, counted, ${sizeOf(WIDE)}`;
  const trained = await trainDirectly({ ...WIDE, ...passProgress(name, WIDE.passes) });
  yield counted(name, WIDE, trained, MOST_BYTES.wide);
}

async function* small(passes: number): AsyncGenerator<Row, void, void> {
  const training = { ...SMALL, passes };
  const name = `${titleOf(training)} (${HOW})`;
  const plain = { name: 'plain TypeScript', value: await plainSeconds(training) };
  const trained = await trainDirectly({ ...training, ...passProgress(titleOf(training), passes) });
  const goal = passes === PASSES ? { atMost: 10 } : undefined;
  yield cost(once(name, trained.company.seconds, 's', goal), plain);
  yield cost(processor(name, trained), plain);
  yield counted(`${name}: bytes of a pass, both ways`, training, trained, 10);
}

async function* networkShares(): AsyncGenerator<Row, void, void> {
  const training = { ...SMALL, passes: FEW };
  const title = titleOf(training);
  const trained = await trainDirectly({
    ...training,
    profiled: true,
    ...passProgress(title, FEW),
  });
  const share = `${title} (${HOW}): gRPC, TLS, framing and messages, of all CPU`;
  for (const party of ['bank', 'company'] as const) {
    const percent = 100 * trained[party].networkShare!;
    const row = once(`${share} of the ${party}`, percent, '%', { atMost: 20 });
    yield cost(row, { name: 'all CPU', value: 100 });
  }
}

async function* large(): AsyncGenerator<Row, void, void> {
  const name = `${titleOf(LARGE)} (${HOW})`;
  const plain = { name: 'plain TypeScript', value: await plainSeconds(LARGE) };
  const trained = await trainDirectly({ ...LARGE, ...passProgress(titleOf(LARGE), PASSES) });
  yield cost(once(name, trained.company.seconds, 's', { atMost: 90 }), plain);
  yield cost(processor(name, trained), plain);
  yield counted(`${name}: bytes of a pass, both ways`, LARGE, trained, MOST_BYTES.large);
  for (const party of ['bank', 'company'] as const) {
    const peak = trained[party].peakBytes / 1e9;
    const columns = (8 * LARGE.rows * LARGE[party]) / 1e9;
    const row = once(`${name}: peak RSS of the ${party}`, peak, 'GB', { atMost: 1.5 });
    yield cost(row, { name: 'its columns alone, as doubles', value: columns });
  }
}

/** The same over a slow line, against what its bytes alone take there. */
async function* slow(): AsyncGenerator<Row, void, void> {
  const name = `${SLOW} (${HOW})`;
  const { bank, company } = await trainDirectly({
    ...LARGE,
    line: LINE,
    ...passProgress(SLOW, PASSES),
  });
  const secondsFor = (bytes: number): number => (bytes * 8) / (LINE.mbitPerSecond * 1e6);
  const busier = secondsFor(Math.max(bank.sentBytes, company.sentBytes));
  const both = secondsFor(bank.sentBytes + company.sentBytes);
  const { seconds } = company;
  const row = once(name, seconds, 's');
  yield cost(row, { name: "the busier direction's bare transfer", value: busier });
  yield {
    ...once(`${name}: against the busier direction's bare transfer`, seconds / busier, 'x', {
      atMost: 1.3,
    }),
    baseline: { name: 'the bare transfer', value: 1 },
    ratio: busier / seconds,
  };
  const inTurn = `${name}: against the bare transfer of both directions in turn`;
  const limit = { name: 'the bare transfer of both', value: 1 };
  yield cost(once(inTurn, seconds / both, 'x'), limit);
}

/** What the machine did for it: on a machine that others use too, it says more than the clock. */
const processor = (name: string, { bank, company }: TrainedDirectly): Row =>
  once(`${name}: CPU of both processes`, bank.cpuSeconds + company.cpuSeconds, 's');

/** Of both directions, in the passes after the second one's start and before the last one's. */
function bytesOfPass({ bank, company }: TrainedDirectly): number {
  const each = [bank, company].map(({ passes }) => {
    const [first, last] = [passes[0]!, passes.at(-1)!];
    return (last.sent - first.sent) / (last.pass - first.pass);
  });
  return each[0]! + each[1]!;
}
