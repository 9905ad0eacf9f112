/** Goal: packing, joining and rounding are exact, and nothing out of range is unpacked unseen. Method: against plain integers. */
import { expect, test } from 'vitest';
import { fieldOf, N } from '../../src/kernels/field.ts';
import { kernels } from '../../src/kernels/instance.ts';
import {
  load,
  pack,
  packedBytes,
  packWords,
  round,
  spread,
  store,
  unpack,
  unpackWords,
  words,
  work,
} from '../../src/kernels/ring.ts';
import { dataPrimes } from '../../src/primitives/he/index.ts';
import { joined, randomResidues, wordsFrom } from '../support/ring.ts';

const [a, b] = [work[0]!, work[1]!];
const readWords = (): BigUint64Array =>
  new BigUint64Array(kernels.memory.buffer.slice(words, words + 8 * N));
const writeWords = (values: BigUint64Array): void =>
  new BigUint64Array(kernels.memory.buffer, words, N).set(values);
const bitAt = (bytes: Uint8Array, at: number): bigint => BigInt((bytes[at >> 3]! >> (at & 7)) & 1);
const bitsAt = (bytes: Uint8Array, at: number, width: number): bigint => {
  let value = 0n;
  for (let i = width - 1; i >= 0; i--) value = (value << 1n) | bitAt(bytes, at + i);
  return value;
};

test.each(dataPrimes([21, 22, 23, 24, 25, 26, 27, 28, 29]))(
  'residues of %i survive packing',
  (p) => {
    const field = fieldOf(p);
    const residues = randomResidues([p], 1, p);
    residues.set([0, p - 1, p - 1, 0, p - 1]);
    residues[N - 1] = p - 1;
    const bytes = new Uint8Array(3 + packedBytes(field.width) + 3);
    load(a, residues, 0);
    pack(a, field, bytes, 3);
    for (let i = 0; i < N; i++) {
      expect(Number(bitsAt(bytes, 24 + i * field.width, field.width))).toBe(residues[i]);
    }
    expect(unpack(b, field, bytes, 3)).toBe(true);
    const back = new Uint32Array(N);
    store(b, back, 0);
    expect(back).toEqual(residues);
    expect([...bytes.subarray(0, 3), ...bytes.subarray(-3)]).toEqual([0, 0, 0, 0, 0, 0]);
  },
);

test.each([0, 1, 2047, N - 1])('a residue at place %i that is its prime is refused', (place) => {
  for (const p of dataPrimes([21, 27, 28, 29])) {
    const field = fieldOf(p);
    const residues = randomResidues([p], 1, 1);
    residues[place] = p;
    const bytes = new Uint8Array(packedBytes(field.width));
    load(a, residues, 0);
    pack(a, field, bytes, 0);
    expect(unpack(b, field, bytes, 0)).toBe(false);
  }
});

test('words of every width from 1 to 58 bits survive packing, and one above the limit is seen', () => {
  const word = wordsFrom(3);
  for (let width = 1; width <= 58; width++) {
    const mask = (1n << BigInt(width)) - 1n;
    const values = BigUint64Array.from(
      { length: N },
      () => ((BigInt(word()) << 32n) | BigInt(word())) & mask,
    );
    values.set([0n, mask, mask, 0n, mask]);
    values[N - 1] = mask;
    const bytes = new Uint8Array(packedBytes(width));
    writeWords(values);
    packWords(width, bytes, 0);
    for (let i = 0; i < N; i += 7) expect(bitsAt(bytes, i * width, width)).toBe(values[i]);
    writeWords(new BigUint64Array(N));
    expect(unpackWords(width, bytes, 0, mask)).toBe(true);
    expect(readWords()).toEqual(values);
    expect(unpackWords(width, bytes, 0, mask - 1n)).toBe(false);
  }
});

const pairs = [[21], [28], [29], [21, 21], [28, 27], [27, 28], [29, 29], [21, 29], [29, 21]];
test.each(pairs.map((bits) => ({ bits })))(
  'limbs of $bits bits are joined and rounded to nearest',
  ({ bits }) => {
    const primes = dataPrimes(bits);
    const q = primes.reduce((product, p) => product * BigInt(p), 1n);
    const residues = randomResidues(primes, 1, 4);
    const edges = [0n, 1n, q - 1n, q / 2n, 1n << 10n, (1n << 10n) - 1n, 3n << 10n, q - 2048n];
    for (const [i, x] of edges.entries()) {
      for (const [limb, p] of primes.entries()) residues[limb * N + i] = Number(x % BigInt(p));
    }
    for (const dropBits of [0, 1, 8, 11, 12, 20]) {
      const slots = primes.map((_, limb) => work[limb]!);
      for (const [limb, slot] of slots.entries()) load(slot, residues, limb);
      const fields = primes.map(fieldOf);
      round(slots, fields, dropBits);
      const half = dropBits === 0 ? 0n : 1n << BigInt(dropBits - 1);
      const rounded = readWords();
      for (let i = 0; i < N; i++) {
        const limbs = primes.map((_, limb) => residues[limb * N + i]!);
        const x = joined(primes, limbs);
        expect(rounded[i]).toBe((x + half) >> BigInt(dropBits));
      }
      for (const field of fields) {
        spread(a, field, dropBits);
        const back = new Uint32Array(N);
        store(a, back, 0);
        const expected = rounded.map((y) => (y << BigInt(dropBits)) % BigInt(field.p));
        expect(Array.from(back, BigInt)).toEqual(Array.from(expected));
      }
    }
  },
);
