/**
 * Bits in bytes, the least significant first: bit i is bit i mod 8 of byte i / 8. A matrix of KAPPA columns is
 * laid out by columns (each of rows / 8 bytes) or by rows (16 bytes each).
 */
import type { Bytes } from '../../base/bytes.ts';

/** Computational security in bits, base transfers, columns. */
export const KAPPA = 128;
export const ROW_BYTES = KAPPA / 8;

export const bitAt = (bits: Uint8Array, i: number): 0 | 1 =>
  ((bits[i >> 3]! >> (i & 7)) & 1) as 0 | 1;

/** a ^= b. Lengths are equal. */
export function xorInto(a: Uint8Array, b: Uint8Array): void {
  const words = aligned(a, b) ? a.length >> 2 : 0;
  const [x, y] = [wordsOf(a, words), wordsOf(b, words)];
  for (let i = 0; i < words; i += 1) x[i]! ^= y[i]!;
  for (let i = 4 * words; i < a.length; i += 1) a[i]! ^= b[i]!;
}

const aligned = (...parts: readonly Uint8Array[]): boolean =>
  parts.every((part) => part.byteOffset % 4 === 0);

const wordsOf = (bytes: Uint8Array, words: number): Uint32Array =>
  words === 0 ? new Uint32Array() : new Uint32Array(bytes.buffer, bytes.byteOffset, words);

/** The bytes as words, least significant byte first (as all machines that Node runs on lay them). */
export function asWords(bytes: Uint8Array): Uint32Array {
  const own = bytes.byteOffset % 4 === 0 ? bytes : bytes.slice();
  return new Uint32Array(own.buffer, own.byteOffset, own.length >> 2);
}

/** row ^= value, for each row. `rows` starts on a word. */
export function addToEach(rows: Uint8Array, value: Uint8Array): void {
  const words = new Uint32Array(rows.buffer, rows.byteOffset, rows.length >> 2);
  const added = asWords(value);
  for (let i = 0; i < words.length; i += 1) words[i]! ^= added[i % (ROW_BYTES / 4)]!;
}

/** Columns -> rows; the number of rows is a multiple of 32. */
export function transpose(columns: Uint8Array): Bytes {
  const rows = columns.length / ROW_BYTES;
  const stride = rows / 32; // words of a column
  const source = asWords(columns);
  const target = new Uint32Array(4 * rows);
  const block = new Uint32Array(32);
  for (let group = 0; group < KAPPA / 32; group += 1) {
    for (let word = 0; word < stride; word += 1) {
      for (let k = 0; k < 32; k += 1) block[k] = source[(32 * group + k) * stride + word]!;
      transposeBlock(block);
      for (let k = 0; k < 32; k += 1) target[4 * (32 * word + k) + group] = block[k]!;
    }
  }
  return new Uint8Array(target.buffer);
}

/** 32 x 32 bits in place: halves exchanged at ever smaller distances (Warren, Hacker's Delight, 7-3). */
function transposeBlock(block: Uint32Array): void {
  let mask = 0x0000ffff;
  for (let distance = 16; distance > 0; distance >>= 1) {
    for (let k = 0; k < 32; k = ((k | distance) + 1) & ~distance) {
      const upper = block[k]!;
      const lower = block[k | distance]!;
      const difference = ((upper >>> distance) ^ lower) & mask;
      block[k] = upper ^ (difference << distance);
      block[k | distance] = lower ^ difference;
    }
    mask ^= mask << (distance >> 1);
  }
}
