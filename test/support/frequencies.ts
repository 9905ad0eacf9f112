/** Pearson's test: whether counts are what a distribution promises. */

/** Which of `bins` each value falls into. */
export function countsOf(bins: number, values: Iterable<number>): number[] {
  const counts = new Array<number>(bins).fill(0);
  for (const value of values) counts[value] = counts[value]! + 1;
  return counts;
}

/**
 * How far counts are from `shares` (which sum to 1), in standard deviations of a standard normal: chi-square by Wilson
 * and Hilferty's cube root. Honest coins exceed 6 once in 10^9. Bins that expect fewer than eight are joined.
 */
export function surprise(counts: readonly number[], shares: readonly number[]): number {
  const total = counts.reduce((sum, count) => sum + count, 0);
  let chiSquare = 0;
  let bins = 0;
  let rare = { found: 0, expected: 0 };
  for (const [i, found] of counts.entries()) {
    const expected = total * shares[i]!;
    if (expected < 8) {
      rare = { found: rare.found + found, expected: rare.expected + expected };
      continue;
    }
    chiSquare += (found - expected) ** 2 / expected;
    bins++;
  }
  if (rare.expected > 0.5) {
    chiSquare += (rare.found - rare.expected) ** 2 / rare.expected;
    bins++;
  } else if (rare.found > 6) return Number.POSITIVE_INFINITY;
  const freedom = bins - 1;
  const spread = 2 / (9 * freedom);
  return (Math.cbrt(chiSquare / freedom) - (1 - spread)) / Math.sqrt(spread);
}

export const even = (bins: number): number[] => new Array<number>(bins).fill(1 / bins);

/** Shares of -21..21 in the centred binomial of 42 coins. */
export function binomialShares(): number[] {
  const shares = [2 ** -42];
  for (let heads = 1; heads <= 42; heads++) {
    shares.push((shares[heads - 1]! * (43 - heads)) / heads);
  }
  return shares;
}

/** Correlation coefficient of two lists, times the root of their length: about normal where they are independent. */
export function correlation(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const mean = (x: ArrayLike<number>): number =>
    Array.from(x).reduce((sum, each) => sum + each, 0) / x.length;
  const [meanA, meanB] = [mean(a), mean(b)];
  let [ab, aa, bb] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    const [x, y] = [a[i]! - meanA, b[i]! - meanB];
    ab += x * y;
    aa += x * x;
    bb += y * y;
  }
  return (ab / Math.sqrt(aa * bb)) * Math.sqrt(a.length);
}

export interface Moments {
  readonly mean: number;
  readonly variance: number;
  readonly kurtosis: number;
}

export function momentsOf(values: readonly number[]): Moments {
  const about = (centre: number, power: number): number =>
    values.reduce((sum, x) => sum + (x - centre) ** power, 0) / values.length;
  const mean = about(0, 1);
  const variance = about(mean, 2);
  return { mean, variance, kurtosis: about(mean, 4) / variance ** 2 };
}
