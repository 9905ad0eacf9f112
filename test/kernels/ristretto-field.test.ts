/**
 * Goal: products are exact for every element within the bounds that field.ts claims, and within them again.
 * Method: limbs put straight into the module's memory, at the bounds and where a carry turns, against integers.
 */
import { expect, test } from 'vitest';
import { ristrettoModule } from '../../src/kernels/ristretto-module.ts';
import { seededRandom } from '../support/random.ts';
import { P } from '../support/ristretto.ts';

const field = ristrettoModule!;
const ELEMENT = 80;
const [a, b, out] = [0, 1, 2].map((i) => field.PAIR.value + i * ELEMENT) as [
  number,
  number,
  number,
];
/** The largest limb of a carried element ("1x"). */
const BOUND = 2 ** 50 + 512;
type Limbs = readonly number[];

/** Both lanes of an element. */
function put(at: number, lanes: readonly [Limbs, Limbs]): void {
  const doubles = new Float64Array(field.memory.buffer, at, 10);
  lanes.forEach((limbs, lane) => {
    limbs.forEach((limb, k) => {
      doubles[2 * k + lane] = limb;
    });
  });
}

function take(at: number, lane: number): number[] {
  const doubles = new Float64Array(field.memory.buffer, at, 10);
  return Array.from({ length: 5 }, (_, k) => doubles[2 * k + lane]!);
}

const integerOf = (limbs: Limbs): bigint =>
  limbs.reduceRight((sum, limb) => (sum << 51n) + BigInt(limb), 0n);
const modulo = (value: bigint): bigint => ((value % P) + P) % P;

function expectProduct(x: readonly [Limbs, Limbs], y: readonly [Limbs, Limbs]): void {
  put(a, x);
  put(b, y);
  field.multiplyElements(out, a, b);
  [0, 1].forEach((lane) => {
    expectElement(take(out, lane), integerOf(x[lane]!) * integerOf(y[lane]!));
  });
}

function expectSquare(x: readonly [Limbs, Limbs]): void {
  put(a, x);
  field.squareElements(a, a);
  [0, 1].forEach((lane) => {
    expectElement(take(a, lane), integerOf(x[lane]!) ** 2n);
  });
}

function expectElement(limbs: Limbs, value: bigint): void {
  if (!limbs.every((limb) => Number.isInteger(limb) && Math.abs(limb) <= BOUND)) {
    expect(limbs).toBe(`five integers of at most ${BOUND}`);
  }
  if (modulo(integerOf(limbs)) !== modulo(value)) expect(integerOf(limbs)).toBe(value);
}

/** Limbs at which something turns: bounds, half a limb, a whole one, zero. */
const turning = (times: number): number[] =>
  [0, 1, 2, 513, 2 ** 26, 2 ** 49, 2 ** 50 - 1, 2 ** 50, 2 ** 50 + 1, BOUND - 1, BOUND]
    .map((limb) => Math.min(times * limb, times * BOUND))
    .concat(2 ** 50 - 2, 2 ** 50 - 19)
    .flatMap((limb) => [limb, -limb]);

/** Draws elements whose limbs are all of a list. */
function drawer(seed: string, limbs: readonly number[]): () => readonly [Limbs, Limbs] {
  const random = seededRandom(seed);
  const element = (): number[] => [...random.bytes(5)].map((byte) => limbs[byte % limbs.length]!);
  return () => [element(), element()];
}

test.each([
  [1, 1],
  [2, 1],
  [1, 3],
  [3, 1],
])('the largest products, %ix by %ix, are exact whatever the signs', (times, others) => {
  for (let signs = 0; signs < 1024; signs += 1) {
    const sign = (bit: number): number => (((signs >> bit) & 1) === 1 ? -1 : 1);
    const x = [0, 1, 2, 3, 4].map((k) => sign(k) * times * BOUND);
    const y = [0, 1, 2, 3, 4].map((k) => sign(k + 5) * others * BOUND);
    expectProduct(
      [x, y.map((limb) => (limb / others) * times)],
      [y, x.map((limb) => (limb / times) * others)],
    );
  }
});

test.each([
  [1, 1],
  [1, 2],
  [3, 1],
])('products of elements with limbs at turning points, %ix by %ix', (times, others) => {
  const x = drawer(`x ${times}`, turning(times));
  const y = drawer(`y ${others}`, turning(others));
  for (let i = 0; i < 3000; i += 1) expectProduct(x(), y());
});

test('squares at the bounds and at turning points', () => {
  const x = drawer('square', turning(1));
  for (let i = 0; i < 6000; i += 1) expectSquare(x());
  for (let signs = 0; signs < 32; signs += 1) {
    const limbs = [0, 1, 2, 3, 4].map((k) => (((signs >> k) & 1) === 1 ? -BOUND : BOUND));
    expectSquare([limbs, limbs.toReversed()]);
  }
});

test('carrying brings up to 8x back to the bounds', () => {
  const draw = drawer('carry', turning(8));
  for (let i = 0; i < 3000; i += 1) {
    const x = draw();
    put(a, x);
    field.carry(out, a);
    [0, 1].forEach((lane) => {
      expectElement(take(out, lane), integerOf(x[lane]!));
    });
  }
});

test('random products', () => {
  const random = seededRandom('products');
  const element = (): number[] => {
    const words = new BigInt64Array(random.bytes(40).buffer);
    return [...words].map((word) => Number(word >> 13n)); // 51 bits with the sign
  };
  for (let i = 0; i < 3000; i += 1) {
    expectProduct([element(), element()], [element(), element()]);
    expectSquare([element(), element()]);
  }
});
