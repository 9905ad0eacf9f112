/** Angles into slots, slots into polynomials, and their products' shares back into one number a row. */
import { N } from '../../kernels/field.ts';
import { embeddingOf, fold } from '../../math/embedding.ts';

/** Complex slots of a polynomial: its N coefficients hold N real numbers, or N/2 complex ones. */
export const HALF = N / 2;

export interface PhasorInput {
  /** Shares of z / P, scaled by the prime: row after row. Each HALF rows make a polynomial for each harmonic. */
  readonly shares: Uint32Array;
  readonly prime: number;
  /** What the phasor of each odd harmonic 1, 3, 5, ... is multiplied by: a complex number. */
  readonly factors: { readonly real: Float64Array; readonly imaginary: Float64Array };
}

/**
 * round(embed(factor_k e^(i (2k + 1) theta))), theta = 2 pi share / prime: ceil(rows / HALF) x harmonics
 * x N coefficients. Slots beyond the last row are zero.
 */
export function phasors({ shares, prime, factors }: PhasorInput): Int32Array {
  const blocks = Math.ceil(shares.length / HALF);
  const harmonics = factors.real.length;
  const result = new Int32Array(blocks * harmonics * N);
  const { embed } = embeddingOf(N);
  for (let block = 0; block < blocks; block++) {
    const rows = shares.subarray(block * HALF, (block + 1) * HALF);
    const angles = Float64Array.from(rows, (share) => (2 * Math.PI * share) / prime);
    for (let k = 0; k < harmonics; k++) {
      const [re, im] = [factors.real[k]!, factors.imaginary[k]!];
      const real = new Float64Array(HALF);
      const imaginary = new Float64Array(HALF);
      for (let row = 0; row < angles.length; row++) {
        const angle = (2 * k + 1) * angles[row]!;
        const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
        real[row] = re * cos - im * sin;
        imaginary[row] = re * sin + im * cos;
      }
      roundInto(result, (block * harmonics + k) * N, embed(real, imaginary));
    }
  }
  return result;
}

/**
 * The fold of round(embed(i scale value)): what real numbers of the rows look like beside a folded share.
 * ceil(rows / HALF) x HALF integers.
 */
export function embedReals(input: { values: Float64Array; scale: number }): Int32Array {
  const blocks = Math.ceil(input.values.length / HALF);
  const result = new Int32Array(blocks * HALF);
  const { embed } = embeddingOf(N);
  for (let block = 0; block < blocks; block++) {
    const imaginary = new Float64Array(HALF);
    const rows = input.values.subarray(block * HALF, (block + 1) * HALF);
    for (let row = 0; row < rows.length; row++) imaginary[row] = input.scale * rows[row]!;
    roundInto(result, block * HALF, fold(embed(new Float64Array(HALF), imaginary)));
  }
  return result;
}

export interface FoldInput {
  readonly primes: readonly number[];
  /** Shares of polynomials, as coefficient residues: count x limbs x N. */
  readonly residues: Uint32Array;
}

/**
 * The fold of each polynomial's share, limb by limb: count x limbs x HALF. Two polynomials' folds side by side
 * fill the N coefficients of one.
 */
export function foldResidues({ primes, residues }: FoldInput): Uint32Array {
  const polynomials = residues.length / N;
  const result = new Uint32Array(polynomials * HALF);
  for (let polynomial = 0; polynomial < polynomials; polynomial++) {
    const prime = primes[polynomial % primes.length]!;
    const from = polynomial * N;
    const to = polynomial * HALF;
    for (let k = 1; k < HALF; k++) {
      const sum = residues[from + k]! + residues[from + N - k]!;
      result[to + k - 1] = sum >= prime ? sum - prime : sum;
    }
    result[to + HALF - 1] = residues[from + HALF]!;
  }
  return result;
}

function roundInto(target: Int32Array, at: number, source: Float64Array): void {
  for (let i = 0; i < source.length; i++) target[at + i] = Math.round(source[i]!);
}
