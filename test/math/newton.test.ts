import { describe, expect, test } from 'vitest';
import { linearScores, logistic } from '../../src/math/linear-model.ts';
import { fitLogistic } from '../../src/math/newton.ts';

/** A small deterministic stream of numbers in [-1, 1). */
function* noise(seed: number): Generator<number, never> {
  for (let state = seed >>> 0; ; ) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    yield state / 2 ** 31 - 1;
  }
}

function problem(rows: number, columns: number, seed: number) {
  const stream = noise(seed);
  const next = () => stream.next().value;
  const values = Float64Array.from({ length: rows * columns }, () => 2 * next());
  const truth = Float64Array.from({ length: columns }, (_, j) => (j % 2 === 0 ? 1 : -0.5));
  const logits = linearScores({ rows, columns, values }, truth, -0.3);
  const labels = Uint8Array.from(logits, (z) => ((next() + 1) / 2 < logistic(z) ? 1 : 0));
  return { features: { rows, columns, values }, labels };
}

test('one binary feature without ridge gives the log odds ratio of the 2 x 2 table', () => {
  // x = 0: 10 of 30 positive; x = 1: 15 of 20 positive.
  const rows = 50;
  const values = Float64Array.from({ length: rows }, (_, row) => (row < 30 ? 0 : 1));
  const labels = Uint8Array.from({ length: rows }, (_, row) => (row < 10 || row >= 35 ? 1 : 0));
  const fit = fitLogistic({ rows, columns: 1, values }, labels, { ridge: 0 });
  expect(fit.intercept).toBeCloseTo(Math.log(10 / 20), 7);
  expect(fit.weights[0]).toBeCloseTo(Math.log(15 / 5) - Math.log(10 / 20), 6);
});

test('the gradient at the solution, computed by its definition, vanishes', () => {
  const { features, labels } = problem(400, 6, 5);
  const ridge = 0.01;
  const fit = fitLogistic(features, labels, { ridge });
  const scores = linearScores(features, fit.weights, fit.intercept);
  for (let j = 0; j < features.columns; j++) {
    let slope = ridge * fit.weights[j]!;
    for (let row = 0; row < features.rows; row++) {
      slope += ((logistic(scores[row]!) - labels[row]!) * features.values[j * 400 + row]!) / 400;
    }
    expect(Math.abs(slope)).toBeLessThan(1e-8);
  }
  const residual = scores.reduce((sum, z, row) => sum + logistic(z) - labels[row]!, 0);
  expect(Math.abs(residual / 400)).toBeLessThan(1e-8);
  expect(fit.gradient).toBeLessThan(1e-8);
});

test('separable classes converge with a ridge, and duplicate columns share their weight', () => {
  const values = Float64Array.from([-3, -2, -1, 1, 2, 3, -3, -2, -1, 1, 2, 3]);
  const labels = Uint8Array.from([0, 0, 0, 1, 1, 1]);
  const fit = fitLogistic({ rows: 6, columns: 2, values }, labels, { ridge: 1e-3 });
  expect(fit.weights[0]).toBeGreaterThan(1);
  expect(fit.weights[0]).toBeCloseTo(fit.weights[1]!, 6);
});

test('features far from unit scale do not stop the search', () => {
  const { features, labels } = problem(300, 3, 8);
  const scaled = { ...features, values: features.values.map((x) => 40 * x) };
  const fit = fitLogistic(scaled, labels, { ridge: 0 });
  const reference = fitLogistic(features, labels, { ridge: 0 });
  expect(fit.weights[0]! * 40).toBeCloseTo(reference.weights[0]!, 5);
});

test('without columns the intercept is the logit of the base rate', () => {
  const labels = Uint8Array.from([1, 0, 0, 0]);
  const none = { rows: 4, columns: 0, values: new Float64Array(0) };
  expect(fitLogistic(none, labels, { ridge: 1 }).intercept).toBeCloseTo(Math.log(1 / 3), 7);
});

describe('input that has no solution is refused by name', () => {
  const values = Float64Array.from([1, 2, 3]);
  const features = { rows: 3, columns: 1, values };
  test('one class only', () => {
    expect(() => fitLogistic(features, Uint8Array.from([1, 1, 1]), { ridge: 1 })).toThrow(
      /both classes/,
    );
  });
  test('a label short', () => {
    expect(() => fitLogistic(features, Uint8Array.from([1, 0]), { ridge: 1 })).toThrow(
      /one label for each row/,
    );
  });
  test('a matrix of another size', () => {
    expect(() =>
      fitLogistic({ ...features, columns: 2 }, Uint8Array.from([1, 0, 1]), { ridge: 1 }),
    ).toThrow(/another size/);
  });
  test('a negative ridge', () => {
    expect(() => fitLogistic(features, Uint8Array.from([1, 0, 1]), { ridge: -1 })).toThrow(
      /ridge is negative/,
    );
  });
});
