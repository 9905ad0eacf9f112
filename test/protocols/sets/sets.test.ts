import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { inlineCompute } from '../../../src/compute/inline.ts';
import { BATCH } from '../../../src/protocols/psi/batches.ts';
import { sizeClass } from '../../../src/protocols/sets/index.ts';
import { CANARIES } from '../../../src/protocols/sets/list.ts';
import { countPair, excludePair, listed, numbered, toy } from '../../support/set-pair.ts';
import type { PairOptions } from '../../support/two-party.ts';

async function expectExclusion(
  x: readonly string[],
  y: readonly string[],
  holdout: number,
  options?: PairOptions,
) {
  const [asker, comparer] = await excludePair(listed(x), listed(y, true), holdout, options);
  expect(asker.error ?? comparer.error).toBeUndefined();
  const held = new Set(y);
  const common = x.filter((id) => held.has(id));
  const withheld = x.filter((_, row) => asker.value!.withheld[row] === 1);
  expect(comparer.value).toEqual({
    asked: x.length,
    overlap: common.length,
    heldOut: withheld.length - common.length,
  });
  expect(withheld.filter((id) => held.has(id))).toEqual(common);
  if (holdout === 0) expect(withheld).toEqual(common);
}

const ten = numbered(10);
const shapes: [string, string[], string[]][] = [
  ['nothing on either side', [], []],
  ['nothing on one side', [], ten],
  ['nothing on the other side', ten, []],
  ['one id', ['a'], ['a']],
  ['one id each, another', ['a'], ['b']],
  ['the same', ten, ten.toReversed()],
  ['nothing in common', ten, numbered(10, 10)],
  ['a subset', numbered(4, 3), ten],
  ['ids that look like canaries', ['canary:0', 'id:a'], ['canary:0', 'a', 'dummy:0']],
];

describe('sets of every shape', () => {
  test.each(shapes)('exclude: %s', async (_, x, y) => {
    await expectExclusion(x, y, 0, toy());
    await expectExclusion(x, y, 0.5, toy());
  });

  test.each(shapes)('count: %s', async (_, x, y) => {
    const [asker, comparer] = await countPair([listed(x, true)], [listed(y)]);
    const count = x.filter((id) => y.includes(id)).length;
    expect(comparer.value?.counts).toEqual([count < 1 ? undefined : count]);
    expect(asker.value?.counts).toEqual(comparer.value?.counts);
  });

  test.each([-1, 0, 1])('a list of one message and %i', async (more) => {
    const ids = numbered(BATCH - CANARIES + more);
    await expectExclusion(ids, ids.slice(5), 0, toy());
  });
});

test('exclusion equals set arithmetic on random texts, in the real group', async () => {
  const texts = fc.uniqueArray(fc.string({ unit: 'grapheme', maxLength: 12 }), { maxLength: 10 });
  await fc.assert(
    fc.asyncProperty(texts, texts, texts, fc.nat(), async (onlyX, onlyY, both, seed) => {
      const x = [...new Set([...onlyX, ...both])];
      const y = [...new Set([...both, ...onlyY])].reverse();
      await expectExclusion(x, y, 0, { computes: [inlineCompute(), inlineCompute()], seed });
    }),
    { numRuns: 8, seed: 1 },
  );
});

test('a table of counts equals set arithmetic on random lists', async () => {
  const ids = fc.uniqueArray(fc.integer({ min: 0, max: 60 }), { maxLength: 50 });
  const lists = fc.array(ids, { minLength: 1, maxLength: 3 });
  await fc.assert(
    fc.asyncProperty(lists, lists, fc.nat(), async (asked, compared, seed) => {
      const names = (list: readonly number[]) =>
        listed(
          list.map((id) => `p${id}`),
          true,
        );
      const options = toy(seed);
      const [asker, comparer] = await countPair(asked.map(names), compared.map(names), {}, options);
      const table = compared.flatMap((y) =>
        asked.map((x) => x.filter((id) => y.includes(id)).length || undefined),
      );
      expect(asker.value?.counts).toEqual(table);
      expect(comparer.value?.counts).toEqual(table);
    }),
    { numRuns: 30, seed: 2 },
  );
});

test('noise is centred, as wide as told, and the same on both sides', async () => {
  const errors: number[] = [];
  let deviation = 0;
  const lists = [listed(numbered(30)), listed(numbered(40))];
  for (let seed = 0; seed < 40; seed++) {
    const [asker, comparer] = await countPair(lists, lists, { epsilon: 1 }, toy(seed));
    expect(asker.value).toEqual(comparer.value);
    deviation = comparer.value!.standardDeviation;
    const exact = [30, 30, 30, 40];
    errors.push(...comparer.value!.counts.map((count, i) => count! - exact[i]!));
  }
  // The difference of two counts has the noise of both.
  const differences = errors.map((error, i) => error - errors[i ^ 1]!);
  const spread = differences.reduce((sum, each) => sum + each ** 2, 0) / differences.length;
  expect(Math.sqrt(spread / 2) / deviation).toBeGreaterThan(0.85);
  const mean = errors.reduce((sum, error) => sum + error, 0) / errors.length;
  const variance = errors.reduce((sum, error) => sum + error ** 2, 0) / errors.length;
  expect(Math.abs(mean)).toBeLessThan((5 * deviation) / Math.sqrt(errors.length));
  // One party's draws alone would be 0.71 as wide.
  expect(Math.sqrt(variance) / deviation).toBeGreaterThan(0.85);
  expect(Math.sqrt(variance) / deviation).toBeLessThan(1.15);
});

test('held out are as many as agreed, and others each time', async () => {
  const audience = listed(numbered(2_000));
  const customers = listed(numbered(500, 1_800));
  const runs = [
    await excludePair(audience, customers, 0.2),
    await excludePair(audience, customers, 0.2, toy('other')),
  ];
  for (const [, comparer] of runs) {
    expect(Math.abs(comparer.value!.heldOut - 360)).toBeLessThan(5 * Math.sqrt(1_800 * 0.2 * 0.8));
  }
  const [one, other] = runs.map(([asker]) => asker.value!.withheld);
  expect(one!.findIndex((flag, row) => flag !== other![row])).not.toBe(-1);
});

test('classes of sizes grow by at most a quarter, and every size has one', () => {
  for (let size = 0; size < 5_000; size++) {
    const found = sizeClass(size);
    expect(found).toBeGreaterThanOrEqual(size);
    expect(sizeClass(found)).toBe(found);
    if (size > 64) expect(found / size).toBeLessThan(1.25);
  }
  expect(sizeClass(1_000_000)).toBe(2 ** 20);
});
