/** Input that no training takes is refused by name, where it can be mended; the peer learns code and field only. */
import { describe, expect, test } from 'vitest';
import {
  activeTrain,
  passiveTrain,
  type Settings,
} from '../../../src/protocols/vertical-lr/index.ts';
import { type TwoParties, twoParties } from '../../support/regression-data.ts';
import { type PairOptions, runPair } from '../../support/two-party.ts';

const data = twoParties({ rows: 1200, dActive: 2, dPassive: 2 });
const settings: Settings = { passes: 1, ridge: 0.01, harmonics: 2 };

function train(change: Partial<TwoParties>, theirs = settings, options: PairOptions = {}) {
  const { active, passive, labels } = { ...data, ...change };
  return runPair(
    (party) => activeTrain(party, { features: active, labels, settings }),
    (party) => passiveTrain(party, { features: passive, settings: theirs }),
    { timeoutMs: 5000, ...options },
  );
}

const withPositives = (count: number): Uint8Array => {
  const labels = new Uint8Array(1200);
  labels.fill(1, 0, count);
  return labels;
};

describe('too few of a class', () => {
  test.each([
    ['positives', withPositives(19), 19],
    ['negatives', withPositives(1181), 19],
  ])(
    '%s: the active party learns how many are needed, the passive one only the field',
    async (_, labels, found) => {
      const [active, passive] = await train({ labels });
      expect(active.error).toMatchObject({
        code: 'parameters-rejected',
        facts: { field: 'labels', needed: 20, found },
      });
      expect(passive.error?.code).toBe('parameters-rejected');
      expect(JSON.stringify(passive.error?.facts)).not.toMatch(/\d/);
      expect(passive.error?.facts).toMatchObject({ field: 'labels' });
    },
  );

  test('twenty of each will do', async () => {
    const [active, passive] = await train({ labels: withPositives(20) });
    expect([active.error, passive.error]).toEqual([undefined, undefined]);
  });
});

describe('features', () => {
  const changed = (change: (values: Float64Array) => void) => {
    const values = data.active.values.slice();
    change(values);
    return { active: { ...data.active, values } };
  };
  test.each([
    ['a constant', changed((v) => v.fill(1.5, 1200)), { field: 'features', column: 1 }],
    ['not a number', changed((v) => v.fill(Number.NaN, 5, 6)), { field: 'features', column: 0 }],
    ['beyond the cut', changed((v) => v.fill(8.1, 1300, 1301)), { column: 1, most: 8 }],
    ['infinite', changed((v) => v.fill(Number.NEGATIVE_INFINITY, 0, 1)), { column: 0 }],
    ['too short', { active: { ...data.active, values: new Float64Array(3) } }, { expected: 2400 }],
  ])('a column that is %s is refused by its number', async (_, change, facts) => {
    const [active, passive] = await train(change);
    expect(active.error).toMatchObject({ code: 'invalid-argument', facts });
    expect(passive.error).toBeDefined();
  });

  test('labels other than 0 and 1, or not one a row, are refused', async () => {
    const strange = data.labels.slice();
    strange[7] = 2;
    for (const labels of [strange, data.labels.slice(1)]) {
      const [active] = await train({ labels });
      expect(active.error).toMatchObject({ code: 'invalid-argument', facts: { field: 'labels' } });
    }
  });
});

describe('parties that mean different trainings', () => {
  test.each([
    ['passes', { passes: 2 }],
    ['ridge', { ridge: 0.02 }],
    ['harmonics', { harmonics: 3 }],
  ])('end on both sides with the field: %s', async (field, change) => {
    for (const { error } of await train({}, { ...settings, ...change }))
      expect(error).toMatchObject({ code: 'parameters-rejected', facts: { field } });
  });

  test('end on both sides with the field: rows', async () => {
    const fewer = twoParties({ rows: 1100, dActive: 2, dPassive: 2 });
    for (const { error } of await train({ passive: fewer.passive }))
      expect(error).toMatchObject({ code: 'parameters-rejected', facts: { field: 'rows' } });
  });
});

describe('sizes that would open too much', () => {
  test('more than a weight for ten rows is refused on both sides', async () => {
    const wide = twoParties({ rows: 1000, dActive: 1, dPassive: 101 });
    for (const { error } of await train(wide))
      expect(error).toMatchObject({
        code: 'parameters-rejected',
        facts: { field: 'columns', found: 101, needed: 100 },
      });
  });

  test('fewer than a thousand rows are refused on both sides', async () => {
    for (const { error } of await train(twoParties({ rows: 999, dActive: 1, dPassive: 1 })))
      expect(error).toMatchObject({ code: 'parameters-rejected', facts: { field: 'rows' } });
  });

  test('a ridge that undoes the step is refused', async () => {
    const [, passive] = await train({}, { ...settings, ridge: -1 });
    expect(passive.error).toMatchObject({ code: 'parameters-rejected', facts: { field: 'ridge' } });
  });
});
