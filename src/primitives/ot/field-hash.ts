/**
 * A hash of columns that is linear and universal: h(v) = sum of chi_b v_b, plus the last block, where v is cut
 * into blocks v_b, elements of GF(2^128). Two columns that differ before the last block collide for a share of
 * 2^-128 of all chi.
 */
import type { Bytes } from '../../base/bytes.ts';
import { expand } from '../prg/index.ts';
import { asWords } from './bits.ts';

/** Bytes of a block, of a hash and of the challenge that the chi follow from. */
export const HASH_BYTES = 16;
const WORDS = HASH_BYTES / 4;
/** A block has 32 digits of 4 bits; a table holds the 16 multiples of chi for each place of a digit. */
const DIGITS = 32;
const TABLE_WORDS = DIGITS * 16 * WORDS;

/** The hashes of columns that lie back to back, each of a whole number of blocks: 16 bytes a column. */
export function hashColumns(columns: Uint8Array, count: number, challenge: Uint8Array): Bytes {
  const bytes = columns.length / count;
  const blocks = bytes / HASH_BYTES;
  const source = asWords(columns);
  const chi = asWords(expand(challenge, 0, bytes - HASH_BYTES));
  const table = new Uint32Array(TABLE_WORDS);
  const hashes = new Uint32Array(WORDS * count);
  for (let block = 0; block < blocks - 1; block += 1) {
    fillTable(table, chi.subarray(WORDS * block, WORDS * (block + 1)));
    for (let column = 0; column < count; column += 1) {
      addProduct(hashes, WORDS * column, table, source, WORDS * (column * blocks + block));
    }
  }
  for (let column = 0; column < count; column += 1) {
    for (let word = 0; word < WORDS; word += 1) {
      hashes[WORDS * column + word]! ^= source[WORDS * (column * blocks + blocks - 1) + word]!;
    }
  }
  return new Uint8Array(hashes.buffer);
}

/** table[place][digit] = digit chi x^(4 place). */
function fillTable(table: Uint32Array, chi: Uint32Array): void {
  const power = chi.slice();
  for (let place = 0; place < DIGITS; place += 1) {
    const at = 16 * WORDS * place;
    for (let bit = 1; bit < 16; bit <<= 1) {
      for (let below = 0; below < bit; below += 1) {
        for (let word = 0; word < WORDS; word += 1) {
          table[at + WORDS * (bit + below) + word] =
            table[at + WORDS * below + word]! ^ power[word]!;
        }
      }
      timesX(power);
    }
  }
}

/** Modulo x^128 + x^7 + x^2 + x + 1; bit i of the element is the coefficient of x^i. */
function timesX(element: Uint32Array): void {
  const carry = element[WORDS - 1]! >>> 31;
  for (let word = WORDS - 1; word > 0; word -= 1) {
    element[word] = (element[word]! << 1) | (element[word - 1]! >>> 31);
  }
  element[0] = (element[0]! << 1) ^ (0x87 * carry);
}

/** hashes[to ..] += the block at `from`, times the chi of the table. */
function addProduct(
  hashes: Uint32Array,
  to: number,
  table: Uint32Array,
  source: Uint32Array,
  from: number,
): void {
  let [s0, s1, s2, s3] = [hashes[to]!, hashes[to + 1]!, hashes[to + 2]!, hashes[to + 3]!];
  let at = 0;
  for (let word = from; word < from + WORDS; word += 1) {
    for (let digits = source[word]!, i = 0; i < 8; i += 1, digits >>>= 4, at += 16 * WORDS) {
      const entry = at + WORDS * (digits & 15);
      s0 ^= table[entry]!;
      s1 ^= table[entry + 1]!;
      s2 ^= table[entry + 2]!;
      s3 ^= table[entry + 3]!;
    }
  }
  hashes[to] = s0;
  hashes[to + 1] = s1;
  hashes[to + 2] = s2;
  hashes[to + 3] = s3;
}
