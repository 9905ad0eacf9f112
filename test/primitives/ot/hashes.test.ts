import { createCipheriv } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { concat, toHex } from '../../../src/base/bytes.ts';
import { xorInto } from '../../../src/primitives/ot/bits.ts';
import { HASH_BYTES, hashColumns } from '../../../src/primitives/ot/field-hash.ts';
import { hashRows, permutationKey } from '../../../src/primitives/ot/row-hash.ts';
import { expand } from '../../../src/primitives/prg/index.ts';
import { seededRandom } from '../../support/random.ts';

const littleEndian = (bytes: Uint8Array): bigint => BigInt(`0x${toHex(bytes.slice().reverse())}`);

/** Product in GF(2)[x] / (x^128 + x^7 + x^2 + x + 1), a bit at a time. */
function product(a: bigint, b: bigint): bigint {
  let result = 0n;
  for (let i = 127n; i >= 0n; i -= 1n) {
    result <<= 1n;
    if (result >> 128n) result ^= (1n << 128n) | 0x87n;
    if ((b >> i) & 1n) result ^= a;
  }
  return result;
}

test('the hash of a column is the sum of its blocks times the challenge, and the last block', () => {
  const random = seededRandom('columns');
  const challenge = random.bytes(16);
  for (const [count, blocks] of [
    [1, 2],
    [3, 5],
    [128, 3],
  ] as const) {
    const columns = random.bytes(count * blocks * HASH_BYTES);
    const chi = expand(challenge, 0, (blocks - 1) * HASH_BYTES);
    const block = (of: Uint8Array, i: number) => littleEndian(of.subarray(16 * i, 16 * i + 16));
    const hashes = hashColumns(columns, count, challenge);
    for (let column = 0; column < count; column += 1) {
      let sum = block(columns, (column + 1) * blocks - 1);
      for (let i = 0; i < blocks - 1; i += 1) {
        sum ^= product(block(chi, i), block(columns, column * blocks + i));
      }
      expect(block(hashes, column)).toBe(sum);
    }
  }
});

test('the hash of columns is linear', () => {
  const bytes = fc.uint8Array({ minLength: 96, maxLength: 96 });
  const challenge = fc.uint8Array({ minLength: 16, maxLength: 16 });
  fc.assert(
    fc.property(bytes, bytes, challenge, (a, b, key) => {
      const sum = a.slice();
      xorInto(sum, b);
      const expected = hashColumns(a, 2, key);
      xorInto(expected, hashColumns(b, 2, key));
      expect(hashColumns(sum, 2, key)).toEqual(expected);
    }),
    { numRuns: 50 },
  );
});

test('a row is hashed as P(P(x) ^ tweak) ^ P(x), the tweak being batch and row', () => {
  const key = permutationKey(new Uint8Array(32).fill(1));
  const cipher = (block: Uint8Array): Uint8Array =>
    createCipheriv('aes-128-ecb', key, null).setAutoPadding(false).update(block);
  const rows = seededRandom('rows').bytes(3 * 16);
  const hashed = hashRows(key, 0x01020304, rows);
  for (let row = 0; row < 3; row += 1) {
    const inner = new Uint8Array(cipher(rows.subarray(16 * row, 16 * row + 16)));
    const tweaked = inner.slice();
    xorInto(tweaked, Uint8Array.of(4, 3, 2, 1, 0, 0, 0, 0, 0, 0, 0, 0, row, 0, 0, 0));
    const outer = new Uint8Array(cipher(tweaked));
    xorInto(outer, inner);
    expect(toHex(hashed.subarray(16 * row, 16 * row + 16))).toBe(toHex(outer));
  }
});

test('equal rows of other places, batches and sessions have other hashes', () => {
  const row = new Uint8Array(16).fill(9);
  const [key, other] = [permutationKey(Uint8Array.of(1)), permutationKey(Uint8Array.of(2))];
  const hashes = [
    hashRows(key, 0, concat(row, row)),
    hashRows(key, 1, concat(row, row)),
    hashRows(other, 0, concat(row, row)),
  ].flatMap((pair) => [toHex(pair.subarray(0, 16)), toHex(pair.subarray(16))]);
  expect(new Set(hashes).size).toBe(6);
});
