/**
 * Goal: multiples by a scalar of their own, sums, differences and sums of multiples are those of the group.
 * Method: batches that end within a call, at its end and behind it, against noble's integers.
 */
import { ristretto255 } from '@noble/curves/ed25519.js';
import { expect, test } from 'vitest';
import { concat, toHex } from '../../src/base/bytes.ts';
import {
  combine,
  derive,
  deriveAndMultiply,
  invert,
  multiply,
  multiplyGenerator,
  sumsOfMultiples,
} from '../../src/kernels/ristretto.ts';
import { seededRandom } from '../support/random.ts';
import {
  bytesOf,
  fromHex,
  items,
  littleEndian,
  ORDER,
  uniformStrings,
  vectors,
} from '../support/ristretto.ts';

const { Point } = ristretto255;
type Point = InstanceType<typeof Point>;

const identity = new Uint8Array(32);
const generator = fromHex(vectors.multiplesOfGenerator[1]!);
const pointsOf = (column: Uint8Array): Point[] =>
  items(column).map((each) => Point.fromBytes(each));
const hexOf = (points: readonly Point[]): string[] => points.map((each) => toHex(each.toBytes()));
const hexOfItems = (column: Uint8Array): string[] => items(column).map(toHex);

/** n points, others, and scalars: random ones, the smallest and the largest among them. */
function columns(n: number) {
  const random = seededRandom(`columns ${n}`);
  const extreme = [1n, ORDER - 1n, 2n, 31n, 32n].map(bytesOf);
  const scalars = Array.from({ length: n }, (_, i) => {
    const scalar = random.bytes(32);
    scalar[31]! &= 0x0f;
    return i % 3 === 1 ? extreme[i % extreme.length]! : scalar;
  });
  const points = derive(uniformStrings(`points ${n}`, n));
  const others = derive(uniformStrings(`others ${n}`, n));
  return { scalars: concat(...scalars), points, others };
}

const SIZES = [1, 2, 3, 64, 127, 128, 129, 257];

test.each(SIZES)('%i points are each multiplied by their own scalar', (n) => {
  const { scalars, points } = columns(n);
  const factors = items(scalars);
  const expected = pointsOf(points).map((each, i) => each.multiply(littleEndian(factors[i]!)));
  expect(hexOfItems(multiply(scalars, points).products)).toEqual(hexOf(expected));
  const uniform = uniformStrings(`points ${n}`, n);
  expect(hexOfItems(deriveAndMultiply(scalars, uniform))).toEqual(hexOf(expected));
});

test.each(SIZES)('the generator is multiplied by %i scalars', (n) => {
  const { scalars } = columns(n);
  const expected = items(scalars).map((each) => Point.BASE.multiply(littleEndian(each)));
  expect(hexOfItems(multiplyGenerator(scalars))).toEqual(hexOf(expected));
});

test('the generator’s multiples by the smallest scalars are those of RFC 9496 A.1', () => {
  const [, ...expected] = vectors.multiplesOfGenerator;
  const scalars = concat(...expected.map((_, i) => bytesOf(BigInt(i + 1))));
  expect(hexOfItems(multiplyGenerator(scalars))).toEqual(expected);
  expect(() => multiplyGenerator(new Uint8Array(32))).toThrowError('between 0 and the order');
});

test.each(SIZES)('the multiples of %i points sum up, in one column and in two', (n) => {
  const { scalars, points, others } = columns(n);
  const factors = items(scalars).map(littleEndian);
  const [first, second] = [points, others].map((column) =>
    pointsOf(column)
      .map((each, i) => each.multiply(factors[i]!))
      .reduce((sum, each) => sum.add(each)),
  );
  expect(hexOfItems(sumsOfMultiples(scalars, points).products)).toEqual(hexOf([first!]));
  const both = sumsOfMultiples(scalars, points, others);
  expect(hexOfItems(both.products)).toEqual(hexOf([first!, second!]));
});

test.each(SIZES)('%i points are added to others, and taken off them', (n) => {
  const { points, others } = columns(n);
  const [left, right] = [pointsOf(points), pointsOf(others)];
  const sums = left.map((each, i) => each.add(right[i]!));
  expect(hexOfItems(combine(points, '+', others).products)).toEqual(hexOf(sums));
  const differences = left.map((each, i) => each.subtract(right[i]!));
  expect(hexOfItems(combine(points, '-', others).products)).toEqual(hexOf(differences));
});

