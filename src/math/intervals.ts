/**
 * Confidence intervals (95 %) of rates, means and their differences, from numbers that carry noise of a known
 * variance besides what chance does to samples.
 */

export interface Interval {
  readonly low: number;
  readonly high: number;
}

/** Of the normal distribution at 97.5 %. */
const Z = 1.959963984540054;

export interface Rate extends Interval {
  readonly rate: number;
  /** People that would give as narrow an interval without noise. */
  readonly effective: number;
}

/**
 * Wilson's interval (1927) of a noisy count among `of` people. Noise is a design effect: as many fewer people as make
 * the binomial variance what both variances are together (Korn, Graubard 1998). The variance is taken at a rate moved
 * a little towards 1/2 (Agresti, Coull 1998), so that it is never zero.
 */
export function rateOf(count: number, of: number, noiseVariance: number): Rate {
  const rate = Math.min(1, Math.max(0, count / of));
  const moved = Math.min(1, Math.max(0, (count + 2) / (of + 4)));
  const spread = Math.max(moved * (1 - moved), 1 / (of + 4));
  const effective = spread / (spread / of + noiseVariance / of ** 2);
  const weight = Z ** 2 / effective;
  const centre = (rate + weight / 2) / (1 + weight);
  const half =
    (Z * Math.sqrt((rate * (1 - rate)) / effective + weight / (4 * effective))) / (1 + weight);
  return { rate, low: Math.max(0, centre - half), high: Math.min(1, centre + half), effective };
}

export interface Estimate extends Interval {
  readonly value: number;
}

/** a - b, by the squares of the two intervals' halves (Newcombe 1998, method 10). */
export function rateDifference(a: Rate, b: Rate): Estimate {
  const value = a.rate - b.rate;
  return {
    value,
    low: value - Math.hypot(a.rate - a.low, b.high - b.rate),
    high: value + Math.hypot(a.high - a.rate, b.rate - b.low),
  };
}

/** a / b - 1, by the normal approximation of the ratio's logarithm (Katz et al. 1978); undefined where a rate is 0. */
export function relativeLift(a: Rate, b: Rate): Estimate | undefined {
  if (a.rate === 0 || b.rate === 0) return undefined;
  const variance = ({ rate, effective }: Rate): number => (1 - rate) / (rate * effective);
  const ratio = a.rate / b.rate;
  const factor = Math.exp(Z * Math.sqrt(variance(a) + variance(b)));
  return { value: ratio - 1, low: ratio / factor - 1, high: ratio * factor - 1 };
}

/** A mean and the two parts of its variance. */
export interface Mean extends Interval {
  readonly mean: number;
  /** What chance contributes: the sample's variance over its size. */
  readonly sampling: number;
  readonly noise: number;
  readonly of: number;
}

export interface Moments {
  readonly sum: number;
  readonly squares: number;
  readonly of: number;
  /** Of `sum`. */
  readonly noiseVariance: number;
}

/** Of `of` values; the interval is Student's where there is no noise. */
export function meanOf({ sum, squares, of, noiseVariance }: Moments): Mean {
  const mean = sum / of;
  const sampling = Math.max(0, (squares - sum * mean) / (of - 1)) / of;
  const noise = noiseVariance / of ** 2;
  const parts = { mean, sampling, noise, of };
  const half = halfWidth([{ ...parts, low: 0, high: 0 }]);
  return { ...parts, low: mean - half, high: mean + half };
}

/** a - b (Welch 1947); noise has a variance that is known, and takes no degrees of freedom. */
export function meanDifference(a: Mean, b: Mean): Estimate {
  const value = a.mean - b.mean;
  const half = halfWidth([a, b]);
  return { value, low: value - half, high: value + half };
}

/** Degrees of freedom after Satterthwaite (1946). */
function halfWidth(means: readonly Mean[]): number {
  const variance = means.reduce((sum, { sampling, noise }) => sum + sampling + noise, 0);
  const uncertain = means.reduce((sum, { sampling, of }) => sum + sampling ** 2 / (of - 1), 0);
  return (
    studentQuantile(uncertain === 0 ? Number.POSITIVE_INFINITY : variance ** 2 / uncertain) *
    Math.sqrt(variance)
  );
}

/** At 97.5 %, by Cornish and Fisher's expansion (Abramowitz, Stegun 26.7.5): to 1e-3 from 4 degrees of freedom. */
export function studentQuantile(degrees: number): number {
  const [z3, z5, z7] = [Z ** 3, Z ** 5, Z ** 7];
  return (
    Z +
    (z3 + Z) / (4 * degrees) +
    (5 * z5 + 16 * z3 + 3 * Z) / (96 * degrees ** 2) +
    (3 * z7 + 19 * z5 + 17 * z3 - 15 * Z) / (384 * degrees ** 3)
  );
}
