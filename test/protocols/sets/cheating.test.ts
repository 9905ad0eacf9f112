/**
 * Goal: a peer that says or computes anything else than it should is found out, by name, and nothing
 * comes of it on the honest side.
 * Method: one role plays honestly but for one lie, against either role of exclude and of count.
 */
import { expect, test } from 'vitest';
import {
  AlignFingerprintsSchema,
  AlignPointsSchema,
} from '../../../src/gen/sotto/protocol/v1/psi_pb.ts';
import {
  CanaryPlacesSchema,
  ExcludeBitmapSchema,
  ReleasedCountsSchema,
  SetRole,
  SetSizesSchema,
} from '../../../src/gen/sotto/protocol/v1/sets_pb.ts';
import { lying, miscomputing } from '../../support/cheat.ts';
import {
  type Cast,
  countPair,
  excludePair,
  listed,
  numbered,
  toy,
  type Wrap,
} from '../../support/set-pair.ts';

const OTHER_KEY = new Uint8Array(32).fill(3);
const x = listed(numbered(400));
const y = listed(numbered(300, 200));

const points = (change: (column: Uint8Array) => readonly Uint8Array[]): Wrap => {
  return (party) =>
    lying(party, AlignPointsSchema, ({ points: column }) =>
      change(column!).map((each) => ({ points: each })),
    );
};
const fingerprints = (change: (column: Uint8Array) => readonly Uint8Array[]): Wrap => {
  return (party) =>
    lying(party, AlignFingerprintsSchema, ({ fingerprints: column }) =>
      change(column!).map((each) => ({ fingerprints: each })),
    );
};
const places = (change: (all: readonly number[]) => readonly number[]): Wrap => {
  return (party) =>
    lying(party, CanaryPlacesSchema, (message) => [{ places: [...change(message.places!)] }]);
};
const bitmap = (change: (bits: Uint8Array) => readonly Uint8Array[]): Wrap => {
  return (party) =>
    lying(party, ExcludeBitmapSchema, ({ withheld }) =>
      change(withheld!).map((each) => ({ withheld: each })),
    );
};
const twice = (column: Uint8Array): Uint8Array[] => [column, column];
const shorter = (column: Uint8Array): Uint8Array[] => [column.slice(0, -1)];
const repeated = (width: number) => (column: Uint8Array) => {
  const copy = column.slice();
  copy.set(column.subarray(width, 2 * width));
  return [copy];
};
/** 40 + 2 log2 of 464 elements. */
const WIDTH = 8;
const reversed = (column: Uint8Array): Uint8Array[] => {
  const records = Array.from({ length: column.length / WIDTH }, (_, i) =>
    column.subarray(i * WIDTH, (i + 1) * WIDTH),
  );
  return [Uint8Array.from(Buffer.concat(records.reverse()))];
};
const keyChanges: Wrap = (party) =>
  miscomputing(party, 'multiplyToFingerprints', (input, count) =>
    count === 0 ? input : { ...input, scalar: OTHER_KEY },
  );
const blindsOtherwise: Wrap = (party) =>
  miscomputing(party, 'hashAndMultiply', (input, count) =>
    count === 0 ? input : { ...input, scalar: OTHER_KEY },
  );

const LIES: readonly (readonly [string, Cast, code: string])[] = [
  ['asker sends an element twice', { asker: points(repeated(32)) }, 'protocol-violation'],
  ['comparer sends an element twice', { comparer: points(repeated(32)) }, 'protocol-violation'],
  [
    'asker sends one element too few',
    { asker: points((c) => [c.slice(32)]) },
    'protocol-violation',
  ],
  ['comparer sends its elements twice', { comparer: points(twice) }, 'protocol-violation'],
  ['asker sends nothing', { asker: points(() => []) }, 'deadline-exceeded'],
  [
    'asker returns a fingerprint twice',
    { asker: fingerprints(repeated(WIDTH)) },
    'protocol-violation',
  ],
  [
    'asker returns fingerprints as they came',
    { asker: fingerprints(reversed) },
    'protocol-violation',
  ],
  ['asker returns half a fingerprint less', { asker: fingerprints(shorter) }, 'protocol-violation'],
  ['asker changes its key midway', { asker: keyChanges }, 'verification-failed'],
  ['comparer blinds with another key midway', { comparer: blindsOtherwise }, 'verification-failed'],
  ['asker blinds with another key midway', { asker: blindsOtherwise }, 'verification-failed'],
  [
    'asker names other places',
    { asker: places((all) => all.map((_, i) => i)) },
    'verification-failed',
  ],
  [
    'asker names a place twice',
    { asker: places((all) => [all[1]!, ...all.slice(1)]) },
    'protocol-violation',
  ],
  ['asker names too few places', { asker: places((all) => all.slice(1)) }, 'protocol-violation'],
  [
    'asker names a place beyond the end',
    { asker: places((all) => [...all.slice(1), 464]) },
    'protocol-violation',
  ],
];