test('sums are right for equal points, opposite ones and the identity', () => {
  const opposite = Point.BASE.negate().toBytes();
  const left = concat(generator, generator, generator, identity, identity);
  const right = concat(generator, opposite, identity, generator, identity);
  const [two, one, zero] = [2, 1, 0].map((i) => vectors.multiplesOfGenerator[i]!);
  expect(hexOfItems(combine(left, '+', right).products)).toEqual([two, zero, one, one, zero]);
  const minus = toHex(opposite);
  expect(hexOfItems(combine(left, '-', right).products)).toEqual([zero, two, one, minus, zero]);
  const scalars = concat(...[5n, 5n, ORDER - 1n].map(bytesOf));
  const { products } = sumsOfMultiples(scalars, concat(generator, opposite, generator));
  expect(toHex(products)).toBe(minus);
  const nothing = sumsOfMultiples(scalars.subarray(0, 64), concat(generator, opposite));
  expect(toHex(nothing.products)).toBe(zero);
});

test('what encodes nothing is refused at its place in every operation; the identity where it is no use', () => {
  const [bad] = vectors.invalidEncodings.map(fromHex) as [Uint8Array];
  const { points, scalars, others } = columns(257);
  for (const place of [0, 1, 128, 256]) {
    for (const spoilt of [bad, identity]) {
      const changed = points.slice();
      changed.set(spoilt, 32 * place);
      expect(multiply(scalars, changed).refused).toBe(place);
      expect(sumsOfMultiples(scalars, changed).refused).toBe(place);
      expect(sumsOfMultiples(scalars, changed, others).refused).toBe(place);
      expect(sumsOfMultiples(scalars, others, changed).refused).toBe(place);
      const refused = spoilt === bad ? place : undefined;
      expect(combine(changed, '+', others).refused).toBe(refused);
      expect(combine(others, '-', changed).refused).toBe(refused);
    }
  }
});

test('a scalar out of range, or columns that do not fit, are refused', () => {
  const { points, scalars, others } = columns(3);
  for (const value of [0n, ORDER]) {
    const changed = scalars.slice();
    changed.set(bytesOf(value), 64);
    const refused = expect.objectContaining({ code: 'invalid-argument', facts: { position: 2 } });
    expect(() => multiply(changed, points)).toThrowError(refused);
    expect(() => sumsOfMultiples(changed, points)).toThrowError('between 0 and the order');
  }
  const short = scalars.subarray(0, 64);
  expect(() => multiply(short, points)).toThrowError(
    expect.objectContaining({ facts: { expected: 96, received: 64 } }),
  );
  expect(() => deriveAndMultiply(short, new Uint8Array(192))).toThrowError('number of scalars');
  expect(() => sumsOfMultiples(scalars, points, others.subarray(32))).toThrowError(
    'differ in length',
  );
  expect(() => combine(points, '+', others.subarray(32))).toThrowError('differ in length');
});

test('a sum says nothing of the one before it', () => {
  const { points, scalars } = columns(129);
  const first = sumsOfMultiples(scalars, points).products;
  sumsOfMultiples(scalars.subarray(0, 96), points.subarray(0, 96));
  expect(toHex(sumsOfMultiples(scalars, points).products)).toBe(toHex(first));
});

test.each(SIZES)('%i scalars are inverted modulo the order', (n) => {
  const { scalars } = columns(n);
  const inverses = items(invert(scalars)).map(littleEndian);
  const products = items(scalars).map((each, i) => (littleEndian(each) * inverses[i]!) % ORDER);
  expect(products).toEqual(products.map(() => 1n));
  expect(inverses.every((each) => each < ORDER)).toBe(true);
});

test('0 and what is not below the order have no inverse', () => {
  const { scalars } = columns(3);
  for (const value of [0n, ORDER, 2n ** 256n - 1n]) {
    const changed = scalars.slice();
    changed.set(bytesOf(value), 32);
    expect(() => invert(changed)).toThrowError('between 0 and the order');
  }
  expect(() => invert(scalars.subarray(1))).toThrowError('whole number');
});
