/** Goal: sizes say little, fingerprints are long enough, and sorted rows are found. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fingerprintBytes, segmentCount, segmentOf, sizeClass } from '../../src/tags/shape.ts';
import { findRow } from '../../src/tags/sorted-rows.ts';
import { seededRandom } from '../support/random.ts';

test('a table is padded by at most an eighth, to one of eight sizes an octave', () => {
  const classes = new Set<number>();
  for (let rows = 1024; rows <= 2048; rows++) {
    const padded = sizeClass(rows);
    expect(padded).toBeGreaterThanOrEqual(rows);
    expect(padded / rows).toBeLessThanOrEqual(1.125);
    expect(sizeClass(padded)).toBe(padded);
    classes.add(padded);
  }
  expect(classes.size).toBe(9);
  expect([0, 1, 256].map(sizeClass)).toEqual([256, 256, 256]);
});

test('a false hit is rarer than 2^-40 over all queries of an epoch', () => {
  for (const rows of [256, 1e4, 1e6, 2e7]) {
    for (const queries of [1, 1e6, 1e9]) {
      const bits = 8 * fingerprintBytes(rows, queries);
      expect(bits).toBeGreaterThanOrEqual(40 + Math.log2(rows * queries));
      expect(bits).toBeLessThanOrEqual(128);
    }
  }
  expect(fingerprintBytes(256, 1)).toBe(8);
});

test('neighbouring segments of a finer division make one of a coarser', () => {
  const shape = { fingerprintBytes: 12, recordBytes: 100 };
  expect(segmentCount(100, shape)).toBe(1);
  expect(segmentCount(1e9, shape)).toBe(64);
  const random = seededRandom('segments');
  for (let i = 0; i < 1000; i++) {
    const key = random.bytes(12);
    expect(segmentOf(key, 4)).toBe(Math.floor(segmentOf(key, 64) / 16));
  }
});

const tableOf = (keys: Uint8Array[]) => {
  const rows = Buffer.concat(keys.sort(Buffer.compare));
  let reads = 0;
  const read = (target: Uint8Array, position: number): void => {
    reads += 1;
    target.set(rows.subarray(position, position + target.length));
  };
  const table = { count: keys.length, rowBytes: 8, read, from: 0, to: 1 };
  return { table, keys, reads: () => reads };
};

test('every row is found where it is, and nothing else is', () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), { maxLength: 60 }),
      fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
      (numbers, other) => {
        const { table, keys } = tableOf(numbers.map(keyOf));
        for (const [at, key] of keys.entries()) expect(findRow(table, key)).toBe(at);
        expect(findRow(table, keyOf(other)) >= 0).toBe(numbers.includes(other));
      },
    ),
  );
});

test('a search takes a few reads, and not many more where keys are chosen against it', () => {
  const random = seededRandom('keys');
  const uniform = tableOf(Array.from({ length: 10_000 }, () => random.bytes(8)));
  for (let i = 0; i < 1000; i++) findRow(uniform.table, uniform.keys[i * 10]!);
  expect(uniform.reads() / 1000).toBeLessThan(6);
  const chosen = tableOf(Array.from({ length: 10_000 }, (_, i) => keyOf(BigInt(i))));
  expect(findRow(chosen.table, chosen.keys[7_777]!)).toBe(7_777);
  expect(chosen.reads()).toBeLessThan(8 + 15);
});

function keyOf(number: bigint): Uint8Array {
  const key = new Uint8Array(8);
  new DataView(key.buffer).setBigUint64(0, number);
  return key;
}
