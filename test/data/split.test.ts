/** The held-out split: the same for both parties, whatever else is in their tables. */
import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { splitRows } from '../../src/data/split.ts';

const seed = new Uint8Array(32).fill(7);
const ids = Array.from({ length: 4000 }, (_, i) => `C${i}`);

test('each position is on exactly one side, ascending', () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.string(), { maxLength: 60 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (some, fraction) => {
        const { train, heldOut } = splitRows(seed, some, fraction);
        const all = [...train, ...heldOut].sort((a, b) => a - b);
        expect(all).toEqual(some.map((_, position) => position));
        expect(train.toSorted()).toEqual(train);
        expect(heldOut.toSorted()).toEqual(heldOut);
      },
    ),
  );
});

test('an id keeps its side among other ids and in another order', () => {
  const whole = new Set([...splitRows(seed, ids, 0.2).heldOut].map((position) => ids[position]));
  const some = ids.filter((_, i) => i % 3 === 0).reverse();
  const { heldOut } = splitRows(seed, some, 0.2);
  expect([...heldOut].map((position) => some[position])).toEqual(
    some.filter((id) => whole.has(id)),
  );
});

test('the side is HMAC-SHA256(seed, id), its first 48 bits compared with the fraction', () => {
  const held = new Set(splitRows(seed, ids, 0.25).heldOut);
  for (const [position, id] of ids.entries()) {
    // 0.25: the two highest bits are zero.
    const first = createHmac('sha256', seed).update(id, 'utf8').digest()[0]!;
    expect(held.has(position)).toBe(first < 64);
  }
});

test('the share held out is the fraction, within four standard deviations', () => {
  const share = splitRows(seed, ids, 0.2).heldOut.length / ids.length;
  expect(Math.abs(share - 0.2)).toBeLessThan(4 * Math.sqrt((0.2 * 0.8) / ids.length));
});

test('nothing and everything can be held out', () => {
  expect(splitRows(seed, ids, 0).heldOut.length).toBe(0);
  expect(splitRows(seed, ids, 1).train.length).toBe(0);
});

test('another seed gives another split', () => {
  const other = splitRows(new Uint8Array(32).fill(8), ids, 0.2).heldOut;
  expect(other).not.toEqual(splitRows(seed, ids, 0.2).heldOut);
});

test('a fraction outside 0..1 and a short seed are refused', () => {
  for (const fraction of [-0.1, 1.1, Number.NaN]) {
    expect(() => splitRows(seed, ids, fraction)).toThrow(/fraction/);
  }
  expect(() => splitRows(new Uint8Array(8), ids, 0.2)).toThrow(
    expect.objectContaining({ facts: { expected: 16, received: 8 } }),
  );
});
