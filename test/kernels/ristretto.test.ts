/**
 * Goal: the kernel gives the bytes that RFC 9496 asks for, for any input and any size of batch.
 * Method: the RFC's vectors; random and extreme inputs against libsodium and noble.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { concat, toHex } from '../../src/base/bytes.ts';
import {
  check,
  derive,
  deriveAndMultiply,
  isScalar,
  multiply,
  VERDICT,
} from '../../src/kernels/ristretto.ts';
import { isAvailable, ristrettoModule } from '../../src/kernels/ristretto-module.ts';
import { seededRandom } from '../support/random.ts';
import {
  bytesOf,
  fromHex,
  isEncoding,
  items,
  libsodium,
  ORDER,
  P,
  uniformStrings,
  vectors,
} from '../support/ristretto.ts';
import { differences } from './ristretto-differential.ts';

const sodium = await libsodium();
const generator = fromHex(vectors.multiplesOfGenerator[1]!);
const identity = new Uint8Array(32);
const scalarFrom = (seed: string | number): Uint8Array => {
  const bytes = seededRandom(seed).bytes(32);
  bytes[31]! &= 0x0f;
  return bytes;
};
const same = (actual: Uint8Array, expected: Uint8Array): void =>
  expect(items(actual).map(toHex)).toEqual(items(expected).map(toHex));

test('the machine that runs the tests runs the kernel', () => {
  expect(isAvailable()).toBe(true);
});

test('multiples of the generator (RFC 9496 A.1), one at a time and all at once', () => {
  const encodings = vectors.multiplesOfGenerator.map(fromHex);
  for (const [factor, expected] of encodings.entries()) {
    if (factor === 0) continue;
    const { products, refused } = multiply(bytesOf(BigInt(factor)), generator);
    expect([toHex(products), refused]).toEqual([toHex(expected), undefined]);
  }
  const verdicts = encodings.map((_, i) => (i === 0 ? VERDICT.identity : VERDICT.element));
  expect([...check(concat(...encodings))]).toEqual(verdicts);
});

test('all invalid encodings (A.2) are refused in either lane, and at their position', () => {
  const scalar = scalarFrom('invalid');
  for (const text of vectors.invalidEncodings) {
    const bad = fromHex(text);
    expect([...check(concat(bad, generator, bad, bad, bad))]).toEqual([2, 0, 2, 2, 2]);
    expect(multiply(scalar, concat(bad, generator)).refused).toBe(0);
    expect(multiply(scalar, concat(generator, bad, generator)).refused).toBe(1);
    expect(multiply(scalar, concat(generator, generator, bad)).refused).toBe(2);
  }
  const many = concat(...Array.from({ length: 300 }, (_, i) => (i < 257 ? generator : identity)));
  expect(multiply(scalar, many).refused).toBe(257);
});

test('elements from uniform bytes (A.3)', () => {
  const inputs = concat(...vectors.fromUniformBytes.map(({ input }) => fromHex(input)));
  const outputs = vectors.fromUniformBytes.map(({ output }) => fromHex(output));
  same(derive(inputs), concat(...outputs));
});

test('elements, multiples and verdicts are libsodium’s, 4,000 at random', async () => {
  const { valid, ...found } = await differences(4000, 'short');
  expect(found).toEqual({ cases: 4000, elements: 0, multiples: 0, blinded: 0, verdicts: 0 });
  expect(valid).toBeGreaterThan(500); // or the verdicts would show little
});

test.each([0, 1, 2, 3, 4, 127, 128, 129, 256, 259])('a batch of %i is its points', (size) => {
  const uniform = uniformStrings('sizes', size);
  const scalar = scalarFrom('sizes');
  const elements = derive(uniform);
  expect(elements.length).toBe(32 * size);
  same(
    elements,
    concat(...items(elements).map((_, i) => derive(uniform.slice(64 * i, 64 * i + 64)))),
  );
  const products = multiply(scalar, elements).products;
  same(products, concat(...items(elements).map((each) => multiply(scalar, each).products)));
  same(deriveAndMultiply(scalar, uniform), products);
  expect(check(elements)).toEqual(new Uint8Array(size));
});

test('extreme halves of uniform strings map as libsodium’s do', () => {
  const ones = 2n ** 256n - 1n;
  const small = Array.from({ length: 20 }, (_, i) => BigInt(i));
  const nearP = small.map((i) => P - 10n + i);
  const limbs = [0n, 51n, 102n, 153n, 204n].flatMap((bit) => [
    1n << bit,
    (1n << (bit + 51n)) - 1n,
    ((1n << 50n) + 1n) << bit,
    ((1n << 50n) - 1n) << bit,
  ]);
  // Limbs that are all at the turning point of the carry, or one beside it.
  const turning = [-1n, 0n, 1n].map((d) =>
    [0n, 51n, 102n, 153n, 204n].reduce((sum, bit) => sum + (((1n << 50n) + d) << bit), 0n),
  );
  const halves = [...small, ...nearP, ...limbs, ...turning, ones, ones >> 1n, 2n ** 255n].map(
    bytesOf,
  );
  const uniform = concat(
    ...halves.flatMap((half, i) => [
      concat(half, half),
      concat(half, identity),
      concat(identity, half),
      concat(half, halves[(i + 7) % halves.length]!),
    ]),
  );
  const elements = derive(uniform);
  same(elements, sodium.derive(uniform));
  const usable = items(elements).filter((each) => each.some((byte) => byte !== 0));
  expect(usable.length).toBeGreaterThan(200);
  const scalar = bytesOf(ORDER - 1n);
  same(multiply(scalar, concat(...usable)).products, sodium.multiply(scalar, concat(...usable)));
});

test('the identity hashes and multiplies to the identity, in either lane, and spoils no neighbour', () => {
  // s and -s map to points that cancel: r0 appears squared, and MAP(0) is the identity's coset.
  const zero = new Uint8Array(64);
  const other = uniformStrings('neighbour', 1);
  const scalar = scalarFrom('identity');
  const expected = sodium.derive(zero);
  expect(toHex(expected)).toBe(toHex(identity));
  const lonely = deriveAndMultiply(scalar, other);
  same(
    deriveAndMultiply(scalar, concat(zero, other, other, zero, zero, zero, other)),
    concat(identity, lonely, lonely, identity, identity, identity, lonely),
  );
});

test('any even 32 bytes are an encoding to us and to noble, or to neither', () => {
  let accepted = 0;
  const encodings = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => {
    bytes[0]! &= 0xfe;
    bytes[31]! &= 0x7f;
    return bytes;
  });
  const batches = fc.array(encodings, { minLength: 1, maxLength: 9 });
  fc.assert(
    fc.property(batches, (batch) => {
      const verdicts = [...check(concat(...batch))].map((each) => each !== VERDICT.neither);
      expect(verdicts).toEqual(batch.map(isEncoding));
      accepted += verdicts.filter(Boolean).length;
    }),
    { numRuns: 120, seed: 1 },
  );
  expect(accepted).toBeGreaterThan(60);
});

test('negative, unreduced and overlong forms of every element are refused', () => {
  for (const element of items(derive(uniformStrings('forms', 40)))) {
    const value = BigInt(`0x${toHex(element.toReversed())}`);
    const forms = [P - value, value + 2n ** 255n];
    if (value + P < 2n ** 255n) forms.push(value + P);
    expect([...check(concat(...forms.map(bytesOf)))]).toEqual(forms.map(() => VERDICT.neither));
  }
  const odd = Array.from({ length: 64 }, (_, i) => bytesOf(BigInt(2 * i + 1)));
  const beyond = Array.from({ length: 19 }, (_, i) => bytesOf(P + BigInt(i)));
  const verdicts = [...check(concat(...odd, ...beyond))];
  expect(verdicts).toEqual(verdicts.map(() => VERDICT.neither));
});

test('the smallest and largest encodings are judged as libsodium judges them', () => {
  const small = Array.from({ length: 400 }, (_, i) => bytesOf(BigInt(2 * i)));
  const large = Array.from({ length: 400 }, (_, i) => bytesOf(P - 1n - BigInt(2 * i)));
  const verdicts = [...check(concat(...small, ...large))];
  const expected = [...small, ...large].map((each) => sodium.isElement(each));
  expect(verdicts.map((each) => each !== VERDICT.neither)).toEqual(expected);
  expect(verdicts[0]).toBe(VERDICT.identity);
  expect(expected.filter(Boolean).length).toBeGreaterThan(100);
});

test.each([
  1n,
  2n,
  3n,
  31n,
  32n,
  33n,
  2n ** 252n,
  ORDER / 2n,
  ORDER / 2n + 1n,
  ORDER - 2n,
  ORDER - 1n,
])('multiples by %i are libsodium’s', (factor) => {
  const points = derive(uniformStrings('factors', 5));
  const scalar = bytesOf(factor);
  same(multiply(scalar, points).products, sodium.multiply(scalar, points));
  if (factor === 1n) same(multiply(scalar, points).products, points);
});

test('a scalar is between 0 and the order, or else refused', () => {
  for (const value of [0n, ORDER, ORDER + 1n, 2n ** 253n, 2n ** 256n - 1n]) {
    expect(isScalar(bytesOf(value))).toBe(false);
    expect(() => multiply(bytesOf(value), generator)).toThrow('between 0 and the order');
    expect(() => deriveAndMultiply(bytesOf(value), new Uint8Array(64))).toThrow('the order');
  }
  expect([1n, ORDER - 1n].map((value) => isScalar(bytesOf(value)))).toEqual([true, true]);
  expect(isScalar(new Uint8Array(31).fill(1))).toBe(false);
});

test('half an element is refused', () => {
  expect(() => multiply(scalarFrom(1), new Uint8Array(48))).toThrow('whole number');
  expect(() => check(new Uint8Array(31))).toThrow('whole number');
  expect(() => derive(new Uint8Array(96))).toThrow('whole number');
});

test('nothing of a scalar, its digits or its points stays in memory', () => {
  const scalar = scalarFrom('secret');
  const points = derive(uniformStrings('secret', 3));
  const { products } = multiply(scalar, points);
  const { memory, SCALARS, INPUT } = ristrettoModule!;
  const left = Buffer.from(memory.buffer);
  for (const secret of [scalar, ...items(points), ...items(products)]) {
    expect(left.indexOf(secret)).toBe(-1);
  }
  expect(left.subarray(SCALARS.value - 128, INPUT.value).every((byte) => byte === 0)).toBe(true);
});
