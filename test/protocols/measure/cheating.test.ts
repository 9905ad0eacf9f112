/**
 * Goal: a peer that says or computes anything else than it should is found out by name, and nobody has a table.
 * Method: one role plays honestly but for one lie, once in each message.
 */
import { describe, expect, test } from 'vitest';
import { inlineCompute } from '../../../src/compute/inline.ts';
import {
  MeasureKeySchema as Key,
  MeasureSizesSchema as Sizes,
  MeasureSumsSchema as Sums,
  MeasureTableSchema as Table,
  MeasureValuesSchema as Values,
} from '../../../src/gen/sotto/protocol/v1/measure_pb.ts';
import {
  AlignFingerprintsSchema as Fingerprints,
  AlignPointsSchema as Points,
} from '../../../src/gen/sotto/protocol/v1/psi_pb.ts';
import { activeMeasure, passiveMeasure } from '../../../src/protocols/measure/index.ts';
import type { Party } from '../../../src/protocols/party.ts';
import { lying, miscomputing } from '../../support/cheat.ts';
import { measureTerms, measureTogether, type Stage } from '../../support/measure-stage.ts';
import { seededRandom } from '../../support/random.ts';
import { toyGroup } from '../../support/toy-group.ts';
import { runPair } from '../../support/two-party.ts';

const numbered = (from: number, to: number): string[] =>
  Array.from({ length: to - from }, (_, i) => `id ${from + i}`);
const stage: Stage = {
  terms: measureTerms(),
  cohorts: [numbered(0, 30), numbered(30, 50)],
  converters: numbered(10, 45),
  values: [numbered(10, 45).map((_, i) => i)],
};
const toy = {
  computes: [inlineCompute(toyGroup), inlineCompute(toyGroup)] as const,
  timeoutMs: 2_000,
};

type Cheat = (party: Party) => Party;
const points = (change: (column: Uint8Array) => Uint8Array): Cheat => {
  return (party) => lying(party, Points, ({ points }) => [{ points: change(points!) }]);
};
const twice = (column: Uint8Array, width: number): Uint8Array => {
  const copy = column.slice();
  copy.set(column.subarray(width, 2 * width));
  return copy;
};
const cohorts = (sizes: readonly number[]): Cheat => {
  return (party) => lying(party, Sizes, () => [{ cohorts: [...sizes] }]);
};
const sums = (change: (second: Uint8Array) => Uint8Array): Cheat => {
  return (party) =>
    lying(party, Sums, ({ first, second }) => [{ first: first!, second: change(second!) }]);
};
const values = (change: (seeds: Uint8Array, first: Uint8Array) => object): Cheat => {
  return (party) => lying(party, Values, ({ seeds, first }) => [change(seeds!, first!)]);
};
const rows = (change: (rows: { sums: bigint[] }[]) => { sums: bigint[] }[]): Cheat => {
  return (party) =>
    lying(party, Table, ({ rows }) => [{ rows: change(rows as { sums: bigint[] }[]) }]);
};

describe('a passive party that cheats', () => {
  const lies: Readonly<Record<string, readonly [code: string, cheat: Cheat]>> = {
    'has a cohort more': ['protocol-violation', cohorts([30, 20, 20])],
    'has a cohort below the least': ['protocol-violation', cohorts([30, 4])],
    'has more ids than agreed': ['parameters-rejected', cohorts([200_000, 20])],
    'has an id more than it sends': ['protocol-violation', cohorts([31, 20])],
    'puts one id in two places': ['protocol-violation', points((column) => twice(column, 32))],
    'sends half an element less': ['protocol-violation', points((column) => column.slice(16))],
    'sends sums that are cut': ['protocol-violation', sums((second) => second.slice(1))],
    'sends sums of something else': ['verification-failed', sums((second) => second.fill(1))],
    'sums over nobody': [
      'verification-failed',
      (party) =>
        miscomputing(party, 'sumSelected', (input) => ({ ...input, selected: new Uint32Array(0) })),
    ],
    'leaves out half of the matches': [
      'verification-failed',
      (party) =>
        miscomputing(party, 'sumSelected', (input) => ({
          ...input,
          selected: input.selected.slice(Math.ceil(input.selected.length / 2)),
        })),
    ],
    'changes its key midway': [
      'verification-failed',
      (party) =>
        miscomputing(party, 'multiplyToFingerprints', (input) => ({
          ...input,
          scalar: new Uint8Array(32).fill(3),
        })),
    ],
  };
  test.each(Object.entries(lies))('%s', async (_, [code, passive]) => {
    const [other, honest] = await measureTogether(stage, { ...toy, cheat: { passive } });
    expect(honest.error?.code).toBe(code);
    expect(honest.error?.facts.reportedBy).toBeUndefined(); // found here, not by the cheat itself
    expect([honest.value, other.value]).toEqual([undefined, undefined]);
  });
});

