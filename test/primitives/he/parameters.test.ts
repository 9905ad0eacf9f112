import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isPrime, N } from '../../../src/kernels/field.ts';
import {
  dataPrimes,
  heTasks as he,
  ringOf,
  SECURE_BITS,
} from '../../../src/primitives/he/index.ts';
import { cutOf, fieldsOf } from '../../../src/primitives/he/parameters.ts';

const widths = fc.array(fc.integer({ min: 21, max: 29 }), { minLength: 1, maxLength: 3 });
const bitsOf = (p: number | bigint): number => BigInt(p).toString(2).length;

test('primes are distinct, = 1 mod 8192, of the width asked for, near its power of two', () => {
  fc.assert(
    fc.property(widths, (bits) => {
      const primes = dataPrimes(bits);
      expect(new Set(primes).size).toBe(bits.length);
      for (const [i, p] of primes.entries()) {
        expect(isPrime(p)).toBe(true);
        expect(p % (2 * N)).toBe(1);
        expect(bitsOf(p)).toBe(bits[i]);
        expect(p / 2 ** bits[i]!).toBeGreaterThan(bits[i]! === 21 ? 0.9 : 0.95);
      }
    }),
  );
});

test('every ring that can be named is inside the 128-bit table; what is outside is refused', () => {
  fc.assert(
    fc.property(widths, (bits) => {
      const ring = ringOf(bits);
      const total = [...ring.primes, ring.special].reduce((sum, p) => sum + bitsOf(p), 0);
      if (total <= SECURE_BITS) expect(fieldsOf(ring).data.length).toBe(bits.length);
      else expect(() => fieldsOf(ring)).toThrow('too wide for 128-bit security');
    }),
  );
  expect(() => dataPrimes([30])).toThrow('of this width');
  expect(() => dataPrimes([20])).toThrow('of this width');
});

test('moduli that are not primes = 1 mod 8192, repeated, none or too many are refused', () => {
  const { primes, special } = ringOf([28, 27]);
  const bad = [
    { primes: [], special },
    { primes: [...primes, ...dataPrimes([21, 22])], special },
    { primes: [primes[0]!, primes[0]!], special },
    { primes: [special], special },
    { primes: [primes[0]! + 1], special },
    { primes: [2 ** 28 + 1 - 8192 * 4], special },
    { primes: [Number.NaN], special },
    { primes, special: Number.NaN },
    { primes, special: 12289 },
  ];
  for (const ring of bad) {
    expect(() => he.forward({ ring, coefficients: new Int32Array(N) })).toThrow();
  }
});

test('a rounded coefficient always fits its width: rounding that would carry is refused', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 21, max: 29 }), { minLength: 1, maxLength: 2 }),
      fc.integer({ min: 0, max: 57 }),
      (bits, dropBits) => {
        const ring = ringOf(bits);
        const q = ring.primes.reduce((product, p) => product * BigInt(p), 1n);
        const half = dropBits === 0 ? 0n : 1n << BigInt(dropBits - 1);
        const fits = dropBits < bitsOf(q) && bitsOf(q - 1n + half) === bitsOf(q);
        if (!fits) {
          expect(() => cutOf(ring, dropBits)).toThrow();
          return;
        }
        const { width, most } = cutOf(ring, dropBits);
        expect(width).toBe(bitsOf(q) - dropBits);
        expect(bitsOf(most)).toBeLessThanOrEqual(width);
      },
    ),
  );
});

test.each([
  { bits: [28], dropBits: 12 },
  { bits: [28, 28], dropBits: 24 },
  { bits: [29, 29], dropBits: 26 },
  { bits: [26, 26], dropBits: 20 },
])('the cuts that training makes are possible: $bits bits less $dropBits', ({ bits, dropBits }) => {
  const { width } = cutOf(ringOf(bits), dropBits);
  expect(width).toBe(bits.reduce((sum, b) => sum + b) - dropBits);
});
