/**
 * The sigmoid around one place, as a sum of turned and scaled phasors. Whoever multiplies phasors of
 * a shared angle by numbers of its own may choose those numbers for itself: they cost and show nothing.
 */

import { leastSquares } from './least-squares.ts';

/** log(p / (1 - p)), 0 < p < 1. */
export const logit = (p: number): number => Math.log(p / (1 - p));

import { logistic } from './linear-model.ts';

/**
 * sigma(centre + z) ~ constant + sum_k Im((real[k] + i imaginary[k]) e^(i (2k + 1) 2 pi z / period)).
 */
export interface PhasorSeries {
  readonly centre: number;
  readonly period: number;
  readonly constant: number;
  readonly real: Float64Array;
  readonly imaginary: Float64Array;
}

export interface PhasorSeriesShape {
  /** Odd harmonics 1, 3, 5, ...: at most this many. */
  readonly harmonics: number;
  readonly period: number;
  /** Logit around which the rows are: that of the base rate. */
  readonly centre: number;
}

/** Points between -reach and reach periods. */
const GRID = 400;

/**
 * Odd harmonics repeat with the opposite sign after half a period: beyond 0.42 of it either side of
 * logit 0, what is right at one end is wrong at the other.
 */
const REACH = 0.42;

/** Logits, as a standard deviation, within which rows usually lie around the base rate: here the fit is closest. */
const SPREAD = 2;

/** Weight of logits far from the centre: their rows are few, but a wrong sign would drive them away. */
const FLOOR = 0.005;

/** Weighted least squares over the reach, in sines and cosines of the logit, then turned to start at the centre. */
export function fitPhasorSeries(shape: PhasorSeriesShape): PhasorSeries {
  const { harmonics, period } = shape;
  // Beyond the reach there is nothing to fit around.
  const centre = Math.max(-REACH * period, Math.min(REACH * period, shape.centre));
  const unknowns = 2 * harmonics + 1;
  const basis = new Float64Array(GRID * unknowns).fill(1);
  const target = new Float64Array(GRID);
  const weights = new Float64Array(GRID);
  for (let point = 0; point < GRID; point++) {
    const z = REACH * period * ((2 * point) / (GRID - 1) - 1);
    target[point] = logistic(z);
    weights[point] = Math.exp(-0.5 * ((z - centre) / SPREAD) ** 2) + FLOOR;
    for (let k = 0; k < harmonics; k++) {
      const angle = angleOf(k, z, period);
      basis[point * unknowns + 1 + 2 * k] = Math.sin(angle);
      basis[point * unknowns + 2 + 2 * k] = Math.cos(angle);
    }
  }
  const fitted = leastSquares({ basis, target, weights, unknowns });
  const real = new Float64Array(harmonics);
  const imaginary = new Float64Array(harmonics);
  for (let k = 0; k < harmonics; k++) {
    const [sine, cosine] = [fitted[1 + 2 * k]!, fitted[2 + 2 * k]!];
    const turn = angleOf(k, shape.centre, period);
    real[k] = sine * Math.cos(turn) - cosine * Math.sin(turn);
    imaginary[k] = sine * Math.sin(turn) + cosine * Math.cos(turn);
  }
  return { centre: shape.centre, period, constant: fitted[0]!, real, imaginary };
}

/** The series at z, that is sigma(centre + z): a float reference of what is computed on shares. */
export function phasorSeries(series: PhasorSeries, z: number): number {
  let sum = series.constant;
  for (const [k, real] of series.real.entries()) {
    const angle = angleOf(k, z, series.period);
    sum += real * Math.sin(angle) + series.imaginary[k]! * Math.cos(angle);
  }
  return sum;
}

const angleOf = (k: number, z: number, period: number): number =>
  (2 * Math.PI * (2 * k + 1) * z) / period;
