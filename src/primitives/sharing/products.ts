/** A party's own columns times its own shares, exact modulo primes. */
import { fieldOf, N } from '../../kernels/field.ts';
import {
  addColumns,
  clearWords,
  innerInteger,
  loadIntegers,
  reduceWords,
} from '../../kernels/integers.ts';
import { load, MOST_TERMS, store, work } from '../../kernels/ring.ts';

export interface LocalForwardInput {
  /** Own columns, each `stride` integers of at most 16 bits. */
  readonly integers: Int16Array;
  readonly stride: number;
  /** Rows [from, to). */
  readonly from: number;
  readonly to: number;
  /** Own share of each own weight, below the prime. */
  readonly weights: Uint32Array;
  readonly prime: number;
}

/** sum_j X[row, j] w_j mod p for each row. */
export function localForward(input: LocalForwardInput): Uint32Array {
  const { integers, stride, from, to, weights, prime } = input;
  const field = fieldOf(prime);
  const slot = work[0]!;
  const sums = new Uint32Array(Math.ceil((to - from) / N) * N);
  for (let first = from; first < to; first += N) {
    const rows = Math.min(N, to - first);
    clearWords();
    for (let column = 0; column < weights.length; column += MOST_TERMS) {
      const together = weights.subarray(column, column + MOST_TERMS);
      for (let term = 0; term < together.length; term++) {
        loadIntegers(term, integers, (column + term) * stride + first, rows);
      }
      addColumns(together);
    }
    reduceWords(slot, field);
    store(slot, sums, (first - from) / N);
  }
  return sums.slice(0, to - from);
}

export interface LocalGradientInput {
  /** Own transformed columns [from, to), each `stride` integers of at most 16 bits. */
  readonly transforms: Int16Array;
  readonly stride: number;
  readonly from: number;
  readonly to: number;
  readonly primes: readonly number[];
  /** Own share of the folded residuals: stride / N blocks x limbs x N residues. */
  readonly residuals: Uint32Array;
}

/** sum_k x~_j[k] E[k] for each column: columns x limbs residues. */
export function localGradient(input: LocalGradientInput): Uint32Array {
  const { transforms, stride, from, to, primes, residuals } = input;
  const fields = primes.map(fieldOf);
  const limbs = fields.length;
  const result = new Uint32Array((to - from) * limbs);
  for (let block = 0; block * N < stride; block++) {
    for (let limb = 0; limb < limbs; limb++) load(work[limb]!, residuals, block * limbs + limb);
    for (let column = from; column < to; column++) {
      loadIntegers(0, transforms, column * stride + block * N, N);
      for (const [limb, field] of fields.entries()) {
        const place = (column - from) * limbs + limb;
        const sum = result[place]! + innerInteger(0, work[limb]!, field);
        result[place] = sum % field.p;
      }
    }
  }
  return result;
}
