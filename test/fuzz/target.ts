/** What every place under test looks like: it makes its cases itself, and says how each ended. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SottoError } from '../../src/base/errors.ts';
import type { Word } from './mutations.ts';

/** Refused by an error of ours, or taken, since what was mutated is still well-formed and allowed. */
export type Ending = 'refused' | 'accepted';

export interface Target {
  readonly name: string;
  /** Share of all cases, in parts of the sum. */
  readonly weight: number;
  /** Makes honest material, checks that it is taken, and gives the function that runs a case. */
  prepare(): Promise<Case>;
}

/**
 * Mutates and delivers once. Rejects with a SottoError (refused), with anything else (a crash), or
 * resolves to how it ended. The same coins make the same mutation.
 */
export type Case = (word: Word) => Promise<Ending> | Ending;

const folders: string[] = [];
process.once('exit', () => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** Deleted when the process ends. */
export function fuzzFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'sotto-fuzz-'));
  folders.push(folder);
  return folder;
}

/** Of our own disk: each error of ours is a refusal, also one by which a worker blames itself. */
export async function ownFault<T>(run: () => Promise<T> | T): Promise<T | 'refused'> {
  try {
    return await run();
  } catch (thrown) {
    if (thrown instanceof SottoError) return 'refused';
    throw thrown;
  }
}
