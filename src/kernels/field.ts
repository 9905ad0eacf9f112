/** The integers modulo a prime p = 1 mod 2N below 2^29, with the tables that its transform needs. */
import { SottoError } from '../base/errors.ts';
import { claim, kernels, type Reduction } from './instance.ts';

/** Degree of every polynomial: the ring is Z_p[X] / (X^N + 1). */
export const N = 4096;

export interface Field {
  readonly p: number;
  /** ceil(log2 p): how wide a residue is packed. */
  readonly width: number;
  readonly reduction: Reduction;
  /** Address of the transform's tables. */
  readonly tables: number;
  /** 1/N mod p, and floor(that 2^32 / p). */
  readonly degree: number;
  readonly degreeQuotient: number;
  /**
   * How many products of residues may be summed before a reduction. The kernel reduces sums below
   * 2^64 - 2^32 p, and each product is at most (p-1)^2: 223 terms and more below 2^28, 55 below 2^29.
   */
  readonly lazyTerms: number;
}

/** Distinct moduli that one thread will hold tables for (64 KiB each). */
const MOST_FIELDS = 64;
const fields = new Map<number, Field>();

export function isPrime(n: number): boolean {
  if (n < 2 || n % 2 === 0) return n === 2;
  for (let divisor = 3; divisor * divisor <= n; divisor += 2) {
    if (n % divisor === 0) return false;
  }
  return true;
}

export function power(base: bigint, exponent: bigint, modulus: bigint): bigint {
  let result = 1n;
  let square = base % modulus;
  for (let left = exponent; left > 0n; left >>= 1n) {
    if (left & 1n) result = (result * square) % modulus;
    square = (square * square) % modulus;
  }
  return result;
}

export const invert = (a: number, p: number): number =>
  Number(power(BigInt(a), BigInt(p - 2), BigInt(p)));

/** floor(w 2^32 / p): the companion of a constant w in Shoup's product. */
export const quotientOf = (w: number, p: number): number => Number((BigInt(w) << 32n) / BigInt(p));

/** The smallest primitive 2N-th root of unity, SEAL's choice too. */
export function minimalRoot(p: number): number {
  const modulus = BigInt(p);
  let root = 0n;
  for (let base = 2n; root === 0n; base++) {
    const candidate = power(base, BigInt((p - 1) / (2 * N)), modulus);
    if (power(candidate, BigInt(N), modulus) === modulus - 1n) root = candidate;
  }
  const square = (root * root) % modulus;
  let smallest = root;
  for (let i = 1, odd = root; i < N; i++) {
    odd = (odd * square) % modulus;
    if (odd < smallest) smallest = odd;
  }
  return Number(smallest);
}

/** The field of a prime, made at its first use by this thread. */
export function fieldOf(p: number): Field {
  const known = fields.get(p);
  if (known) return known;
  if (!Number.isInteger(p) || p >= 2 ** 29 || p % (2 * N) !== 1 || !isPrime(p)) {
    throw new SottoError('invalid-argument', 'not a prime = 1 mod 8192 below 2^29', { modulus: p });
  }
  if (fields.size >= MOST_FIELDS) {
    throw new SottoError('invalid-argument', 'too many different moduli', { limit: MOST_FIELDS });
  }
  const field = makeField(p);
  fields.set(p, field);
  return field;
}

function makeField(p: number): Field {
  const psi = minimalRoot(p);
  const tables = claim(16 * N);
  kernels.fillTables(tables, p, psi, invert(psi, p));
  const radix = 2 ** 32 % p;
  const degree = invert(N, p);
  const room = (1n << 64n) - (BigInt(p) << 32n);
  return {
    p,
    width: Math.ceil(Math.log2(p)),
    reduction: [p, inverseOfOdd(p), radix, quotientOf(radix, p)],
    tables,
    degree,
    degreeQuotient: quotientOf(degree, p),
    lazyTerms: Number((room - 1n) / BigInt(p - 1) ** 2n),
  };
}

/** 1/p mod 2^32 by Newton: each step doubles the number of right bits. */
function inverseOfOdd(p: number): number {
  let inverse = p; // right in the last three bits
  for (let i = 0; i < 4; i++) inverse = Math.imul(inverse, 2 - Math.imul(p, inverse));
  return inverse >>> 0;
}
