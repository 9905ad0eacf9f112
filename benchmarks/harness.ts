/** What every benchmark is made of: rows with a baseline from the same run, medians, and the machine's name. */
import { readFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { join } from 'node:path';

/** One figure. `ratio` > 1 means better than the baseline, whichever direction is better for the unit. */
export interface Row {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** What the value is held against, measured in this run: its name, its value in the same unit. */
  readonly baseline?: { readonly name: string; readonly value: number };
  readonly ratio?: number;
  /** How many times it was measured; the value is their median. */
  readonly samples: number;
  /** A goal of the project, if the row has one: for the value, or for the ratio. */
  readonly goal?:
    | { readonly atMost: number }
    | { readonly atLeast: number }
    | { readonly ratioAtLeast: number };
}

export interface BenchOptions {
  /** Small sizes and few samples: for CI, where only a collapse should show. */
  readonly quick: boolean;
  /** Only cases whose names match, by subjects that take minutes. */
  readonly only?: RegExp;
}

/** A subject of `npm run bench -- <subject>`: yields its rows as they are measured. */
export type Subject = (options: BenchOptions) => AsyncGenerator<Row, void, void>;

/** One figure as github-action-benchmark reads it. */
export interface TrackedFigure {
  readonly name: string;
  readonly unit: string;
  readonly value: number;
  /** What the value is of, and the machine. */
  readonly extra: string;
}

/** What baselines are made of. */
const COMPARED = ['node-seal', 'libsodium-wrappers-sumo', '@noble/curves'];

/** Machine, runtime and versions of what is compared with, so that a row can be read without this repository. */
export function machine(): string {
  const [first] = cpus();
  const memory = Math.round(totalmem() / 2 ** 30);
  const runtime = ['node', process.version.slice(1)];
  const versions = [runtime, ...COMPARED.map((name) => [name, versionOf(name)])];
  const described = versions.map((version) => version.join(' ')).join(', ');
  return `${cpus().length} x ${first?.model.trim() ?? 'unknown cpu'}, ${memory} GiB, ${described}`;
}

/** Pinned: an exact one. */
function versionOf(name: string): string {
  const file = readFileSync(join(import.meta.dirname, '..', 'package.json'), 'utf8');
  const { dependencies, devDependencies } = JSON.parse(file);
  return { ...devDependencies, ...dependencies }[name];
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle];
  if (upper === undefined) throw new RangeError('a median needs at least one value');
  return sorted.length % 2 === 1 ? upper : (upper + sorted[middle - 1]!) / 2;
}

interface RaceOptions {
  readonly rounds: number;
  /** Of each function in a round; `'even'`: so many that each function's turn takes about as long as the slowest's call. */
  readonly calls: number | 'even';
  /**
   * `'thread'`: processor time of this thread, for what neither waits nor has work done elsewhere. What others do on
   * the machine is not in it, so that a ratio holds there too. `'wall'`, unless said: what a person waits.
   */
  readonly clock?: keyof typeof CLOCKS;
}

/** Milliseconds, from a start of its own. */
const CLOCKS = {
  wall: (): number => performance.now(),
  thread: (): number => {
    // Linux adds a thread's time up at ticks, 4 ms apart, and whenever the thread leaves its core: so leave it.
    Atomics.wait(NEVER, 0, 0, 0.05);
    const { user, system } = process.threadCpuUsage();
    return (user + system) / 1000;
  },
} as const;
const NEVER = new Int32Array(new SharedArrayBuffer(4));
/** Of a turn of even length: leaving the core takes about a hundredth of it. */
const TURN_MS = 2;

/**
 * Milliseconds of one call of each function: `rounds` rounds, in each of them every function for
 * `calls` calls in turn, so that a noisy moment of the machine hits all of them alike; medians.
 */
export async function race<const T extends readonly (() => unknown)[]>(
  functions: T,
  { rounds, calls, clock = 'wall' }: RaceOptions,
): Promise<{ [K in keyof T]: number }> {
  const now = CLOCKS[clock];
  const times = functions.map((): number[] => []);
  const millisecondsOf = async (run: () => unknown, count: number): Promise<number> => {
    const start = now();
    for (let call = 0; call < count; call++) await run();
    return (now() - start) / count;
  };
  for (const run of functions) await run(); // warm up: compiled before the first measurement
  const counts: number[] = functions.map(() => (calls === 'even' ? 1 : calls));
  if (calls === 'even') {
    // On a busy machine, long turns are interrupted more often than short ones: a ratio of unlike turns is too high.
    const single: number[] = [];
    for (const run of functions) {
      single.push(Math.min(...[await millisecondsOf(run, 1), await millisecondsOf(run, 1)]));
    }
    const turn = Math.max(TURN_MS, ...single);
    for (const [i, ms] of single.entries()) counts[i] = Math.ceil(turn / ms);
  }
  for (let round = 0; round < rounds; round++) {
    for (const [i, run] of functions.entries())
      times[i]!.push(await millisecondsOf(run, counts[i]!));
  }
  return times.map(median) as { [K in keyof T]: number };
}

/** A row whose value is a cost (less is better), against a baseline of the same unit. */
export function costRow(
  name: string,
  unit: string,
  value: number,
  baseline: { readonly name: string; readonly value: number },
  samples: number,
): Row {
  return { name, unit, value, baseline, ratio: baseline.value / value, samples };
}

export function isMet({ goal, value, ratio = Number.NaN }: Row): boolean | undefined {
  if (goal === undefined) return undefined;
  if ('ratioAtLeast' in goal) return ratio >= goal.ratioAtLeast;
  return 'atMost' in goal ? value <= goal.atMost : value >= goal.atLeast;
}
