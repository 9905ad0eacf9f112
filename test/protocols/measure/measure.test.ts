/** Counts and sums of cohorts equal plain arithmetic where there is no noise, and both parties hold the same table. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { inlineCompute } from '../../../src/compute/inline.ts';
import {
  measureTerms,
  measureTogether,
  plainTable,
  type Stage,
  silent,
} from '../../support/measure-stage.ts';
import { toyGroup } from '../../support/toy-group.ts';

const toy = { computes: [inlineCompute(toyGroup), inlineCompute(toyGroup)] as const };
const numbered = (from: number, to: number): string[] =>
  Array.from({ length: to - from }, (_, i) => `id ${from + i}`);

async function expectPlain(stage: Stage, options = {}): Promise<void> {
  const [passive, active] = await measureTogether(stage, options);
  expect(passive.error ?? active.error).toBeUndefined();
  expect(active.value).toEqual(plainTable(stage));
  expect(passive.value).toEqual(active.value);
}

test('with real elements and real encryption, both parties learn counts and sums', async () => {
  await expectPlain({
    terms: measureTerms(),
    cohorts: [numbered(0, 30), numbered(30, 50)],
    converters: numbered(10, 45),
    values: [numbered(10, 45).map((_, i) => i - 7)],
  });
});

test('sums equal plain arithmetic on random cohorts and values', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.integer({ min: 0, max: 40 }), { minLength: 1, maxLength: 4 }),
      fc.integer({ min: 5, max: 60 }),
      fc.array(fc.constantFrom(1, 7, 1_000, 2 ** 20, 2 ** 31), { maxLength: 3 }),
      fc.integer({ min: 0, max: 99 }),
      async (sizes, converters, mosts, seed) => {
        let at = 0;
        const cohorts = sizes.map((size) => {
          at += size;
          return numbered(at - size, at);
        });
        const values = mosts.map((most, c) =>
          Array.from(
            { length: converters },
            (_, i) => ((i * 7919 + c * 31 + seed) % 3) * most - most,
          ),
        );
        await expectPlain(
          {
            terms: measureTerms({
              cohorts: sizes.length,
              columns: mosts.map((most) => ({ most, epsilon: silent(most) })),
              least: 5,
            }),
            cohorts,
            converters: numbered(10, 10 + converters),
            values: values.map((column, c) => column.map((v) => (Math.abs(v) > mosts[c]! ? 0 : v))),
          },
          { ...toy, seed },
        );
      },
    ),
    { numRuns: 10 },
  );
});

test('converters of several blocks are summed', async () => {
  const converters = numbered(0, 9_000);
  await expectPlain(
    {
      terms: measureTerms(),
      cohorts: [numbered(2_000, 4_500), numbered(8_500, 9_500)],
      converters,
      values: [converters.map((_, i) => (i % 2_001) - 1_000)],
    },
    toy,
  );
});

test('a cohort of too few ids is not even sent, and a count of too few is not told', async () => {
  const stage: Stage = {
    terms: measureTerms({ cohorts: 3 }),
    cohorts: [numbered(0, 4), numbered(4, 24), numbered(24, 44)],
    converters: [...numbered(0, 8), ...numbered(24, 30)],
    values: [new Array<number>(14).fill(3)],
  };
  const [passive, active] = await measureTogether(stage, toy);
  expect(active.value).toEqual([
    { exposed: undefined, sums: undefined },
    { exposed: 20, sums: undefined },
    { exposed: 20, sums: [6, 18] },
  ]);
  expect(passive.value).toEqual(active.value);
});
