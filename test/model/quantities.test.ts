import { expect, test } from 'vitest';
import {
  bytes,
  difference,
  duration,
  integer,
  percent,
  significant,
} from '../../src/model/quantities.ts';

/** With plain spaces instead of the unbreakable ones. */
const plain = (text: string) => text.replaceAll('\u00a0', ' ');

test.each([
  [0, '0 bytes'],
  [999, '999 bytes'],
  [1000, '1.00 kB'],
  [999_499, '999 kB'],
  [999_500, '1.00 MB'],
  [1_234_567, '1.23 MB'],
  [45_600_000_000, '45.6 GB'],
  [7e15, '7000 TB'],
])('%d bytes read %s', (count, text) => {
  expect(plain(bytes(count))).toBe(text);
});

test.each([
  [0, '0 ms'],
  [0.42, '420 ms'],
  [0.9994, '999 ms'],
  [0.9996, '1.00 s'],
  [8.314, '8.31 s'],
  [99.94, '99.9 s'],
  [99.96, '1 min 40 s'],
  [125, '2 min 5 s'],
  [3599.7, '60 min 0 s'],
  [12_000, '3 h 20 min'],
])('%d seconds read %s', (seconds, text) => {
  expect(plain(duration(seconds))).toBe(text);
});

test('units stay on the line of their number', () => {
  expect(bytes(1e6)).toBe('1.00\u00a0MB');
  expect(percent(0.1234)).toBe('12.3\u00a0%');
});

test('counts are grouped, differences signed, and a difference of nothing is neither', () => {
  expect(integer(1_234_567.4)).toBe('1,234,567');
  expect([0.0671, -0.05, 0.0001].map(difference)).toEqual(['+0.067', '−0.050', '±0.000']);
  expect([1.534, 23.46, 456.7].map(significant)).toEqual(['1.53', '23.5', '457']);
});
