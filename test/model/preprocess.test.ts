/** Preprocessing: what becomes of columns, held to what whitening promises and to its own inverse. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Column, FeatureMatrix } from '../../src/math/columns.ts';
import { gram, multiply, multiplyVector } from '../../src/math/matrix.ts';
import {
  affineLayer,
  applyPreprocessing,
  fitPreprocessing,
  type Preprocessing,
  toRawWeights,
} from '../../src/model/preprocess.ts';
import { categorical, numeric, someColumns, stream } from '../support/columns.ts';
import { rawFeatures } from '../support/raw-features.ts';

const cases = fc.tuple(
  fc.integer({ min: 120, max: 400 }),
  fc.integer({ min: 1, max: 2 ** 31 - 1 }),
);

function weightsFor(prep: Preprocessing, seed: number): Float64Array {
  const next = stream(seed);
  return Float64Array.from({ length: prep.whitening.rank }, next);
}

/** The score of each row by raw weights: intercept + raw features · weights. */
function rawScores(prep: Preprocessing, columns: Column[], weights: Float64Array): Float64Array {
  const { perFeature, intercept } = toRawWeights(prep, weights);
  const vector = Float64Array.from(perFeature, ({ weight }) => weight);
  return multiplyVector(rawFeatures(prep, columns), vector).map((score) => score + intercept);
}

function expectClose(a: Float64Array, b: Float64Array, tolerance: number): void {
  expect(a.length).toBe(b.length);
  expect(a.every((x, i) => Math.abs(x - b[i]!) <= tolerance)).toBe(true);
}

const column = (matrix: FeatureMatrix, j: number): number[] => [
  ...matrix.values.subarray(j * matrix.rows, (j + 1) * matrix.rows),
];

describe('whitening', () => {
  test('the Gram matrix of whitened training rows is n times the identity, but for the ridge', () => {
    fc.assert(
      fc.property(cases, ([rows, seed]) => {
        const columns = someColumns(rows, seed);
        const white = applyPreprocessing(fitPreprocessing(columns), columns);
        fc.pre(white.clipped === 0);
        const product = gram(white);
        for (let i = 0; i < white.columns; i++) {
          for (let j = 0; j < white.columns; j++) {
            const entry = product[i * white.columns + j]! / rows;
            if (i !== j) expect(Math.abs(entry)).toBeLessThan(1e-9);
            // lambda / (lambda + ridge), for every lambda above the cut-off.
            else expect(entry).toSatisfy((x: number) => x > 0.5 - 1e-9 && x < 1);
          }
        }
      }),
      { numRuns: 30 },
    );
  });

  test('raw weights give the same score as whitened ones, to nine digits', () => {
    fc.assert(
      fc.property(cases, ([rows, seed]) => {
        const columns = someColumns(rows, seed);
        const prep = fitPreprocessing(columns);
        const white = applyPreprocessing(prep, columns);
        fc.pre(white.clipped === 0);
        const weights = weightsFor(prep, seed);
        expectClose(multiplyVector(white, weights), rawScores(prep, columns, weights), 1e-9);
      }),
      { numRuns: 30 },
    );
  });

  test('the affine layer of raw features, clipped, is the whitened matrix', () => {
    const columns = someColumns(300, 5);
    const prep = fitPreprocessing(columns);
    const white = applyPreprocessing(prep, columns);
    const { matrix, bias } = affineLayer(prep);
    const affine = multiply(rawFeatures(prep, columns), matrix, white.columns);
    for (let k = 0; k < white.columns; k++) {
      const layer = column(affine, k).map((x) => Math.min(8, Math.max(-8, x + bias[k]!)));
      expectClose(Float64Array.from(layer), Float64Array.from(column(white, k)), 1e-9);
    }
  });

  test('a duplicate, a multiple and a sum of columns add no whitened feature', () => {
    const [age, income] = someColumns(300, 3) as [Column, Column, Column];
    if (age.kind !== 'numeric') throw new Error('age is a number');
    const copies: Column[] = [
      { ...age, name: 'again' },
      { ...age, name: 'months', values: age.values.map((years) => 12 * years - 7) },
    ];
    const alone = fitPreprocessing([age, income]);
    const together = fitPreprocessing([age, income, ...copies]);
    expect(together.whitening.rank).toBe(alone.whitening.rank);
    expect(together.features.length).toBe(alone.features.length + 2);
  });

  test('one-hot levels add up to one, so they are one feature fewer after whitening', () => {
    const home = someColumns(400, 9)[2]!;
    const prep = fitPreprocessing([home]);
    expect([prep.features.length, prep.whitening.rank]).toEqual([4, 3]);
  });

  test('rows in tiles or alone are the same rows', () => {
    const columns = someColumns(9000, 21);
    const prep = fitPreprocessing(columns);
    const all = applyPreprocessing(prep, columns);
    const last = columns.map(
      (whole): Column =>
        whole.kind === 'numeric'
          ? { ...whole, values: whole.values.subarray(8999) }
          : { ...whole, codes: whole.codes.subarray(8999) },
    );
    const alone = applyPreprocessing(prep, last);
    expect([...alone.values]).toEqual(
      Array.from({ length: all.columns }, (_, j) => all.values[j * all.rows + 8999]),
    );
    expect(all.values.buffer).toBeInstanceOf(SharedArrayBuffer);
  });

  test('no whitened value exceeds the clip, and the clipped ones are counted', () => {
    const spread = Array.from({ length: 1000 }, (_, i) => (i < 3 ? 1 : 0));
    const columns = [numeric('rare', spread)];
    const white = applyPreprocessing(fitPreprocessing(columns), columns);
    expect(white.clipped).toBe(3);
    expect(Math.max(...white.values)).toBe(8);
  });
});

