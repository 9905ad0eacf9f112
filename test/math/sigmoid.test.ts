import { expect, test } from 'vitest';
import { leastSquares } from '../../src/math/least-squares.ts';
import { logistic } from '../../src/math/linear-model.ts';
import { fitPhasorSeries, logit, phasorSeries } from '../../src/math/sigmoid.ts';

const period = 25;

test.each([0, -1, -3, 3, -5])('around logit %d the sigmoid is met to 0.007 within 4', (centre) => {
  const series = fitPhasorSeries({ harmonics: 3, period, centre });
  for (let z = -4; z <= 4; z += 0.05)
    expect(Math.abs(phasorSeries(series, z) - logistic(centre + z))).toBeLessThan(0.007);
});

test('where few rows are, it stays within 0.09 of the sigmoid up to 0.4 of the period', () => {
  for (const centre of [0, -3]) {
    const series = fitPhasorSeries({ harmonics: 3, period, centre });
    for (let z = -0.4 * period; z <= 0.4 * period; z += 0.1)
      expect(Math.abs(phasorSeries(series, z - centre) - logistic(z))).toBeLessThan(0.09);
  }
});

test('around logit 0 only sines are needed', () => {
  const { imaginary, constant } = fitPhasorSeries({ harmonics: 3, period, centre: 0 });
  for (const cosine of imaginary) expect(cosine).toBeCloseTo(0, 8);
  expect(constant).toBeCloseTo(0.5, 8);
});

test('a centre beyond the reach of the series still gives finite numbers', () => {
  const { constant, real, imaginary } = fitPhasorSeries({ harmonics: 2, period, centre: -40 });
  for (const value of [constant, ...real, ...imaginary]) expect(Number.isFinite(value)).toBe(true);
});

test('least squares finds the coefficients of what is a combination of its basis', () => {
  const basis = Float64Array.from({ length: 30 }, (_, i) => Math.sin(i * i + 1));
  const target = Float64Array.from({ length: 10 }, (_, p) => {
    const [a, b, c] = basis.subarray(3 * p, 3 * p + 3);
    return 2 * a! - 3 * b! + 0.5 * c!;
  });
  const weights = Float64Array.from({ length: 10 }, (_, p) => 1 + (p % 3));
  const found = leastSquares({ basis, target, weights, unknowns: 3 });
  for (const [i, value] of [2, -3, 0.5].entries()) expect(found[i]).toBeCloseTo(value, 8);
});

test('the logit undoes the logistic function', () => {
  for (const z of [-5, -0.3, 0, 2]) expect(logit(logistic(z))).toBeCloseTo(z, 10);
});