const roleOfLiar = (cast: Cast): 0 | 1 => (cast.asker === undefined ? 1 : 0);

test.each(LIES)('exclude: %s', async (_, cast, code) => {
  const outcomes = await excludePair(x, y, 0.1, toy(), cast);
  const honest = outcomes[1 - roleOfLiar(cast)]!;
  expect(honest.value).toBeUndefined();
  // A comparer's other key is noticed by the comparer itself; the other side hears the same name.
  expect([outcomes[0].error?.code, outcomes[1].error?.code]).toEqual([code, code]);
});

test.each(LIES)('count: %s', async (_, cast, code) => {
  const outcomes = await countPair([x], [y], {}, toy(), cast);
  expect(outcomes[1 - roleOfLiar(cast)]!.value).toBeUndefined();
  expect([outcomes[0].error?.code, outcomes[1].error?.code]).toEqual([code, code]);
});

test.each<[string, Wrap, string]>([
  ['withholds nobody', bitmap((bits) => [bits.map(() => 0)]), 'verification-failed'],
  [
    'moves the bitmap by a byte',
    bitmap((bits) => [Uint8Array.from([...bits.slice(1), 0])]),
    'verification-failed',
  ],
  ['sends a bitmap of another length', bitmap(shorter), 'protocol-violation'],
  ['sends a bitmap of a megabyte', bitmap(() => [new Uint8Array(1 << 20)]), 'protocol-violation'],
  ['sends no bitmap', bitmap(() => []), 'protocol-violation'],
])('exclude: a comparer that %s', async (_, comparer, code) => {
  const [asker] = await excludePair(x, y, 0.1, toy(), { comparer });
  expect(asker.value).toBeUndefined();
  expect(asker.error?.code).toBe(code);
});

test.each<[string, bigint[], number[]]>([
  ['of another size', [5n, 5n], [0, 0]],
  ['with a number below the floor', [3n], [0]],
  ['with a suppressed number', [70n], [1]],
  ['with another mark', [70n], [2]],
])('count: a comparer that releases a table %s', async (_, counts, suppressed) => {
  const comparer: Wrap = (party) =>
    lying(party, ReleasedCountsSchema, () => [{ counts, suppressed: Uint8Array.from(suppressed) }]);
  const [asker] = await countPair([x], [y], { floor: 50 }, toy(), { comparer });
  expect(asker.error?.code).toBe('protocol-violation');
});

test.each<[string, Wrap, string]>([
  [
    'has four billion ids',
    (party) => lying(party, SetSizesSchema, (m) => [{ ...m, elements: [2 ** 32 - 1] }]),
    'parameters-rejected',
  ],
  [
    'has two lists',
    (party) => lying(party, SetSizesSchema, (m) => [{ ...m, elements: [1, 2] }]),
    'protocol-violation',
  ],
  [
    'names its rows shorter',
    (party) => lying(party, SetSizesSchema, (m) => [{ ...m, names: new Uint8Array(15) }]),
    'protocol-violation',
  ],
  [
    'plays our role',
    (party) => lying(party, SetSizesSchema, (m) => [{ ...m, role: SetRole.UNSPECIFIED }]),
    'parameters-rejected',
  ],
])('a peer that says it %s, on either side', async (_, cheat, code) => {
  const [, comparer] = await excludePair(x, y, 0.1, toy(), { asker: cheat });
  const [asker] = await excludePair(x, y, 0.1, toy(), { comparer: cheat });
  expect([comparer.error?.code, asker.error?.code]).toEqual([code, code]);
});

test('an id twice, and text that has no UTF-8, are refused before anything is said', async () => {
  for (const ids of [
    ['a', 'a'],
    ['a', '\ud800'],
  ]) {
    const [asker] = await excludePair(listed(ids), y);
    expect(asker.error?.code).toBe('invalid-argument');
    expect(asker.traffic.sent).toBeLessThan(100);
  }
});
