/** What an alignment shows to whom: only what its card lists. */
import { expect, test } from 'vitest';
import { toHex } from '../../../src/base/bytes.ts';
import {
  AlignConfirmationSchema,
  AlignFingerprintsSchema,
  AlignPointsSchema,
  AlignSizeSchema,
} from '../../../src/gen/sotto/protocol/v1/psi_pb.ts';
import { drawOrder } from '../../../src/protocols/psi/elements.ts';
import { alignFirst, alignSecond } from '../../../src/protocols/psi/index.ts';
import { CANARIES, sizesOf } from '../../../src/protocols/psi/setup.ts';
import { seededRandom } from '../../support/random.ts';
import { type Outcome, runPair } from '../../support/two-party.ts';

const session = new Uint8Array(32).fill(1);
const limits = { session, maxRows: 1000, minRows: 0 };
const numbered = (count: number, from = 0): string[] =>
  Array.from({ length: count }, (_, i) => `${from + i}`);

const run = (x: readonly string[], y: readonly string[], seed = 'privacy') =>
  runPair(
    (party) => alignFirst(party, { ids: x, ...limits }),
    (party) => alignSecond(party, { ids: y, ...limits }),
    { seed },
  );

/** Types and lengths of all messages, without their contents. */
const shapeOf = ({ view, traffic }: Outcome<unknown>): unknown => [
  traffic,
  view.messages.map(({ direction, typeName, bytes }) => [direction, typeName, bytes.length]),
];

test('a party hears only what the protocol lists', async () => {
  for (const { error, view } of await run(numbered(9), numbered(7, 5))) {
    expect(error).toBeUndefined();
    expect(view.heardTypes().toSorted()).toEqual(
      [AlignConfirmationSchema, AlignFingerprintsSchema, AlignPointsSchema, AlignSizeSchema]
        .map((schema) => schema.typeName)
        .toSorted(),
    );
  }
});

test('runs with the same sizes look the same on the wire, whatever is common', async () => {
  const shapes = await Promise.all([
    run(numbered(20), numbered(15)),
    run(numbered(20), numbered(15, 100)),
    run(numbered(20, 7), numbered(15, 20), 'other coins'),
  ]);
  for (const [first, second] of shapes) {
    expect(shapeOf(first)).toEqual(shapeOf(shapes[0]![0]));
    expect(shapeOf(second)).toEqual(shapeOf(shapes[0]![1]));
  }
});

test('no id is sent, and no two runs have a point or fingerprint in common', async () => {
  const ids = numbered(30).map((id) => `a name to look for ${id}`);
  const [one, other] = [await run(ids, ids, 'one'), await run(ids, ids, 'other')];
  for (const party of [0, 1] as const) {
    const all = Buffer.concat(one[party].view.messages.map(({ bytes }) => bytes));
    expect(all.includes('a name to look for')).toBe(false);
    expect(elements(one[party])).toHaveLength(30 + CANARIES);
    const before = new Set(elements(one[party]));
    expect(elements(other[party]).filter((element) => before.has(element))).toEqual([]);
    const known = new Set(fingerprintsIn(one[party]));
    expect(fingerprintsIn(other[party]).filter((fingerprint) => known.has(fingerprint))).toEqual(
      [],
    );
  }
});

const columns = (bytes: Uint8Array, width: number): string[] =>
  Array.from({ length: bytes.length / width }, (_, i) =>
    toHex(bytes.subarray(i * width, (i + 1) * width)),
  );
/** Of the peer, as this party heard them. */
const elements = ({ view }: Outcome<unknown>): string[] =>
  columns(view.heard(AlignPointsSchema)[0]!.points, 32);
const fingerprintsIn = ({ view }: Outcome<unknown>): string[] =>
  columns(view.heard(AlignFingerprintsSchema)[0]!.fingerprints, sizesOf(30, 30).width);

/** Spearman's rho of two orders of 0..n-1, times sqrt(n - 1): standard normal if they are independent. */
function correlation(order: readonly number[]): number {
  const n = order.length;
  const squares = order.reduce((sum, rank, place) => sum + (rank - place) ** 2, 0);
  return (1 - (6 * squares) / (n * (n * n - 1))) * Math.sqrt(n - 1);
}

test('the place of an element says nothing of the rank of its id', () => {
  // 200 orders: their mean is normal with a standard deviation of 1 / sqrt(200).
  const random = seededRandom('ranks');
  const each = Array.from({ length: 200 }, () => correlation([...drawOrder(300, random)]));
  const mean = each.reduce((sum, value) => sum + value, 0) / each.length;
  expect(Math.abs(mean)).toBeLessThan(5 / Math.sqrt(200));
  expect(Math.max(...each.map(Math.abs))).toBeLessThan(5);
  // Every row comes first about equally often, canaries too.
  const firsts = Array.from({ length: 4000 }, () => drawOrder(8, random)[0]!);
  for (let row = 0; row < 8 + CANARIES; row += 1) {
    const times = firsts.filter((first) => first === row).length;
    expect(Math.abs(times - 100)).toBeLessThan(55);
  }
});

test('the common order says nothing of the rank of an id', async () => {
  const ids = numbered(200).toSorted();
  const each: number[] = [];
  for (let seed = 0; seed < 5; seed += 1) {
    const [first] = await run(ids, ids, `common ${seed}`);
    each.push(correlation([...first.value!.rows]));
  }
  expect(Math.max(...each.map(Math.abs))).toBeLessThan(5);
});

test('fingerprints are long enough for the sizes', () => {
  expect(sizesOf(0, 0).width).toBe(7);
  expect(sizesOf(1_000_000, 1_000_000).width).toBe(10);
  expect(sizesOf(10, 100_000_000).width).toBe(12);
  expect(sizesOf(100_000_000, 10)).toMatchObject({ width: 12, own: 100_000_032, peer: 42 });
});

test('the confirmation differs between the parties, though they confirm the same', async () => {
  const [first, second] = await run(numbered(4), numbered(4));
  const [one] = first.view.heard(AlignConfirmationSchema);
  const [other] = second.view.heard(AlignConfirmationSchema);
  expect(toHex(one!.digest)).not.toBe(toHex(other!.digest));
});
