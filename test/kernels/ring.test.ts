/**
 * Goal: every kernel is exact. Method: against definitions in plain integers, at random and at the
 * extremes of what a residue may be; whole arrays are compared with SEAL's in primitives/he.
 */
import { expect, test } from 'vitest';
import { fieldOf, minimalRoot, N, power } from '../../src/kernels/field.ts';
import {
  accumulate,
  add,
  cipherSlot,
  constantOf,
  forward,
  inRange,
  inverse,
  lift,
  load,
  loadTernary,
  MOST_TERMS,
  multiply,
  plainSlot,
  store,
  subtract,
  ternaryConstant,
  work,
} from '../../src/kernels/ring.ts';
import { dataPrimes, ringOf } from '../../src/primitives/he/index.ts';
import {
  productCoefficient,
  randomResidues,
  smallCoefficients,
  valueAt,
  wordsFrom,
} from '../support/ring.ts';

const primes = [...dataPrimes([21, 24, 27, 28, 28, 29, 29]), ringOf([28]).special];
const [a, b, c] = [work[0]!, work[1]!, work[2]!];
const read = (slot: number): Uint32Array => {
  const residues = new Uint32Array(N);
  store(slot, residues, 0);
  return residues;
};
const filled = (value: number): Uint32Array => new Uint32Array(N).fill(value);
const places = Array.from({ length: 24 }, (_, i) => (i * 1709 + 3) % N).concat(0, 1, 2, 3, N - 1);

test.each(primes)('the root chosen for %i is a primitive 2N-th root, and the least', (p) => {
  const modulus = BigInt(p);
  const root = BigInt(minimalRoot(p));
  expect(power(root, BigInt(N), modulus)).toBe(modulus - 1n);
  const odd = Array.from({ length: N }, (_, i) => power(root, BigInt(2 * i + 1), modulus));
  expect(odd.every((other) => other >= root)).toBe(true);
});

test.each(primes)('entry i of a transform mod %i is the value at psi^(2 bitrev(i) + 1)', (p) => {
  const field = fieldOf(p);
  for (const coefficients of [randomResidues([p], 1, p), filled(p - 1), filled(0)]) {
    load(a, coefficients, 0);
    forward(a, field);
    const values = read(a);
    for (const i of places) expect(values[i]).toBe(valueAt(coefficients, p, i));
    expect(values.every((value) => value < p)).toBe(true);
    expect(constantOf(a, field)).toBe(coefficients[0]);
    inverse(a, field);
    expect(read(a)).toEqual(coefficients);
  }
});

test.each(primes)('a pointwise product of transforms mod %i is the negacyclic product', (p) => {
  const field = fieldOf(p);
  const x = randomResidues([p], 1, 5);
  const y = randomResidues([p], 1, 6);
  load(a, x, 0);
  load(b, y, 0);
  forward(a, field);
  forward(b, field);
  multiply(a, b, c, field);
  inverse(c, field);
  const product = read(c);
  for (const k of places) expect(product[k]).toBe(productCoefficient(x, y, p, k));
});

test.each(primes)('sums, differences and products mod %i are exact, at the extremes too', (p) => {
  const field = fieldOf(p);
  const x = randomResidues([p], 1, 7);
  const y = randomResidues([p], 1, 8);
  x.set([0, 0, p - 1, p - 1, 1]);
  y.set([0, p - 1, 0, p - 1, p - 1]);
  load(a, x, 0);
  load(b, y, 0);
  add(a, b, c, field);
  expect(read(c)).toEqual(x.map((value, i) => (value + y[i]!) % p));
  subtract(a, b, c, field);
  expect(read(c)).toEqual(x.map((value, i) => (value - y[i]! + p) % p));
  multiply(a, b, c, field);
  expect(read(c)).toEqual(x.map((value, i) => Number((BigInt(value) * BigInt(y[i]!)) % BigInt(p))));
});

test.each(primes)('every signed 32-bit integer is lifted to its residue mod %i', (p) => {
  const word = wordsFrom(p);
  const integers = Int32Array.from({ length: N }, () => word() | 0);
  integers.set([0, -1, 1, -(2 ** 31), 2 ** 31 - 1, p, -p, p - 1, 1 - p, 2 * p]);
  load(a, integers, 0);
  lift(a, fieldOf(p));
  expect(read(a)).toEqual(Uint32Array.from(integers, (x) => ((x % p) + p) % p));
});

test.each(primes)('a residue of %i itself is found out of range, wherever it is', (p) => {
  for (const i of places) {
    const residues = filled(p - 1);
    load(a, residues, 0);
    expect(inRange(a, fieldOf(p))).toBe(true);
    residues[i] = p;
    load(a, residues, 0);
    expect(inRange(a, fieldOf(p))).toBe(false);
  }
});

test.each(primes)('a ternary product mod %i has the right constant coefficient', (p) => {
  const ternary = Int8Array.from(smallCoefficients(1, 1, 9));
  for (const residues of [randomResidues([p], 1, 10), filled(p - 1)]) {
    load(a, residues, 0);
    loadTernary(b, ternary);
    const expected = productCoefficient(residues, ternary, p, 0);
    expect(ternaryConstant(a, b, fieldOf(p))).toBe(expected);
  }
});

test.each(primes)('the number of lazy terms mod %i keeps every sum in 64 bits', (p) => {
  const { lazyTerms } = fieldOf(p);
  const largest = BigInt(p - 1) ** 2n;
  expect(BigInt(lazyTerms) * largest).toBeLessThan((1n << 64n) - (BigInt(p) << 32n));
  expect(lazyTerms).toBeGreaterThanOrEqual(p < 2 ** 28 ? 127 : 54);
});

test.each(primes)(
  'a sum of products mod %i is exact up to the last lazy term, and refused beyond',
  (p) => {
    const field = fieldOf(p);
    const most = Math.min(field.lazyTerms, MOST_TERMS);
    for (const terms of [1, 2, 3, 30, most]) {
      const before = randomResidues([p], 2, terms);
      const plain = randomResidues([p], terms, 11);
      const cipher = [randomResidues([p], terms, 12), randomResidues([p], terms, 13)] as const;
      for (let k = 0; k < terms; k++) {
        for (const list of [plain, ...cipher]) list[k * N + 17] = p - 1; // the largest sum there can be
        load(plainSlot(k), plain, k);
        load(cipherSlot(0, k), cipher[0], k);
        load(cipherSlot(1, k), cipher[1], k);
      }
      load(a, before, 0);
      load(b, before, 1);
      accumulate(a, b, terms, field);
      for (const [component, slot] of [a, b].entries()) {
        const sums = read(slot);
        for (const i of [...places, 17]) {
          let sum = BigInt(before[component * N + i]!);
          for (let k = 0; k < terms; k++) {
            sum += BigInt(plain[k * N + i]!) * BigInt(cipher[component]![k * N + i]!);
          }
          expect(sums[i]).toBe(Number(sum % BigInt(p)));
        }
      }
    }
    expect(() => accumulate(a, b, most + 1, field)).toThrow('too many terms');
  },
);
