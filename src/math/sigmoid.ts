/** The logistic function as a short sine series: what a sum known only modulo its period can still be put through. */
import { SottoError } from '../base/errors.ts';
import { leastSquares } from './least-squares.ts';
import { logistic } from './linear-model.ts';

/** log(p / (1 - p)), 0 < p < 1. */
export const logit = (p: number): number => Math.log(p / (1 - p));

/** sigma(z) ~ 1/2 + sum_i coefficients[i] sin(2 pi (2i + 1) z / period), for |z| <= range. */
export interface SineSeries {
  readonly period: number;
  /** Of the odd harmonics 1, 3, 5, ... */
  readonly coefficients: Float64Array;
  readonly range: number;
  /** Largest |series - sigma| on the range. */
  readonly error: number;
}

/** Points of [0, range] at which the error is looked at: dozens between two extrema of the error. */
const GRID = 320;

/** Lawson's iteration converges linearly; by then the error moves in its fourth digit. */
const LAWSON_STEPS = 60;

/** Periods and coefficients are rounded to this, so that a last-bit difference of `Math.sin` between two machines is not seen. */
const PERIOD_STEP = 1 / 64;
const COEFFICIENT_STEP = 2 ** -20;

/**
 * The series of K odd harmonics whose largest error on |z| <= range is least: the best period between
 * 2.2 and 3.6 ranges (shorter ones bend back inside the range, longer ones waste their harmonics).
 *
 * For one period the fit is linear and found by Lawson's algorithm: least squares, again and again,
 * each point weighted by the error it had (C. L. Lawson, 1961; Rice and Usow, 1968).
 */
export function fitSineSeries(shape: { harmonics: number; range: number }): SineSeries {
  const { harmonics, range } = shape;
  if (!Number.isInteger(harmonics) || harmonics < 1 || harmonics > 6)
    throw new SottoError('invalid-argument', 'harmonics out of range', { least: 1, most: 6 });
  if (!(range >= 1 && range <= 64))
    throw new SottoError('invalid-argument', 'sigmoid range out of range', { least: 1, most: 64 });
  let best = fitPeriod(harmonics, range, roundTo(2.9 * range, PERIOD_STEP));
  let centre = 2.9 * range;
  for (let width = 0.7 * range; width > PERIOD_STEP; width /= 4) {
    const middle = centre;
    for (let step = -8; step <= 8; step++) {
      const period = roundTo(middle + (step / 8) * width, PERIOD_STEP);
      const fit = fitPeriod(harmonics, range, period);
      if (fit.error < best.error) best = fit;
    }
    centre = best.period;
  }
  return best;
}

/** The series at z: a float reference of what the protocol computes on shares. */
export function sineSeries(series: SineSeries, z: number): number {
  let sum = 0.5;
  for (let i = 0; i < series.coefficients.length; i++)
    sum += series.coefficients[i]! * Math.sin(((2 * Math.PI * (2 * i + 1)) / series.period) * z);
  return sum;
}

const roundTo = (value: number, step: number): number => Math.round(value / step) * step;

function fitPeriod(harmonics: number, range: number, period: number): SineSeries {
  const basis = new Float64Array(GRID * harmonics);
  const target = new Float64Array(GRID);
  for (let point = 0; point < GRID; point++) {
    const z = (range * (point + 1)) / GRID;
    target[point] = logistic(z) - 0.5;
    for (let i = 0; i < harmonics; i++)
      basis[point * harmonics + i] = Math.sin((2 * Math.PI * (2 * i + 1) * z) / period);
  }
  const weights = new Float64Array(GRID).fill(1 / GRID);
  let best: Pick<SineSeries, 'coefficients' | 'error'> = {
    coefficients: new Float64Array(harmonics),
    error: Number.POSITIVE_INFINITY,
  };
  for (let step = 0; step < LAWSON_STEPS; step++) {
    const coefficients = leastSquares({ basis, target, weights, unknowns: harmonics }).map((s) =>
      roundTo(s, COEFFICIENT_STEP),
    );
    const error = reweight(basis, target, weights, coefficients);
    if (error < best.error) best = { coefficients, error };
  }
  return { period, range, ...best };
}

/** Multiplies each weight by its point's error, makes them sum to 1, and returns the largest error. */
function reweight(
  basis: Float64Array,
  target: Float64Array,
  weights: Float64Array,
  coefficients: Float64Array,
): number {
  let largest = 0;
  let total = 0;
  for (let point = 0; point < target.length; point++) {
    let error = -target[point]!;
    for (let i = 0; i < coefficients.length; i++)
      error += coefficients[i]! * basis[point * coefficients.length + i]!;
    largest = Math.max(largest, Math.abs(error));
    weights[point]! *= Math.abs(error);
    total += weights[point]!;
  }
  for (let point = 0; point < weights.length; point++) weights[point]! /= total;
  return largest;
}
