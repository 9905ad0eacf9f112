/** A party's own columns times its own shares: exact modulo primes, in doubles that stay below 2^53. */
import { N } from '../../kernels/field.ts';

export interface LocalForwardInput {
  /** Own columns, each `stride` integers of at most 16 bits. */
  readonly integers: Int16Array;
  readonly stride: number;
  /** Rows [from, to). */
  readonly from: number;
  readonly to: number;
  /** Own share of each own weight, below the prime; at most 256 columns are summed before a reduction. */
  readonly weights: Uint32Array;
  readonly prime: number;
}

/** A product of a 16-bit signed and a 29-bit unsigned integer is below 2^44: 256 of them are summed exactly. */
const EXACT_TERMS = 256;

/** sum_j X[row, j] w_j mod p for each row. */
export function localForward(input: LocalForwardInput): Uint32Array {
  const { integers, stride, from, to, weights, prime } = input;
  const sums = new Float64Array(to - from);
  for (let column = 0; column < weights.length; column++) {
    const weight = weights[column]!;
    const start = column * stride + from;
    for (let row = 0; row < sums.length; row++) sums[row]! += integers[start + row]! * weight;
    if (column % EXACT_TERMS === EXACT_TERMS - 1) reduce(sums, prime);
  }
  reduce(sums, prime);
  return Uint32Array.from(sums);
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
  const limbs = primes.length;
  const result = new Uint32Array((to - from) * limbs);
  for (let column = from; column < to; column++) {
    for (let limb = 0; limb < limbs; limb++) {
      const prime = primes[limb]!;
      let total = 0;
      for (let block = 0; block * N < stride; block++) {
        const x = column * stride + block * N;
        const e = (block * limbs + limb) * N;
        for (let start = 0; start < N; start += EXACT_TERMS) {
          let sum = 0;
          for (let i = start; i < start + EXACT_TERMS; i++)
            sum += transforms[x + i]! * residuals[e + i]!;
          total = (total + sum) % prime;
        }
      }
      result[(column - from) * limbs + limb] = total < 0 ? total + prime : total;
    }
  }
  return result;
}

function reduce(sums: Float64Array, prime: number): void {
  for (let i = 0; i < sums.length; i++) {
    const rest = sums[i]! % prime;
    sums[i] = rest < 0 ? rest + prime : rest;
  }
}
