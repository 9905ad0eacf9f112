/**
 * Integers with probability in proportion to exp(-|x| / scale), exactly: Canonne, Kamath and Steinke,
 * "The discrete Gaussian for differential privacy" (NeurIPS 2020), algorithms 1 and 2. All arithmetic
 * is in integers, so that no rounding of a float tells anything of what the noise was added to
 * (Mironov, CCS 2012).
 */
import type { Random } from '../base/random.ts';

/** A positive fraction. */
export interface Scale {
  readonly numerator: bigint;
  readonly denominator: bigint;
}

/** Epsilons are rounded down to multiples of 2^-20: a little more noise than asked, never less. */
const EPSILON_UNITS = 2 ** 20;

/**
 * The scale that makes a sum epsilon-differentially private.
 * @param sensitivity The most that one person changes the sum by: a positive integer.
 * @param epsilon At least 2^-20.
 */
export function scaleOf(sensitivity: number, epsilon: number): Scale {
  const units = Math.floor(epsilon * EPSILON_UNITS);
  if (!Number.isSafeInteger(sensitivity) || sensitivity < 1 || !(units >= 1)) {
    throw new RangeError('a sensitivity is a positive integer, and epsilon at least 2^-20');
  }
  return {
    numerator: BigInt(sensitivity) * BigInt(EPSILON_UNITS),
    denominator: BigInt(units),
  };
}

/** One draw. Its variance is about 2 scale². How long it takes depends on the draw. */
export function discreteLaplace(random: Random, { numerator, denominator }: Scale): number {
  for (;;) {
    const remainder = uniform(random, numerator);
    if (!decays(random, remainder, numerator)) continue;
    let whole = 0n;
    while (decays(random, 1n, 1n)) whole += 1n;
    const size = (remainder + numerator * whole) / denominator;
    const negative = uniform(random, 2n) === 1n;
    if (negative && size === 0n) continue; // or zero would be drawn twice as often
    return Number(negative ? -size : size);
  }
}

/** True with probability exp(-a/b), 0 <= a <= b (algorithm 1): the series of exp as a chain of coins. */
function decays(random: Random, a: bigint, b: bigint): boolean {
  let terms = 1n;
  while (uniform(random, b * terms) < a) terms += 1n;
  return terms % 2n === 1n;
}

/** Uniform in [0, bound), by rejection. */
function uniform(random: Random, bound: bigint): bigint {
  const bits = (bound - 1n).toString(2).length;
  const length = Math.ceil(bits / 8);
  const mask = (1n << BigInt(bits)) - 1n;
  for (;;) {
    let value = 0n;
    for (const byte of random.bytes(length)) value = (value << 8n) | BigInt(byte);
    value &= mask;
    if (value < bound) return value;
  }
}

/** Of one draw: 2 e / (1 - e)², e = exp(-1 / scale). */
export function varianceOf({ numerator, denominator }: Scale): number {
  const decay = Math.exp(-Number(denominator) / Number(numerator));
  return (2 * decay) / (1 - decay) ** 2;
}
