/**
 * Angles and reals of N/2 rows as polynomials with N integer coefficients: assembly/embedding.ts on arrays. The
 * polynomials stay in this module's memory until the next call.
 */
import { SottoError } from '../base/errors.ts';
import { N } from './field.ts';
import { claim, kernels } from './instance.ts';

/** Complex slots of a polynomial: its N coefficients hold N real numbers, or N/2 complex ones. */
export const HALF = N / 2;
/** Odd harmonics of one call at most. */
const MOST_HARMONICS = 4;

const reals = claim(8 * HALF);
const factors = claim(16 * MOST_HARMONICS);
const coefficients = claim(4 * N * MOST_HARMONICS);
kernels.fillEmbedding();

/** Complex factors of the harmonics 1, 3, 5, ... */
export interface Factors {
  readonly real: Float64Array;
  readonly imaginary: Float64Array;
}

/**
 * round(embed(factor_k e^(i (2k + 1) theta))), theta = 2 pi share / prime: harmonics x N coefficients into
 * `target`. At most HALF shares below 2^31; slots beyond them are zero. |factor_k| < 2^31.
 */
export function embedPhasors(
  shares: Uint32Array,
  prime: number,
  { real, imaginary }: Factors,
  target: Int32Array,
): void {
  const harmonics = real.length;
  if (harmonics > MOST_HARMONICS || shares.length > HALF) {
    const facts = { harmonics, most: MOST_HARMONICS, rows: shares.length, mostRows: HALF };
    throw new SottoError('internal', 'too many phasors for one call', facts);
  }
  const { buffer } = kernels.memory;
  new Uint32Array(buffer, reals, HALF).set(shares);
  const complex = new Float64Array(buffer, factors, 2 * harmonics);
  for (let k = 0; k < harmonics; k++) complex.set([real[k]!, imaginary[k]!], 2 * k);
  kernels.embedPhasors(reals, shares.length, prime, factors, harmonics, coefficients);
  target.set(new Int32Array(buffer, coefficients, harmonics * N));
}

/**
 * x~_k = round((scale/M) sum_j x_j sin(k phi_j)) of at most M = HALF reals, phi_j = pi (4j + 1)/N, into
 * target[k - 1]: coefficients 1..M of embed(i scale x). By Parseval sum_j x_j Im v_j = (M/scale) sum_k x~_k E_k where
 * E is the fold of embed(v), so nobody ever goes back to rows. |scale x| < 2^31, and below 2^15 for 16-bit targets.
 */
export function sineTransform(
  rows: Float64Array,
  scale: number,
  target: Int16Array | Int32Array,
): void {
  const { buffer } = kernels.memory;
  const slots = new Float64Array(buffer, reals, HALF);
  slots.set(rows);
  slots.fill(0, rows.length);
  kernels.embedReals(reals, scale, coefficients);
  target.set(new Int32Array(buffer, coefficients + 4, HALF));
}
