import { expect, test } from 'vitest';
import {
  addToEach,
  bitAt,
  KAPPA,
  ROW_BYTES,
  transpose,
  xorInto,
} from '../../../src/primitives/ot/bits.ts';
import { seededRandom } from '../../support/random.ts';

test.each([32, 128, 160, 1024])(
  'transposes 128 columns of %d bits as a loop over all bits does',
  (rows) => {
    const columns = seededRandom(`transpose ${rows}`).bytes((KAPPA * rows) / 8);
    const expected = new Uint8Array(ROW_BYTES * rows);
    for (let column = 0; column < KAPPA; column += 1) {
      for (let row = 0; row < rows; row += 1) {
        const bit = bitAt(columns.subarray((column * rows) / 8), row);
        expected[ROW_BYTES * row + (column >> 3)]! |= bit << (column & 7);
      }
    }
    expect(Buffer.compare(transpose(columns), expected)).toBe(0);
  },
);

test('adds bytes of any alignment', () => {
  const random = seededRandom('xor');
  for (const [from, length] of [
    [0, 64],
    [1, 63],
    [4, 13],
    [3, 1],
    [0, 0],
  ] as const) {
    const a = random.bytes(80);
    const b = random.bytes(80);
    const expected = a.map((byte, i) => (i >= from && i < from + length ? byte ^ b[i]! : byte));
    xorInto(a.subarray(from, from + length), b.subarray(from, from + length));
    expect(a).toEqual(expected);
  }
});

test('adds a value to each row', () => {
  const rows = seededRandom('rows').bytes(5 * ROW_BYTES);
  const value = seededRandom('value').bytes(ROW_BYTES);
  const expected = rows.map((byte, i) => byte ^ value[i % ROW_BYTES]!);
  addToEach(rows, value);
  expect(rows).toEqual(expected);
});
