/** Intervals equal published ones without noise, and cover the truth as often as they say with it. */
import { expect, test } from 'vitest';
import { discreteLaplace, scaleOf, varianceOf } from '../../src/math/discrete-laplace.ts';
import {
  meanDifference,
  meanOf,
  rateDifference,
  rateOf,
  relativeLift,
  studentQuantile,
} from '../../src/math/intervals.ts';
import { seededRandom } from '../support/random.ts';

test("without noise a rate's interval is Wilson's", () => {
  // Newcombe, Statistics in Medicine 17 (1998) 857, table I, method 3.
  for (const [count, of, low, high] of [
    [81, 263, 0.2553, 0.3662],
    [15, 148, 0.0624, 0.1605],
    [0, 20, 0, 0.1611],
    [1, 29, 0.0061, 0.1718],
  ] as const) {
    const found = rateOf(count, of, 0);
    expect(found.low).toBeCloseTo(low, 3);
    expect(found.high).toBeCloseTo(high, 3);
    expect(found.effective).toBeCloseTo(of, 6);
  }
});

test("a difference of rates has Newcombe's interval", () => {
  // Newcombe, Statistics in Medicine 17 (1998) 873, table II, method 10: 56/70 - 48/80 and 9/10 - 3/10.
  const one = rateDifference(rateOf(56, 70, 0), rateOf(48, 80, 0));
  expect([one.low, one.high].map((x) => x.toFixed(4))).toEqual(['0.0524', '0.3339']);
  const other = rateDifference(rateOf(9, 10, 0), rateOf(3, 10, 0));
  expect([other.low, other.high].map((x) => x.toFixed(4))).toEqual(['0.1705', '0.8090']);
});

test("a relative lift has Katz's interval", () => {
  const lift = relativeLift(rateOf(60, 1_000, 0), rateOf(40, 1_000, 0))!;
  const factor = Math.exp(1.959964 * Math.sqrt(940 / 60_000 + 960 / 40_000));
  expect(lift.value).toBeCloseTo(0.5, 12);
  // The effective number is exact without noise.
  expect(lift.high).toBeCloseTo(1.5 * factor - 1, 3);
  expect(relativeLift(rateOf(60, 1_000, 0), rateOf(0, 1_000, 0))).toBeUndefined();
});

test("quantiles are Student's", () => {
  for (const [degrees, quantile] of [
    [5, 2.5706],
    [10, 2.2281],
    [30, 2.0423],
    [120, 1.9799],
  ] as const) {
    expect(studentQuantile(degrees)).toBeCloseTo(quantile, 2);
  }
  expect(studentQuantile(Number.POSITIVE_INFINITY)).toBeCloseTo(1.96, 4);
});

test("without noise means have Student's and Welch's intervals", () => {
  const moments = (values: readonly number[]) => ({
    sum: values.reduce((sum, x) => sum + x, 0),
    squares: values.reduce((sum, x) => sum + x * x, 0),
    of: values.length,
    noiseVariance: 0,
  });
  // R: t.test(c(27.5,21,19,23.6,17,17.9,16.9,20.1,21.9,22.6,23.1,19.6,19,21.7,21.4), ...), the textbook example of Welch's test.
  const a = [27.5, 21, 19, 23.6, 17, 17.9, 16.9, 20.1, 21.9, 22.6, 23.1, 19.6, 19, 21.7, 21.4];
  const b = [27.1, 22, 20.8, 23.4, 23.4, 23.5, 25.8, 22, 24.8, 20.2, 21.9, 22.1, 22.9, 30.5, 24.3];
  const difference = meanDifference(meanOf(moments(a)), meanOf(moments(b)));
  // t = -2.8485 with 27.884 degrees of freedom gives this half width.
  const half = (Math.abs(difference.value) / 2.8485) * 2.0488;
  expect(difference.value).toBeCloseTo(-2.8267, 3);
  expect(difference.high - difference.value).toBeCloseTo(half, 2);
});

test('noise of two parties widens intervals so that they cover as often as they say', () => {
  const random = seededRandom('coverage');
  const scale = scaleOf(1, 0.1);
  const [of, runs] = [2_000, 800];
  let [rates, means] = [0, 0];
  for (let run = 0; run < runs; run++) {
    const noise = () => discreteLaplace(random, scale) + discreteLaplace(random, scale);
    const coins = new Uint32Array(random.bytes(4 * of).buffer);
    const count = coins.reduce((sum, coin) => sum + (coin < 2 ** 32 * 0.06 ? 1 : 0), 0);
    const noiseVariance = 2 * varianceOf(scale);
    const rate = rateOf(count + noise(), of, noiseVariance);
    if (rate.low <= 0.06 && 0.06 <= rate.high) rates += 1;
    const values = Array.from(coins, (coin) => coin / 2 ** 32);
    const mean = meanOf({
      sum: values.reduce((sum, x) => sum + x, 0) + noise(),
      squares: values.reduce((sum, x) => sum + x * x, 0),
      of,
      noiseVariance,
    });
    if (mean.low <= 0.5 && 0.5 <= mean.high) means += 1;
  }
  for (const covered of [rates / runs, means / runs]) {
    expect(covered).toBeGreaterThan(0.93);
    expect(covered).toBeLessThan(0.975);
  }
  expect(rateOf(100, of, 400).effective).toBeLessThan(rateOf(100, of, 0).effective / 2);
});

test('the variance of a draw is what draws have', () => {
  const random = seededRandom('variance');
  const scale = scaleOf(3, 0.5);
  const draws = Array.from({ length: 20_000 }, () => discreteLaplace(random, scale));
  const variance = draws.reduce((sum, x) => sum + x * x, 0) / draws.length;
  expect(variance / varianceOf(scale)).toBeGreaterThan(0.94);
  expect(variance / varianceOf(scale)).toBeLessThan(1.06);
});
