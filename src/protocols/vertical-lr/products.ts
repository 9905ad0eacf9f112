/** A party's columns times the peer's ciphertexts: by residues that were kept, or made for this once. */
import type { RunOptions } from '../../compute/compute.ts';
import type { InnerProductInput, InnerProductOutput } from '../../primitives/he/index.ts';
import type { Party } from '../party.ts';
import { compute } from './training.ts';

export interface ColumnProduct extends Omit<InnerProductInput, 'plain' | 'count'> {
  readonly count: number;
  /** count x terms x limbs x N residues. */
  readonly kept: Uint32Array | undefined;
  /** What they were made from, and where the N integers of a term of an output begin. */
  readonly integers: Int16Array;
  readonly startOf: (output: number, term: number) => number;
  readonly reversed: boolean;
}

/** The same bytes either way. */
export function productOf(
  party: Party,
  { kept, integers, startOf, reversed, ...product }: ColumnProduct,
  options: RunOptions,
): Promise<InnerProductOutput> {
  if (kept !== undefined) {
    return compute(party, 'innerProduct', { ...product, plain: kept }, options);
  }
  const { terms, count } = product;
  const starts = Uint32Array.from({ length: count * terms }, (_, i) =>
    startOf(Math.floor(i / terms), i % terms),
  );
  return compute(party, 'integerProduct', { ...product, integers, starts, reversed }, options);
}
