/** Integers of 16 bits times residues, and folds of residues: assembly/integers.ts, in the slots of ring.ts. */
import { SottoError } from '../base/errors.ts';
import { type Field, N } from './field.ts';
import { claim, kernels } from './instance.ts';
import { MOST_TERMS, plainSlot, type Slot, words } from './ring.ts';

const weights = claim(4 * MOST_TERMS);
const STRIDE = plainSlot(1) - plainSlot(0);

/** At most N integers from number `from` on, as term number `term`; what the term had beyond them stays. */
export function loadIntegers(term: number, source: Int16Array, from: number, count: number): void {
  const slot = new Int16Array(kernels.memory.buffer, plainSlot(term), count);
  slot.set(source.subarray(from, from + count));
}

export function clearWords(): void {
  new Uint8Array(kernels.memory.buffer, words, 8 * N).fill(0);
}

/** words += sum over the first terms of weight x integers. At most MOST_TERMS weights, 2^18 altogether. */
export function addColumns(columnWeights: Uint32Array): void {
  const terms = columnWeights.length;
  if (terms > MOST_TERMS) {
    throw new SottoError('internal', 'too many terms for one sum', { terms, limit: MOST_TERMS });
  }
  new Uint32Array(kernels.memory.buffer, weights, terms).set(columnWeights);
  kernels.addColumns(plainSlot(0), STRIDE, terms, weights, words);
}

/** The words that `addColumns` made, mod p. */
export function reduceWords(slot: Slot, { reduction }: Field): void {
  kernels.reduceWords(words, slot, ...reduction);
}

/** sum over all N of a term's integers times residues, mod p. */
export const innerInteger = (term: number, residues: Slot, { p }: Field): number =>
  kernels.innerInteger(plainSlot(term), residues, p);

/** residues[k] + residues[N - k] mod p at k - 1 for k < N/2, and residues[N/2]: the first half of `folded`. */
export function fold(residues: Slot, folded: Slot, { p }: Field): void {
  kernels.fold(residues, folded, p);
}

/** Copies the first half of a slot into half polynomial number `index` of `target`. */
export function storeFolded(folded: Slot, target: Uint32Array, index: number): void {
  target.set(new Uint32Array(kernels.memory.buffer, folded, N / 2), (index * N) / 2);
}
