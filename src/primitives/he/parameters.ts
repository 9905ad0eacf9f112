/**
 * Which moduli a key may have. The degree is fixed (N = 4096), so the width of all moduli together decides
 * the security: at most 109 bits for 128-bit security with a ternary secret (Homomorphic Encryption
 * Standard, Albrecht et al. 2018, table 1).
 */
import { SottoError } from '../../base/errors.ts';
import { type Field, fieldOf, isPrime, N } from '../../kernels/field.ts';
import type { Ring } from './api.ts';

export const SECURE_BITS = 109;
const DATA_BITS = { least: 21, most: 29 } as const;
/** Narrow, because it counts towards the table but carries no data; SEAL divides a public zero by it. */
const SPECIAL_BITS = 20;
/** What two limbs may stand for: so that a rounded value and its carry fit a 64-bit word with room to spare. */
const JOINED_BITS = 58;

/**
 * Distinct primes = 1 mod 2N, for each width the largest left: as close below the power of two as
 * can be, so that a residue's bits are hardly wasted, and rounding up never carries into one bit more.
 */
export function dataPrimes(bitLengths: readonly number[]): number[] {
  const primes: number[] = [];
  for (const bits of bitLengths) {
    if (!Number.isInteger(bits) || bits < DATA_BITS.least || bits > DATA_BITS.most) {
      throw new SottoError('invalid-argument', 'a data prime of this width is not offered', {
        bits,
        ...DATA_BITS,
      });
    }
    primes.push(largestPrime(bits, primes));
  }
  return primes;
}

/** A ring of data primes of these widths and the special prime. */
export const ringOf = (bitLengths: readonly number[]): Ring => ({
  primes: dataPrimes(bitLengths),
  special: largestPrime(SPECIAL_BITS, []),
});

function largestPrime(bits: number, taken: readonly number[]): number {
  let candidate = 2 ** bits - 2 * N + 1;
  while (!isPrime(candidate) || taken.includes(candidate)) candidate -= 2 * N;
  return candidate;
}

/** The ring's fields, data primes first; refuses a ring outside of the table. */
export interface Fields {
  readonly data: readonly Field[];
  readonly special: Field;
  /** Of c0 or c1: limbs x N. */
  readonly words: number;
}

const checked = new Map<string, Fields>();

export function fieldsOf(ring: Ring): Fields {
  const name = [...ring.primes, ring.special].join();
  const known = checked.get(name);
  if (known) return known;
  checkRing(ring);
  const data = ring.primes.map(fieldOf);
  const fields = { data, special: fieldOf(ring.special), words: data.length * N };
  checked.set(name, fields);
  return fields;
}

function checkRing({ primes, special }: Ring): void {
  const all = [...primes, special];
  const bits = all.reduce((sum, prime) => sum + Math.ceil(Math.log2(prime)), 0);
  if (primes.length < 1 || primes.length > 3) {
    throw new SottoError('invalid-argument', 'a ring has 1 to 3 data primes', {
      primes: primes.length,
    });
  }
  if (!(bits <= SECURE_BITS)) {
    throw new SottoError('invalid-argument', 'the moduli are too wide for 128-bit security', {
      bits,
      limit: SECURE_BITS,
    });
  }
  if (new Set(all).size !== all.length) {
    throw new SottoError('invalid-argument', 'a ring names one modulus twice');
  }
  for (const prime of primes) {
    if (!(prime > 2 ** (DATA_BITS.least - 1) && prime < 2 ** DATA_BITS.most)) {
      throw new SottoError('invalid-argument', 'a data prime has 21 to 29 bits', { prime });
    }
  }
}

/** How c1' is cut: the bits sent of each coefficient, and the largest value they may take. */
export interface Cut {
  readonly width: number;
  readonly most: bigint;
}

/**
 * A coefficient below q, rounded to the nearest multiple of 2^dropBits, needs bits(q) - dropBits bits
 * unless the rounding carries into 2^bits(q). It cannot while q - 1 + 2^(dropBits-1) < 2^bits(q): so it is demanded.
 */
export function cutOf(ring: Ring, dropBits: number): Cut {
  const q = ring.primes.reduce((product, prime) => product * BigInt(prime), 1n);
  const bits = q.toString(2).length;
  if (ring.primes.length > 2 || bits > JOINED_BITS) {
    throw new SottoError('invalid-argument', 'only moduli of 58 bits together can be joined', {
      bits,
      limit: JOINED_BITS,
    });
  }
  if (!Number.isInteger(dropBits) || dropBits < 0 || dropBits >= bits) {
    throw new SottoError('invalid-argument', 'so many bits cannot be dropped', { dropBits, bits });
  }
  const half = dropBits === 0 ? 0n : 1n << BigInt(dropBits - 1);
  const largest = q - 1n + half;
  if (largest >> BigInt(bits) !== 0n) {
    throw new SottoError('invalid-argument', 'rounding would carry into one bit more', {
      dropBits,
      bits,
    });
  }
  return { width: bits - dropBits, most: largest >> BigInt(dropBits) };
}
