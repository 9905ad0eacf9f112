/** What a pass of a training takes: by number of rows, over lines of three kinds, and with one thread or more. */
import { availableParallelism } from 'node:os';
import type { BenchOptions, Row } from '../harness.ts';
import { type DirectTraining, type TrainedDirectly, trainDirectly } from './direct-training.ts';
import type { Shape } from './shaped.ts';

const MEGABYTE = 1e6;
/** 30 + 30 columns, two processes. */
const COLUMNS = { bank: 30, company: 30 } as const;
const ROWS = [3_000, 10_000, 30_000, 100_000, 300_000];
const LINES: Readonly<Record<string, Shape | undefined>> = {
  loopback: undefined,
  '1 Gbit/s, 1 ms': { mbitPerSecond: 1000, rttMs: 1 },
  '100 Mbit/s, 20 ms': { mbitPerSecond: 100, rttMs: 20 },
};

export async function* passes({ quick }: BenchOptions): AsyncGenerator<Row, void, void> {
  const samples = quick ? 2 : 5;
  for (const rows of quick ? ROWS.slice(0, 2) : ROWS) yield* sized(rows, samples);
  const rows = quick ? 10_000 : 100_000;
  for (const [line, shape] of Object.entries(LINES)) yield* linked(rows, line, shape, samples);
  const most = Math.max(1, Math.floor(availableParallelism() / 2));
  for (let threads = 1; threads <= most; threads++) yield* threaded(rows, threads, samples);
}

const train = (rows: number, samples: number, options: Partial<DirectTraining> = {}) =>
  trainDirectly({ rows, ...COLUMNS, passes: samples + 2, ...options });

const nameOf = (rows: number): string => `pass: ${rows / 1000}k x (30 + 30)`;

/** Of the passes after the second one's start and before the last one's: seconds, CPU seconds, bytes of each party. */
function means({ bank, company }: TrainedDirectly) {
  const of = (key: 'at' | 'cpu' | 'sent') =>
    [bank, company].map(({ passes }) => {
      const [first, last] = [passes[0]!, passes.at(-1)!];
      return (last[key] - first[key]) / (last.pass - first.pass);
    }) as [number, number];
  return { seconds: Math.max(...of('at')), cpu: of('cpu'), bytes: of('sent') };
}

async function* sized(rows: number, samples: number): AsyncGenerator<Row, void, void> {
  const { cpu, bytes } = means(await train(rows, samples));
  const [bank, company] = cpu;
  yield { name: `${nameOf(rows)}, CPU of both parties`, value: bank + company, unit: 's', samples };
  yield {
    name: `${nameOf(rows)}, bytes, both ways`,
    value: (bytes[0] + bytes[1]) / MEGABYTE,
    unit: 'MB',
    samples,
  };
}

/** Against the bare transfer of the busier direction, where the line is slower than memory. */
async function* linked(rows: number, line: string, shape: Shape | undefined, samples: number) {
  const trained = await train(rows, samples, shape === undefined ? {} : { line: shape });
  const { seconds, bytes } = means(trained);
  const row: Row = { name: `${nameOf(rows)}, over ${line}`, value: seconds, unit: 's', samples };
  if (shape === undefined) {
    yield row;
    return;
  }
  const bare = (8 * Math.max(...bytes)) / (shape.mbitPerSecond * MEGABYTE);
  const baseline = { name: "the busier direction's bare transfer", value: bare };
  yield { ...row, baseline, ratio: bare / seconds };
}

async function* threaded(rows: number, threads: number, samples: number) {
  const { seconds } = means(await train(rows, samples, { threads }));
  const name = `${nameOf(rows)}, ${threads} thread${threads === 1 ? '' : 's'} a party`;
  yield { name, value: seconds, unit: 's', samples };
}
