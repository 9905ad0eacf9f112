/** The project's goals for its speed, each with what this machine reaches. */
import { twoThreadSpeedUp } from './compute/scaling.ts';
import type { BenchOptions, Row, Subject } from './harness.ts';
import { ristretto } from './kernels/ristretto.ts';
import { multiplyAccumulate } from './primitives/multiply-accumulate.ts';
import {
  type DirectTraining,
  type TrainedDirectly,
  trainDirectly,
} from './scenarios/direct-training.ts';

type Goal = { readonly atMost: number } | { readonly atLeast: number };

const PASSES = 10;
/** 100k rows x (30 + 30) columns, and 1M x (50 + 50). */
const SMALL = { rows: 100_000, bank: 30, company: 30, passes: PASSES } as const;
const LARGE = { rows: 1_000_000, bank: 50, company: 50, passes: PASSES } as const;
const LINE = { rttMs: 20, mbitPerSecond: 100 } as const;
/** How these trainings run, as part of each row's name: what a job does before and after is not in them. */
const HOW = 'roles alone, two processes, mutual TLS on loopback, a thread each';

/** Rows of `goals` have the ratio itself as value where the goal is a ratio. */
export const goals: Subject = async function* ({ quick }) {
  for await (const row of multiplyAccumulate({ quick })) if (row.goal) yield ratioOf(row);
  for await (const row of ristretto({ quick })) if (row.goal) yield ratioOf(row);
  yield* scaling({ quick });
  yield* small(quick ? 3 : PASSES);
  if (quick) {
    console.error(
      '--quick leaves out: the rows of 1M x (50 + 50), and all but 3 passes of 100k x (30 + 30)',
    );
    return;
  }
  yield* large();
  yield* large(LINE);
};

/** A row whose goal is for its ratio, with the ratio as its value. */
function ratioOf(row: Row): Row {
  const { name, ratio = Number.NaN, samples, goal, baseline } = row;
  const atLeast = goal !== undefined && 'ratioAtLeast' in goal ? goal.ratioAtLeast : Number.NaN;
  const against = `${name} (${row.value.toPrecision(3)} ${row.unit}), against ${baseline?.name} (${baseline?.value.toPrecision(3)} ${row.unit})`;
  return { name: against, value: ratio, unit: 'x', samples, goal: { atLeast } };
}

const single = (name: string, value: number, unit: string, goal?: Goal): Row => ({
  name,
  value,
  unit,
  samples: 1,
  ...(goal === undefined ? {} : { goal }),
});

async function* scaling(options: BenchOptions): AsyncGenerator<Row, void, void> {
  const name = 'compute stage of a pass alone: 2 threads against 1';
  const measured = await twoThreadSpeedUp(options);
  if (measured === undefined) console.error(`left out, as there is one core: ${name}`);
  else {
    const { byClock, byCpu, samples } = measured;
    yield { name, value: byClock, unit: 'x', samples, goal: { atLeast: 1.7 } };
    yield {
      name: `${name}, by CPU time: if each had a core to itself`,
      value: byCpu,
      unit: 'x',
      samples,
    };
  }
}

async function* small(passes: number): AsyncGenerator<Row, void, void> {
  const name = nameOf(SMALL, passes);
  const trained = await trainDirectly({ ...SMALL, passes });
  const { seconds } = trained.company;
  yield single(name, seconds, 's', passes === PASSES ? { atMost: 10 } : undefined);
  yield* processor(name, trained);
  yield single(`${name}: bytes of a pass, both ways`, bytesOfPass(trained) / 1e6, 'MB', {
    atMost: 10,
  });
  const profiled = await trainDirectly({ ...SMALL, passes: 3, profiled: true });
  const share = `${nameOf(SMALL, 3)}: gRPC, TLS, framing and messages, of all CPU`;
  for (const party of ['bank', 'company'] as const) {
    const percent = 100 * profiled[party].networkShare!;
    yield single(`${share} of the ${party}`, percent, '%', { atMost: 20 });
  }
}

async function* large(line?: typeof LINE): AsyncGenerator<Row, void, void> {
  const trained = await trainDirectly({ ...LARGE, ...(line === undefined ? {} : { line }) });
  const { bank, company } = trained;
  const { seconds } = company;
  const name = nameOf(LARGE, PASSES);
  if (line !== undefined) {
    const slow = `${name}, at ${line.mbitPerSecond} Mbit/s and ${line.rttMs} ms`;
    const secondsFor = (bytes: number): number => (bytes * 8) / (line.mbitPerSecond * 1e6);
    const busier = secondsFor(Math.max(bank.sentBytes, company.sentBytes));
    const both = secondsFor(bank.sentBytes + company.sentBytes);
    yield single(slow, seconds, 's');
    yield single(`${slow}: against the busier direction's bare transfer`, seconds / busier, 'x', {
      atMost: 1.3,
    });
    yield single(
      `${slow}: against the bare transfer of both directions in turn`,
      seconds / both,
      'x',
    );
    return;
  }
  yield single(name, seconds, 's', { atMost: 90 });
  yield* processor(name, trained);
  yield single(`${name}: bytes of a pass, both ways`, bytesOfPass(trained) / 1e6, 'MB', {
    atMost: 75,
  });
  for (const party of ['bank', 'company'] as const) {
    yield single(`${name}: peak RSS of the ${party}`, trained[party].peakBytes / 1e9, 'GB', {
      atMost: 1.5,
    });
  }
}

const nameOf = ({ rows, bank, company }: DirectTraining, passes: number): string =>
  `training ${rows >= 1e6 ? `${rows / 1e6}M` : `${rows / 1e3}k`} x (${bank} + ${company}), ${passes} passes (${HOW})`;

/** What the machine did for it: on a machine that others use too, it says more than the clock. */
function* processor(name: string, { bank, company }: TrainedDirectly): Generator<Row, void, void> {
  yield single(`${name}: CPU of both processes`, bank.cpuSeconds + company.cpuSeconds, 's');
}

/** Of both directions, in the passes after the second one's start and before the last one's. */
function bytesOfPass({ bank, company }: TrainedDirectly): number {
  const each = [bank, company].map(({ passes }) => {
    const [first, last] = [passes[0]!, passes.at(-1)!];
    return (last.sent - first.sent) / (last.pass - first.pass);
  });
  return each[0]! + each[1]!;
}
