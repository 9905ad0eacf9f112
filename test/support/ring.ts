/** The ring Z_p[X]/(X^4096 + 1) in plain integers, to compare kernels with; and phases of ciphertexts. */
import { fieldOf, minimalRoot, N, power } from '../../src/kernels/field.ts';
import {
  add,
  forward,
  inverse,
  lift,
  load,
  multiply,
  store,
  work,
} from '../../src/kernels/ring.ts';
import type { Ring } from '../../src/primitives/he/index.ts';

/** A repeatable stream of 32-bit words (xorshift, Marsaglia 2003). */
export function wordsFrom(seed: number): () => number {
  let state = (seed * 2654435761 + 1) >>> 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state = (state ^ (state << 5)) >>> 0;
    return state;
  };
}

/** `count` polynomials of uniform residues, limb-major. */
export function randomResidues(primes: readonly number[], count: number, seed: number) {
  const word = wordsFrom(seed);
  const residues = new Uint32Array(count * primes.length * N);
  for (let i = 0; i < residues.length; i++) {
    residues[i] = word() % primes[Math.floor(i / N) % primes.length]!;
  }
  return residues;
}

/** `count` polynomials with coefficients in -bound..bound. */
export function smallCoefficients(bound: number, count: number, seed: number): Int32Array {
  const word = wordsFrom(seed);
  return Int32Array.from({ length: count * N }, () => (word() % (2 * bound + 1)) - bound);
}

export function reverseBits(i: number): number {
  let reversed = 0;
  for (let bit = 1; bit < N; bit <<= 1) reversed = (reversed << 1) | (i & bit ? 1 : 0);
  return reversed;
}

/** Entry i of the transform by its definition: the value at psi^(2 bitrev(i) + 1). */
export function valueAt(coefficients: ArrayLike<number>, p: number, i: number): number {
  const modulus = BigInt(p);
  const point = power(BigInt(minimalRoot(p)), BigInt(2 * reverseBits(i) + 1), modulus);
  let value = 0n;
  for (let j = N - 1; j >= 0; j--) value = (value * point + BigInt(coefficients[j]!)) % modulus;
  return Number(value < 0n ? value + modulus : value);
}

/** Coefficient k of a product mod X^N + 1, by the school method. */
export function productCoefficient(
  a: ArrayLike<number>,
  b: ArrayLike<number>,
  p: number,
  k: number,
): number {
  let sum = 0n;
  for (let i = 0; i < N; i++) {
    const j = (k - i + N) % N;
    const term = BigInt(a[i]!) * BigInt(b[j]!);
    sum += i <= k ? term : -term;
  }
  const residue = sum % BigInt(p);
  return Number(residue < 0n ? residue + BigInt(p) : residue);
}

/** The integer below p1 p2 that two residues stand for. */
export function joined(primes: readonly number[], residues: readonly number[]): bigint {
  if (primes.length === 1) return BigInt(residues[0]!);
  const [p1, p2] = [BigInt(primes[0]!), BigInt(primes[1]!)];
  const [r1, r2] = [BigInt(residues[0]!), BigInt(residues[1]!)];
  const digit = ((((r2 - r1) % p2) + p2) * power(p1, p2 - 2n, p2)) % p2;
  return r1 + p1 * digit;
}

/** Coefficients of c0 + c1 s in one limb of ciphertext `index`. */
export function phase(
  ring: Ring,
  secret: Int8Array,
  { c0, c1, index, limb }: { c0: Uint32Array; c1: Uint32Array; index: number; limb: number },
): Uint32Array {
  const field = fieldOf(ring.primes[limb]!);
  const [key, product, sum] = [work[0]!, work[1]!, work[2]!];
  load(key, new Int32Array(secret), 0);
  lift(key, field);
  forward(key, field);
  const place = index * ring.primes.length + limb;
  load(product, c1, place);
  multiply(product, key, product, field);
  load(sum, c0, place);
  add(sum, product, sum, field);
  inverse(sum, field);
  const coefficients = new Uint32Array(N);
  store(sum, coefficients, 0);
  return coefficients;
}

export const centred = (residue: number, p: number): number =>
  residue > p / 2 ? residue - p : residue;

/** Root mean square of residues around 0. */
export function deviation(residues: Uint32Array, p: number): number {
  let sum = 0;
  for (const residue of residues) sum += centred(residue, p) ** 2;
  return Math.sqrt(sum / residues.length);
}
