/** What every place under test looks like: it makes its cases itself, and says how each ended. */
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
