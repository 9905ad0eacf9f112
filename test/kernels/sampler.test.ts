/**
 * Goal: uniform bytes become exactly the distributions that RLWE needs. Method: every byte's digits, plain references,
 * chi-square and moments over coins that are the same in each run.
 */
import { describe, expect, test } from 'vitest';
import { fieldOf, N } from '../../src/kernels/field.ts';
import { kernels } from '../../src/kernels/instance.ts';
import { load, store, work } from '../../src/kernels/ring.ts';
import {
  drawError,
  drawTernary,
  ERROR_BYTES,
  embed,
  TERNARY_BYTES,
} from '../../src/kernels/sampler.ts';
import {
  binomialShares,
  correlation,
  countsOf,
  even,
  momentsOf,
  surprise,
} from '../support/frequencies.ts';
import { seededRandom } from '../support/random.ts';

const [slot, other] = [work[2]!, work[3]!];
const SENTINEL = 0x5eed;

function integers(): number[] {
  const words = new Uint32Array(N);
  store(slot, words, 0);
  return Array.from(new Int32Array(words.buffer));
}

describe('ternary', () => {
  const bytesOf = (fill: number, first: readonly number[] = []): Uint8Array => {
    const bytes = new Uint8Array(TERNARY_BYTES).fill(fill);
    bytes.set(first);
    return bytes;
  };

  test('a byte below 243 is five digits to base 3, and any other is left out', () => {
    const every = Array.from({ length: 256 }, (_, i) => i);
    expect(drawTernary(slot, bytesOf(0, every))).toBe(true);
    const digits = every
      .slice(0, 243)
      .flatMap((byte) => Array.from({ length: 5 }, (_, i) => (Math.floor(byte / 3 ** i) % 3) - 1));
    expect(integers().slice(0, digits.length)).toEqual(digits);
    expect(new Set(integers().slice(digits.length))).toEqual(new Set([-1])); // of bytes 0
  });

  test('820 kept bytes suffice, 819 do not, and nothing beyond the polynomial is written', () => {
    const guard = new Uint32Array(kernels.memory.buffer, slot + 4 * N, 16);
    guard.fill(SENTINEL);
    const rejected = (count: number) => new Array<number>(count).fill(243);
    expect(drawTernary(slot, bytesOf(121, rejected(TERNARY_BYTES - 820)))).toBe(true);
    expect(new Set(integers())).toEqual(new Set([0])); // 121 = 11111 to base 3
    expect(drawTernary(slot, bytesOf(121, rejected(TERNARY_BYTES - 819)))).toBe(false);
    expect(drawTernary(slot, bytesOf(255))).toBe(false);
    expect(new Set(guard)).toEqual(new Set([SENTINEL]));
    guard.fill(0);
  });

  test('honest coins fail to suffice with probability below 2^-190', () => {
    const [keep, reject] = [243 / 256, 13 / 256];
    // P(kept = k + 1) from P(kept = k), summed over all k < 820, in logarithms to base 2.
    let term = TERNARY_BYTES * Math.log2(reject);
    let total = 0;
    for (let kept = 0; kept < 820; kept++) {
      total += 2 ** (term + 500);
      term += Math.log2((((TERNARY_BYTES - kept) / (kept + 1)) * keep) / reject);
    }
    expect(Math.log2(total) - 500).toBeLessThan(-190);
  });

  test('each value is as frequent as the others, at every place of a byte and after any other', () => {
    const random = seededRandom('ternary');
    const drawn = Array.from({ length: 100 }, () => {
      expect(drawTernary(slot, random.bytes(TERNARY_BYTES))).toBe(true);
      return integers().map((x) => x + 1);
    });
    expect(surprise(countsOf(3, drawn.flat()), even(3))).toBeLessThan(6);
    const placed = drawn.flatMap((values) => values.map((x, i) => 3 * (i % 5) + x));
    const places = [820, 819, 819, 819, 819].flatMap((each) => new Array(3).fill(each / 3 / N));
    expect(surprise(countsOf(15, placed), places)).toBeLessThan(6);
    const pairs = drawn.flatMap((values) => values.slice(1).map((x, i) => 3 * values[i]! + x));
    expect(surprise(countsOf(9, pairs), even(9))).toBeLessThan(6);
  });
});