describe('missing values and categories', () => {
  test('a missing number counts as the training mean, and is marked', () => {
    const values = Array.from({ length: 100 }, (_, i) => (i % 5 === 0 ? Number.NaN : i));
    const columns = [numeric('x', values)];
    const prep = fitPreprocessing(columns);
    const raw = rawFeatures(prep, columns);
    expect(prep.features.map(({ indicator }) => indicator)).toEqual([undefined, 'missing']);
    const plan = prep.columns[0]!;
    expect(plan.kind === 'numeric' && raw.values[0] === plan.mean).toBe(true);
    expect(column(raw, 1)).toEqual(values.map((value) => (Number.isNaN(value) ? 1 : 0)));
  });

  test('too few missing values for an indicator leave the mean alone', () => {
    const values = Array.from({ length: 100 }, (_, i) => (i < 9 ? Number.NaN : i));
    expect(fitPreprocessing([numeric('x', values)]).features.length).toBe(1);
  });

  test('a missing category has the indicator, and none of the levels', () => {
    const texts = Array.from({ length: 90 }, (_, i) => ['a', 'b', null][i % 3]!);
    const columns = [categorical('c', texts)];
    const raw = rawFeatures(fitPreprocessing(columns), columns);
    expect([raw.values[2], raw.values[92], raw.values[182]]).toEqual([0, 0, 1]);
  });

  test('a missing value that must not be is refused by column and row of the table', () => {
    const columns = [numeric('x', [1, 2, Number.NaN, 4])];
    const uses = [{ name: 'x', missing: 'refuse' as const }];
    const rows = Uint32Array.of(7, 3, 40, 2);
    const refusal = { code: 'invalid-argument', facts: { column: 'x', row: 41 } };
    expect(() => fitPreprocessing(columns, { uses, rows })).toThrow(
      expect.objectContaining(refusal),
    );
    const complete = Array.from({ length: 40 }, (_, i) => i % 9);
    const prep = fitPreprocessing([numeric('x', complete)], { uses });
    expect(() => applyPreprocessing(prep, columns, { rows })).toThrow(
      expect.objectContaining(refusal),
    );
  });

  test('beyond the cap the most frequent categories stay, and the others share one feature', () => {
    const texts = Array.from({ length: 300 }, (_, i) => (i % 2 ? 'often' : `seldom ${i % 12}`));
    const uses = [{ name: 'c', maxCategories: 2 }];
    const prep = fitPreprocessing([categorical('c', texts)], { uses });
    expect(prep.features.map(({ category, indicator }) => category ?? indicator)).toEqual([
      'often',
      'seldom 0',
      'other',
    ]);
  });

  test('a category never seen counts as other, or as none where there is no other', () => {
    const seen = Array.from({ length: 100 }, (_, i) => ['a', 'b', 'c', 'd'][i % 4]!);
    const strange = [categorical('c', ['strange'])];
    const capped = fitPreprocessing([categorical('c', seen)], {
      uses: [{ name: 'c', maxCategories: 2 }],
    });
    expect([...rawFeatures(capped, strange).values]).toEqual([0, 0, 1]);
    const open = fitPreprocessing([categorical('c', seen)]);
    expect([...rawFeatures(open, strange).values]).toEqual([0, 0, 0, 0]);
  });

  test('a number outside the training quantiles is brought to the limit', () => {
    const values = Array.from({ length: 1001 }, (_, i) => i);
    const prep = fitPreprocessing([numeric('x', values)]);
    const raw = rawFeatures(prep, [numeric('x', [-1e9, 500, 1e9])]);
    expect([...raw.values]).toEqual([5, 500, 995]);
  });
});

describe('what is refused', () => {
  const constants: readonly (readonly [string, Column])[] = [
    ['equal numbers', numeric('x', new Array(50).fill(3))],
    ['no number at all', numeric('x', new Array(50).fill(Number.NaN))],
    ['one category', categorical('x', new Array(50).fill('a'))],
    ['one category but for a few rows', categorical('x', [...new Array(50).fill('a'), 'b'])],
    ['all categories rare', categorical('x', ['a', 'b', 'c', 'd'])],
  ];
  test.each(constants)('a constant column by name: %s', (_, constant) => {
    expect(() => fitPreprocessing([constant])).toThrow(
      expect.objectContaining({
        code: 'invalid-argument',
        facts: expect.objectContaining({ column: 'x' }),
      }),
    );
  });

  test('values whose squares leave the range of numbers', () => {
    const huge = Array.from({ length: 50 }, (_, i) => i * 1e300);
    expect(() => fitPreprocessing([numeric('x', huge)])).toThrow(/change the unit/);
  });

  test('new rows without a column that the model needs, or with one of another kind', () => {
    const prep = fitPreprocessing(someColumns(200, 1));
    const [age, income] = someColumns(200, 1) as [Column, Column];
    expect(() => applyPreprocessing(prep, [age, income])).toThrow(
      expect.objectContaining({ facts: { column: 'home', available: 'age, income' } }),
    );
    const wrong = categorical('age', new Array(200).fill('old'));
    expect(() => applyPreprocessing(prep, [wrong, income])).toThrow(/is categorical/);
  });
});
