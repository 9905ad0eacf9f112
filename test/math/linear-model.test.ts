import { expect, test } from 'vitest';
import { linearScores, logistic } from '../../src/math/linear-model.ts';

test('the logistic function is exact at the ends and symmetric', () => {
  expect(logistic(0)).toBe(0.5);
  expect(logistic(800)).toBe(1);
  expect(logistic(-800)).toBe(0);
  expect(logistic(3) + logistic(-3)).toBeCloseTo(1, 15);
});

test('scores are the intercept and each column times its weight', () => {
  const features = { rows: 2, columns: 2, values: Float64Array.from([1, 2, 10, 20]) };
  expect([...linearScores(features, Float64Array.from([3, 0.5]), -1)]).toEqual([7, 15]);
});