describe('error', () => {
  const random = seededRandom('errors');
  const draw = (bytes: Uint8Array): number[] => {
    drawError(slot, bytes);
    return integers();
  };

  test('a coefficient is the heads of 21 coins less those of 21 others', () => {
    const bytes = random.bytes(ERROR_BYTES);
    const words = new Uint32Array(bytes.buffer, bytes.byteOffset, 2 * N);
    const heads = (word: number): number =>
      (word & (2 ** 21 - 1)).toString(2).replaceAll('0', '').length;
    // Four words, then the four they are held against.
    const expected = Array.from({ length: N }, (_, i) => {
      const at = 8 * (i >> 2) + (i & 3);
      return heads(words[at]!) - heads(words[at + 4]!);
    });
    expect(draw(bytes)).toEqual(expected);
  });

  test('the extremes are reached, and coins that are not used do not count', () => {
    const bytes = new Uint8Array(ERROR_BYTES);
    const words = new Uint32Array(bytes.buffer);
    for (let i = 0; i < 2 * N; i++) words[i] = i & 4 ? 0xffe00000 : 0xffffffff;
    expect(new Set(draw(bytes))).toEqual(new Set([21]));
    for (let i = 0; i < 2 * N; i++) words[i] = i & 4 ? 0xffffffff : 0xffe00000;
    expect(new Set(draw(bytes))).toEqual(new Set([-21]));
  });

  test('frequency of every value, mean, variance and kurtosis are those of 42 coins', () => {
    const drawn = Array.from({ length: 100 }, () => draw(random.bytes(ERROR_BYTES)));
    const values = drawn.flat();
    const shifted = values.map((x) => x + 21);
    expect(surprise(countsOf(43, shifted), binomialShares())).toBeLessThan(6);
    const { mean, variance, kurtosis } = momentsOf(values);
    const root = Math.sqrt(values.length);
    expect(Math.abs(mean)).toBeLessThan((6 * Math.sqrt(10.5)) / root);
    expect(Math.abs(variance - 10.5)).toBeLessThan((6 * 10.5 * Math.SQRT2) / root);
    expect(Math.abs(kurtosis - (3 - 2 / 42))).toBeLessThan((6 * Math.sqrt(24)) / root);
    for (const lag of [1, 2, 4, 2048]) {
      const [before, after] = [values.slice(0, -lag), values.slice(lag)];
      expect(Math.abs(correlation(before, after))).toBeLessThan(6);
    }
  });
});

test('an integer is embedded as its residue, whatever the prime, and stays for the next', () => {
  const small = Int32Array.from({ length: N }, (_, i) => (i % 43) - 21);
  load(slot, small, 0);
  for (const p of [268369921, 1032193]) {
    embed(slot, other, fieldOf(p));
    const residues = new Uint32Array(N);
    store(other, residues, 0);
    expect(residues).toEqual(Uint32Array.from(small, (x) => (x < 0 ? x + p : x)));
  }
  expect(integers()).toEqual(Array.from(small));
});

test("no coins stay in the kernels' memory", () => {
  const random = seededRandom('coins');
  for (const [length, draw] of [
    [TERNARY_BYTES, drawTernary],
    [ERROR_BYTES, drawError],
  ] as const) {
    const bytes = random.bytes(length);
    draw(slot, bytes);
    const memory = Buffer.from(kernels.memory.buffer);
    for (const at of [0, 512, length - 16]) {
      expect(memory.indexOf(bytes.subarray(at, at + 16))).toBe(-1);
    }
  }
});

test('another number of bytes is refused', () => {
  expect(() => drawTernary(slot, new Uint8Array(TERNARY_BYTES - 1))).toThrow('so many bytes');
  expect(() => drawError(slot, new Uint8Array(ERROR_BYTES + 8))).toThrow('so many bytes');
});
