/** What a comparison shows to whom: only what its card lists. */
import { expect, test } from 'vitest';
import { toHex } from '../../../src/base/bytes.ts';
import type { Compute } from '../../../src/compute/compute.ts';
import { inlineCompute } from '../../../src/compute/inline.ts';
import {
  AlignFingerprintsSchema,
  AlignPointsSchema,
} from '../../../src/gen/sotto/protocol/v1/psi_pb.ts';
import { SetSizesSchema } from '../../../src/gen/sotto/protocol/v1/sets_pb.ts';
import { canaryPlaces, mix, NO_DUMMIES, seeded } from '../../../src/protocols/sets/list.ts';
import { correlation } from '../../support/frequencies.ts';
import { seededRandom } from '../../support/random.ts';
import { countPair, excludePair, listed, numbered, toy } from '../../support/set-pair.ts';
import { toyGroup } from '../../support/toy-group.ts';
import type { Outcome } from '../../support/two-party.ts';

const shapeOf = ({ view, traffic }: Outcome<unknown>): unknown => [
  traffic,
  view.messages.map(({ direction, typeName, bytes }) => [direction, typeName, bytes.length]),
];

test('runs with the same declared sizes look the same on the wire, whatever is common', async () => {
  const lists = [
    [numbered(60), numbered(50)],
    [numbered(60), numbered(50, 500)],
    [numbered(60, 7), numbered(50, 30)],
  ] as const;
  const runs = [];
  for (const [x, y] of lists) runs.push(await excludePair(listed(x), listed(y), 0.2));
  for (const run of runs) expect(run.map(shapeOf)).toEqual(runs[0]!.map(shapeOf));
});

test('of a padded list only the class of sizes shows', async () => {
  const sizes = [193, 210, 224];
  const runs = [];
  for (const size of sizes) {
    const lists = [listed(numbered(size), true)];
    runs.push(await countPair(lists, [listed(numbered(100))], { epsilon: 1, floor: 1 }));
  }
  // Names are of the test, and the count itself is released.
  for (const run of runs) expect(run.map(shapeOf)).toEqual(runs[0]!.map(shapeOf));
});

test('a place in a list says nothing of the rank of an id, and canaries lie everywhere', () => {
  const ids = numbered(500);
  const places = new Float64Array(500);
  let canaries = 0;
  for (let seed = 0; seed < 40; seed++) {
    const elements = mix(listed(ids), NO_DUMMIES, seededRandom(seed), seededRandom(`${seed}`));
    elements.order.forEach((row, place) => {
      if (row < 500) places[row] = places[row]! + place;
    });
    canaries += canaryPlaces(elements, 0, 32).reduce((sum, place) => sum + place, 0);
  }
  expect(
    Math.abs(
      correlation(
        places,
        Float64Array.from(ids, (_, rank) => rank),
      ),
    ),
  ).toBeLessThan(5);
  expect(Math.abs(canaries / (40 * 32) - 281.5)).toBeLessThan(25);
});

test('the same seed gives the same order, another seed another', () => {
  const order = (byte: number) =>
    mix(listed(numbered(50)), NO_DUMMIES, seededRandom(1), seeded(new Uint8Array(32).fill(byte)))
      .order;
  expect(order(1)).toEqual(order(1));
  expect(order(1)).not.toEqual(order(2));
});

test('the fingerprints that the comparer hears are sorted, and no point comes twice in two pairs', async () => {
  const lists = [listed(numbered(40)), listed(numbered(45))];
  const [, comparer] = await countPair(lists, lists, { epsilon: 2 }, toy());
  const heard = (typeName: string) =>
    comparer.view.messages.filter((m) => m.direction === 'heard' && m.typeName === typeName);
  const points = heard(AlignPointsSchema.typeName).flatMap(({ bytes }) => records(bytes, 32));
  expect(points.length).toBeGreaterThan(4 * 40);
  expect(new Set(points).size).toBe(points.length);
  for (const { bytes } of heard(AlignFingerprintsSchema.typeName)) {
    const all = records(bytes, 7);
    expect(all.toSorted()).toEqual(all);
  }
  expect(heard(SetSizesSchema.typeName)).toHaveLength(1);
});

test('every pair of lists is compared under a key of its own, at both parties', async () => {
  const keys: string[] = [];
  const inner = inlineCompute(toyGroup);
  const run: Compute['run'] = (name, input, options) => {
    if (name === 'hashAndMultiply') keys.push(toHex((input as { scalar: Uint8Array }).scalar));
    return inner.run(name, input, options);
  };
  const lists = [listed(numbered(40)), listed(numbered(45))];
  const computes = [
    { threads: 1, run },
    { threads: 1, run },
  ] as const;
  await countPair(lists, lists, {}, { ...toy(), computes });
  expect(keys).toHaveLength(2 * 4); // a batch each
  expect(new Set(keys).size).toBe(2 * 4);
});

/** The records of a message with one column, whose head is what is left over. */
function records(bytes: Uint8Array, width: number): string[] {
  const column = bytes.subarray(bytes.length % width);
  return Array.from({ length: column.length / width }, (_, i) =>
    toHex(column.subarray(i * width, (i + 1) * width)),
  );
}
