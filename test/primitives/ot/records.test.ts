import fc from 'fast-check';
import { expect, test } from 'vitest';
import { toHex } from '../../../src/base/bytes.ts';
import {
  bitAt,
  otCorrections,
  otOpenRecord,
  otSealRecords,
  transfersFor,
} from '../../../src/primitives/ot/index.ts';
import { seededRandom } from '../../support/random.ts';

/** Random transfers, dealt. */
function transfers(bits: number, seed: number) {
  const random = seededRandom(`transfers ${seed}`);
  const choices = random.bytes(Math.ceil(bits / 8));
  const [zero, one] = [random.bytes(16 * bits), random.bytes(16 * bits)];
  const chosen = zero.map((byte, i) => (bitAt(choices, i >> 4) === 0 ? byte : one[i]!));
  return { choices, chosen, zero, one };
}

function query(count: number, width: number, index: number, seed: number) {
  const set = { count, width };
  const { choices, chosen, zero, one } = transfers(transfersFor(set), seed);
  const records = seededRandom(`records ${seed}`).bytes(count * width);
  const { corrections } = otCorrections({ ...set, index, choices });
  const { sealed } = otSealRecords({ ...set, zero, one, corrections, records });
  const open = (wanted: number): Uint8Array =>
    otOpenRecord({ ...set, index: wanted, chosen, sealed }).record;
  return { records, corrections, sealed, open };
}

test('the wanted record opens, and no other does', () => {
  const shape = fc
    .record({ count: fc.integer({ min: 2, max: 70 }), width: fc.integer({ min: 1, max: 40 }) })
    .chain((set) =>
      fc.record({ set: fc.constant(set), index: fc.nat(set.count - 1), seed: fc.nat() }),
    );
  fc.assert(
    fc.property(shape, ({ set: { count, width }, index, seed }) => {
      const { records, open } = query(count, width, index, seed);
      for (let other = 0; other < count; other += 1) {
        const truth = toHex(records.subarray(other * width, (other + 1) * width));
        if (other === index) expect(toHex(open(other))).toBe(truth);
        else if (width >= 8) expect(toHex(open(other))).not.toBe(truth);
      }
    }),
    { numRuns: 30 },
  );
});

test('every number of every small set opens', () => {
  for (let count = 2; count <= 17; count += 1) {
    for (let index = 0; index < count; index += 1) {
      const { records, open } = query(count, 11, index, 100 * count + index);
      expect(toHex(open(index))).toBe(toHex(records.subarray(index * 11, (index + 1) * 11)));
    }
  }
});

test('lengths do not depend on the wanted number, and the corrections are masked by the choices', () => {
  const seen = [0, 1, 62, 63].map((index) => query(64, 20, index, 5));
  expect(
    new Set(seen.map(({ corrections, sealed }) => `${corrections.length} ${sealed.length}`)),
  ).toEqual(new Set(['1 1280']));
  // Equal choices, so that the corrections differ by the wanted numbers alone.
  const [zero, ...others] = seen.map(({ corrections }) => corrections[0]!);
  expect(others.map((each) => each ^ zero!)).toEqual([1, 62, 63]);
  const masked = Array.from({ length: 40 }, (_, seed) => query(64, 1, 9, seed).corrections[0]!);
  expect(new Set(masked).size).toBeGreaterThan(20);
});

test('sets and messages of no usable shape are refused', () => {
  const refused = (code: string) => expect.objectContaining({ code });
  for (const set of [
    { count: 1, width: 8 },
    { count: 70_000, width: 8 },
    { count: 16, width: 0 },
    { count: 65_536, width: 1 << 20 },
    { count: 2.5, width: 8 },
  ]) {
    expect(() => transfersFor(set)).toThrowError(refused('invalid-argument'));
  }
  const choices = new Uint8Array(1);
  for (const index of [-1, 16, 1.5]) {
    const wanted = { count: 16, width: 8, index, choices };
    expect(() => otCorrections(wanted)).toThrowError(refused('invalid-argument'));
  }
  const set = { count: 16, width: 8 };
  const pads = new Uint8Array(64);
  const records = new Uint8Array(128);
  expect(() =>
    otSealRecords({ ...set, zero: pads, one: pads, records, corrections: new Uint8Array(2) }),
  ).toThrowError(refused('protocol-violation'));
  const sealed = new Uint8Array(127);
  expect(() => otOpenRecord({ ...set, index: 1, chosen: pads, sealed })).toThrowError(
    refused('protocol-violation'),
  );
});
