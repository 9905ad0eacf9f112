import fc from 'fast-check';
import { expect, test } from 'vitest';
import { centredFraction, fromReal, modulo, remaindersOf, rescale } from '../../src/math/torus.ts';

const primes = [134176769, 134111233];
const q = BigInt(primes[0]!) * BigInt(primes[1]!);
const below = (bound: bigint) => fc.bigInt({ min: 0n, max: bound - 1n });

test('residues and integers are each other’s, also for negative integers', () => {
  const { combine, split, modulus } = remaindersOf(primes);
  expect(modulus).toBe(q);
  fc.assert(
    fc.property(fc.bigInt({ min: -q, max: q - 1n }), (x) => {
      expect(combine(split(x))).toBe(modulo(x, q));
    }),
  );
});

test('rescaling moves a point of the torus by at most half a step of the new grid', () => {
  const to = 1n << 24n;
  fc.assert(
    fc.property(below(q), (x) => {
      const moved = rescale(x, q, to);
      expect(moved >= 0n && moved < to).toBe(true);
      const distance = modulo(moved * q - x * to, q * to);
      const around = distance > (q * to) / 2n ? q * to - distance : distance;
      expect(2n * around <= q).toBe(true);
    }),
  );
});

test('reals go to the torus and come back centred', () => {
  fc.assert(
    fc.property(fc.double({ min: -0.49, max: 0.49, noNaN: true }), (x) => {
      expect(Math.abs(centredFraction(fromReal(x, q), q) - x)).toBeLessThan(1e-14);
    }),
  );
});
