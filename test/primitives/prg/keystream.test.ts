import { expect, test } from 'vitest';
import { toHex } from '../../../src/base/bytes.ts';
import { expand, keystream } from '../../../src/primitives/prg/index.ts';

const bytes = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, 'hex'));

test('is AES-128 in counter mode: the output blocks of SP 800-38A appendix F.5.1', () => {
  const key = bytes('2b7e151628aed2a6abf7158809cf4f3c');
  const counter = bytes('f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff');
  expect(toHex(keystream(key, counter, 64))).toBe(
    [
      'ec8cdf7398607cb0f2d21675ea9ea1e4',
      '362b7c3c6773516318a077d7fc5073ae',
      '6a2cc3787889374fbeb4c81b17ba6c44',
      'e89c399ff0f198c6d40a31db156cabfe',
    ].join(''),
  );
});

test('a shorter expansion is the start of a longer one, and lies in memory of its own', () => {
  const seed = new Uint8Array(16).fill(7);
  const long = expand(seed, 3, 1000);
  const short = expand(seed, 3, 37);
  expect(toHex(short)).toBe(toHex(long.subarray(0, 37)));
  short.fill(0);
  expect(toHex(expand(seed, 3, 37))).toBe(toHex(long.subarray(0, 37)));
});

test('streams and seeds differ', () => {
  const seeds = [new Uint8Array(16), new Uint8Array(16).fill(1)];
  const streams = seeds.flatMap((seed) =>
    [0, 1, 2 ** 40].map((each) => toHex(expand(seed, each, 32))),
  );
  expect(new Set(streams).size).toBe(6);
});

test('a seed of another length is refused', () => {
  expect(() => expand(new Uint8Array(15), 0, 16)).toThrowError(
    expect.objectContaining({ code: 'invalid-argument' }),
  );
});
