/** How much a process grows: what it holds after a whole collection, and the trend of that over time. */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

const MIB = 2 ** 20;

export interface Sample {
  readonly atMs: number;
  /** Resident memory, and of it what V8's heap of the main thread holds. */
  readonly residentMiB: number;
  readonly heapMiB: number;
}

/**
 * What the watched process is started with. A young generation of a fixed size, since V8 makes it larger and smaller
 * by more than is looked for here; few arenas of malloc, each of which keeps what it once had; and thresholds that
 * stay where they are, so that what connections leave behind goes back to the system.
 */
export const WATCHED = {
  NODE_OPTIONS: `--import ${join(import.meta.dirname, 'inside.ts')} --max-semi-space-size=1`,
  MALLOC_ARENA_MAX: '2',
  MALLOC_MMAP_THRESHOLD_: '65536',
  MALLOC_TRIM_THRESHOLD_: '65536',
} as const;

/** Of a process that was started as `WATCHED` says. */
export async function sampleOf(watched: ChildProcess): Promise<Sample> {
  const answered = once(watched, 'message');
  watched.send('memory');
  const [{ resident, heap }] = (await answered) as [{ resident: number; heap: number }];
  return { atMs: performance.now(), residentMiB: resident / MIB, heapMiB: heap / MIB };
}

export const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

/**
 * Growth from the first to the last sample by the median of all slopes between two of them (Theil and Sen): up to a
 * quarter of the samples may be anything at all.
 */
export function growthOf(samples: readonly Sample[], of: 'residentMiB' | 'heapMiB'): number {
  const slopes = samples.flatMap((a, i) =>
    samples.slice(i + 1).map((b) => (b[of] - a[of]) / (b.atMs - a.atMs)),
  );
  return median(slopes) * ((samples.at(-1)?.atMs ?? 0) - (samples[0]?.atMs ?? 0));
}
