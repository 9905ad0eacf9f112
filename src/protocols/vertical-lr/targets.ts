/**
 * What the active party makes of its labels, for itself: where the sigmoid is met closely, and how
 * large residuals are. Both only change numbers that it multiplies or adds in private.
 */
import { fitPhasorSeries, logit, type PhasorSeries } from '../../math/sigmoid.ts';
import type { Parameters } from './parameters.ts';

export interface Targets {
  readonly labels: Uint8Array;
  /** Base rate, strictly between 0 and 1. Its logit is the intercept that the weights start from. */
  readonly rate: number;
  /** Of the sigmoid around that intercept, with the harmonics and the period of both parties. */
  readonly series: PhasorSeries;
  /** Residuals are sigma - y times this. */
  readonly pace: number;
}

/**
 * The step that both parties know is safe for base rates near a half. The curvature of the loss
 * falls with rate (1 - rate), which bounds the mean of p (1 - p); most of what it falls is given
 * back here. The bound is one of the mean: 1 instead of 0.6 was unstable on one data set of ours.
 */
const CAUTION = 0.6;
const FASTEST = 4;

export function targetsOf(labels: Uint8Array, { harmonics, period }: Parameters): Targets {
  const rate = labels.reduce((sum, y) => sum + y, 0) / labels.length;
  return {
    labels,
    rate,
    series: fitPhasorSeries({ harmonics, period, centre: logit(rate) }),
    pace: paceOf(rate),
  };
}

export const paceOf = (rate: number): number =>
  Math.min(FASTEST, Math.max(1, CAUTION / (4 * rate * (1 - rate))));
