/** Angles into slots, slots into polynomials, and their products' shares back into one number a row. */
import { embedPhasors, type Factors, HALF, sineTransform } from '../../kernels/embedding.ts';
import { fieldOf, N } from '../../kernels/field.ts';
import { fold, storeFolded } from '../../kernels/integers.ts';
import { load, work } from '../../kernels/ring.ts';

export { HALF } from '../../kernels/embedding.ts';

export interface PhasorInput {
  /** Shares of z / P, scaled by the prime: row after row. Each HALF rows make a polynomial for each harmonic. */
  readonly shares: Uint32Array;
  readonly prime: number;
  /** What the phasor of each odd harmonic 1, 3, 5, ... is multiplied by: a complex number. */
  readonly factors: Factors;
}

/**
 * round(embed(factor_k e^(i (2k + 1) theta))), theta = 2 pi share / prime: ceil(rows / HALF) x harmonics
 * x N coefficients. Slots beyond the last row are zero.
 */
export function phasors({ shares, prime, factors }: PhasorInput): Int32Array {
  const blocks = Math.ceil(shares.length / HALF);
  const words = factors.real.length * N;
  const result = new Int32Array(blocks * words);
  for (let block = 0; block < blocks; block++) {
    const rows = shares.subarray(block * HALF, (block + 1) * HALF);
    embedPhasors(rows, prime, factors, result.subarray(block * words, (block + 1) * words));
  }
  return result;
}

/**
 * The fold of round(embed(i scale value)): what real numbers of the rows look like beside a folded share.
 * ceil(rows / HALF) x HALF integers. Imaginary slots m(zeta) = -m(conj zeta) make m_(N-k) = m_k, so E_k = 2 m_k
 * but for the last, E_M = m_M: the mean, since sin(M phi_j) = 1.
 */
export function embedReals({ values, scale }: { values: Float64Array; scale: number }): Int32Array {
  const blocks = Math.ceil(values.length / HALF);
  const result = new Int32Array(blocks * HALF);
  for (let block = 0; block < blocks; block++) {
    const rows = values.subarray(block * HALF, (block + 1) * HALF);
    const half = result.subarray(block * HALF, (block + 1) * HALF);
    sineTransform(rows, 2 * scale, half);
    const sum = rows.reduce((total, value) => total + value, 0);
    half[HALF - 1] = Math.round((scale * sum) / HALF);
  }
  return result;
}

export interface FoldInput {
  readonly primes: readonly number[];
  /** Shares of polynomials, as coefficient residues: count x limbs x N. */
  readonly residues: Uint32Array;
}

/**
 * The half of a polynomial that carries the imaginary parts of its slots, limb by limb: count x limbs x HALF.
 * E_k = m_k + m_(N-k) for 1 <= k < M = HALF and E_M = m_M, at index k - 1. With phi_j = pi (4j + 1)/N,
 * Im v_j = sum_k E_k sin(k phi_j): the cosines drop out. Linear, so each party folds its own share; two
 * polynomials' folds side by side fill the N coefficients of one.
 */
export function foldResidues({ primes, residues }: FoldInput): Uint32Array {
  const fields = primes.map(fieldOf);
  const [whole, folded] = [work[0]!, work[1]!];
  const polynomials = residues.length / N;
  const result = new Uint32Array(polynomials * HALF);
  for (let polynomial = 0; polynomial < polynomials; polynomial++) {
    load(whole, residues, polynomial);
    fold(whole, folded, fields[polynomial % fields.length]!);
    storeFolded(folded, result, polynomial);
  }
  return result;
}
