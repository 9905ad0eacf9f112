import { expect, test } from 'vitest';
import { logistic } from '../../src/math/linear-model.ts';
import { fitSineSeries, logit, sineSeries } from '../../src/math/sigmoid.ts';

const FITS = [
  { harmonics: 2, range: 8, error: 0.016 },
  { harmonics: 3, range: 12, error: 0.0126 },
  { harmonics: 3, range: 16, error: 0.021 },
  { harmonics: 4, range: 20, error: 0.016 },
];

test.each(FITS)('$harmonics harmonics follow the sigmoid to $error on |z| <= $range', (fit) => {
  const series = fitSineSeries(fit);
  expect(series.error).toBeLessThanOrEqual(fit.error);
  expect(series.period).toBeGreaterThan(2.2 * fit.range);
  expect(series.period).toBeLessThan(3.6 * fit.range);
  let worst = 0;
  for (let z = -fit.range; z <= fit.range; z += fit.range / 5000)
    worst = Math.max(worst, Math.abs(sineSeries(series, z) - logistic(z)));
  expect(worst).toBeLessThan(series.error * 1.01);
});

test('no other coefficients do better at the same period', () => {
  const best = fitSineSeries({ harmonics: 2, range: 8 });
  // Chebyshev: the error of a best fit touches its bound, in turn above and below, once more than it has unknowns.
  const touches: number[] = [];
  let last = 0;
  for (let z = 0; z <= 8; z += 0.01) {
    const error = sineSeries(best, z) - logistic(z);
    if (Math.abs(error) > 0.93 * best.error && Math.sign(error) !== last) {
      touches.push(z);
      last = Math.sign(error);
    }
  }
  expect(touches.length).toBeGreaterThanOrEqual(3);
});

test('a period is a whole number of 64ths, so that both parties can compare it', () => {
  const { period } = fitSineSeries({ harmonics: 3, range: 16 });
  expect(Number.isInteger(period * 64)).toBe(true);
});

test('harmonics and ranges beyond reason are refused', () => {
  expect(() => fitSineSeries({ harmonics: 0, range: 8 })).toThrow('harmonics out of range');
  expect(() => fitSineSeries({ harmonics: 3, range: 0 })).toThrow('range out of range');
});

test('the logit undoes the logistic function', () => {
  for (const z of [-5, -0.3, 0, 2]) expect(logit(logistic(z))).toBeCloseTo(z, 10);
});
