/**
 * The canonical embedding in plain TypeScript, for any degree: what the kernel's is compared with, and timed against.
 *
 * M = N/2 slots v_j <-> the real m of degree < N with m(zeta_j) = v_j, zeta_j = e^(i pi (4j + 1)/N).
 * As zeta_j^M = i, m_k + i m_(k+M) = (1/M) e^(-i pi k/N) sum_j v_j e^(-2 pi i jk/M): one complex
 * transform of size M and a twist.
 */

import { N } from '../../src/kernels/field.ts';

/** Tables for one N: a power of two, at least 4. */
export interface Embedding {
  readonly degree: number;
  readonly slots: number;
  /** Slots (real, imaginary) -> N coefficients. The slots are overwritten. */
  embed(real: Float64Array, imaginary: Float64Array): Float64Array;
}

const made = new Map<number, Embedding>();

/** The embedding of degree N, its tables made once a thread. */
export function embeddingOf(degree: number): Embedding {
  const known = made.get(degree);
  if (known) return known;
  const embedding = createEmbedding(degree);
  made.set(degree, embedding);
  return embedding;
}

function createEmbedding(degree: number): Embedding {
  const slots = degree / 2;
  const transform = fourier(slots);
  const twistCos = Float64Array.from({ length: slots }, (_, k) => Math.cos((Math.PI * k) / degree));
  const twistSin = Float64Array.from({ length: slots }, (_, k) => Math.sin((Math.PI * k) / degree));
  return {
    degree,
    slots,
    embed(real, imaginary) {
      transform(real, imaginary);
      const coefficients = new Float64Array(degree);
      for (let k = 0; k < slots; k++) {
        const c = twistCos[k]! / slots;
        const s = twistSin[k]! / slots;
        coefficients[k] = real[k]! * c + imaginary[k]! * s;
        coefficients[k + slots] = imaginary[k]! * c - real[k]! * s;
      }
      return coefficients;
    },
  };
}

/** In-place complex transform with e^(-2 pi i jk/size): radix 2, decimation in time. */
function fourier(size: number): (real: Float64Array, imaginary: Float64Array) => void {
  const bits = Math.log2(size);
  const reversed = Uint32Array.from({ length: size }, (_, i) => {
    let r = 0;
    for (let bit = 0; bit < bits; bit++) r |= ((i >> bit) & 1) << (bits - 1 - bit);
    return r;
  });
  const cos = Float64Array.from({ length: size / 2 }, (_, i) => Math.cos((2 * Math.PI * i) / size));
  const sin = Float64Array.from({ length: size / 2 }, (_, i) => Math.sin((2 * Math.PI * i) / size));
  return (real, imaginary) => {
    for (let i = 0; i < size; i++) {
      const r = reversed[i]!;
      if (r <= i) continue;
      const re = real[i]!;
      const im = imaginary[i]!;
      real[i] = real[r]!;
      imaginary[i] = imaginary[r]!;
      real[r] = re;
      imaginary[r] = im;
    }
    for (let half = 1; half < size; half *= 2) {
      const stride = size / (2 * half);
      for (let start = 0; start < size; start += 2 * half) {
        for (let k = 0; k < half; k++) {
          const c = cos[k * stride]!;
          const s = sin[k * stride]!;
          const low = start + k;
          const high = low + half;
          const re = real[high]! * c + imaginary[high]! * s;
          const im = imaginary[high]! * c - real[high]! * s;
          real[high] = real[low]! - re;
          imaginary[high] = imaginary[low]! - im;
          real[low]! += re;
          imaginary[low]! += im;
        }
      }
    }
  };
}

/**
 * The half of a polynomial that carries the imaginary parts of its slots:
 * E_k = m_k + m_(N-k) for 1 <= k < M and E_M = m_M, at index k - 1. With phi_j = pi (4j + 1)/N,
 * Im v_j = sum_k E_k sin(k phi_j): the cosines drop out. Linear, so each party folds its own share.
 */
export function fold(coefficients: Float64Array): Float64Array {
  const slots = coefficients.length / 2;
  return Float64Array.from({ length: slots }, (_, i) =>
    i + 1 < slots ? coefficients[i + 1]! + coefficients[2 * slots - 1 - i]! : coefficients[slots]!,
  );
}

/**
 * The same transform of a real column x of M rows: x~_k = (scale/M) sum_j x_j sin(k phi_j), at index
 * k - 1. By Parseval sum_j x_j Im v_j = (M/scale) sum_k x~_k E_k, so nobody ever goes back to rows.
 */
export function sineTransform(column: Float64Array, scale: number): Float64Array {
  const embedding = embeddingOf(2 * column.length);
  const coefficients = embedding.embed(
    new Float64Array(column.length),
    column.map((x) => scale * x),
  );
  return coefficients.slice(1, column.length + 1);
}

/** Coefficients, not rounded, of embed(factor e^(i multiple theta)), theta = 2 pi share / prime. */
export function plainPhasors(
  shares: Uint32Array,
  prime: number,
  multiple: number,
  [re, im]: readonly [number, number],
): Float64Array {
  const { embed, slots } = embeddingOf(N);
  const [real, imaginary] = [new Float64Array(slots), new Float64Array(slots)];
  for (const [row, share] of shares.entries()) {
    const angle = (2 * Math.PI * ((multiple * share) % prime)) / prime;
    const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
    real[row] = re * cos - im * sin;
    imaginary[row] = re * sin + im * cos;
  }
  return embed(real, imaginary);
}