describe('an active party that cheats', () => {
  const lies: Readonly<Record<string, readonly [code: string, cheat: Cheat]>> = {
    'has too few ids': [
      'parameters-rejected',
      (party) => lying(party, Sizes, () => [{ converters: 3 }]),
    ],
    'has cohorts too': [
      'parameters-rejected',
      (party) => lying(party, Sizes, () => [{ converters: 35, cohorts: [30, 20] }]),
    ],
    'has a key of zeros': [
      'protocol-violation',
      (party) => lying(party, Key, ({ publicKey }) => [{ publicKey: publicKey!.fill(0) }]),
    ],
    'has half a key': [
      'protocol-violation',
      (party) => lying(party, Key, ({ publicKey }) => [{ publicKey: publicKey!.slice(9) }]),
    ],
    'sends an element twice': ['protocol-violation', points((column) => twice(column, 32))],
    'sends an element too few': ['protocol-violation', points((column) => column.slice(32))],
    'sends values that are cut': [
      'protocol-violation',
      values((seeds, first) => ({ seeds, first: first.slice(1) })),
    ],
    'sends residues above their prime': [
      'protocol-violation',
      values((seeds, first) => ({ seeds, first: first.fill(255) })),
    ],
    'sends no values': ['protocol-violation', (party) => lying(party, Values, () => [])],
    'sends a fingerprint twice': [
      'protocol-violation',
      (party) =>
        lying(party, Fingerprints, ({ fingerprints }) => [
          { fingerprints: twice(fingerprints!, 7) },
        ]),
    ],
    'sends a fingerprint too many': [
      'protocol-violation',
      (party) =>
        lying(party, Fingerprints, ({ fingerprints }) => [
          { fingerprints: Uint8Array.from([...fingerprints!, 1, 2, 3, 4, 5, 6, 7]) },
        ]),
    ],
    'has a cohort more in its table': ['protocol-violation', rows((all) => [...all, all[0]!])],
    'tells fewer sums': ['protocol-violation', rows((all) => [{ sums: [20n] }, all[1]!])],
    'tells a count below the least': [
      'protocol-violation',
      rows((all) => [{ sums: [4n, 9n] }, all[1]!]),
    ],
    'tells a sum that is no number': [
      'protocol-violation',
      rows((all) => [{ sums: [20n, 2n ** 60n] }, all[1]!]),
    ],
  };
  test.each(Object.entries(lies))('%s', async (_, [code, active]) => {
    const [honest, other] = await measureTogether(stage, { ...toy, cheat: { active } });
    expect(honest.error?.code).toBe(code);
    expect([honest.value, other.value]).toEqual([undefined, undefined]);
  });
});

test('ids twice, rows in two cohorts and values beyond their range are refused by row', async () => {
  for (const [change, facts] of [
    [{ converters: [...numbered(10, 44), 'id 10'] }, { earlier: 0, row: 34 }],
    [{ cohorts: [numbered(0, 30), numbered(29, 50)] }, { earlier: 29, row: 30 }],
    [{ values: [numbered(10, 45).map((_, i) => (i === 7 ? 1_001 : 0))] }, { column: 0, row: 7 }],
    [{ values: [numbered(10, 45).map((_, i) => (i === 7 ? 0.5 : 0))] }, { column: 0, row: 7 }],
  ] as const) {
    const [passive, active] = await measureTogether({ ...stage, ...change }, toy);
    const found = [passive.error, active.error].map((error) => error?.facts);
    expect(found).toContainEqual(expect.objectContaining(facts));
    expect(active.error?.code).toBe('invalid-argument');
  }
});

test('a passive party with a lower least of its own is refused for its small cohort', async () => {
  const small: Stage = { ...stage, cohorts: [numbered(0, 30), numbered(30, 34)] };
  const low = measureTerms({ least: 3 });
  const [, active] = await runPair(
    (party) => passiveMeasure(party, passiveInput(small, low)),
    (party) => activeMeasure(party, activeInput(small)),
    toy,
  );
  expect(active.error?.code).toBe('protocol-violation');
  expect(active.error?.facts).toMatchObject({ cohort: 1, least: 5, received: 4 });
});

test('one row in two cohorts is refused by the party that has them, which has said nothing yet', async () => {
  const input = passiveInput(stage, stage.terms);
  const cohorts = [input.cohorts[0]!, Uint32Array.of(29, ...input.cohorts[1]!)];
  const [passive] = await runPair(
    (party) => passiveMeasure(party, { ...input, cohorts }),
    (party) => activeMeasure(party, activeInput(stage)),
    toy,
  );
  expect(passive.error?.code).toBe('invalid-argument');
  expect(passive.error?.facts).toMatchObject({ row: 29, cohort: 1, earlier: 0 });
});

function passiveInput({ cohorts }: Stage, terms: Stage['terms']) {
  let row = 0;
  const rows = cohorts.map((cohort) => Uint32Array.from(cohort, () => row++));
  return { terms, ids: cohorts.flat(), cohorts: rows, noise: seededRandom('passive') };
}

function activeInput({ terms, converters, values }: Stage) {
  const columns = values.map((column) => Float64Array.from(column));
  return { terms, ids: converters, columns, noise: seededRandom('active') };
}
