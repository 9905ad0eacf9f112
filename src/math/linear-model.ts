/** What a linear model computes: logits from features, and probabilities from logits. */
import type { FeatureMatrix } from './columns.ts';
import { multiplyVector } from './matrix.ts';

/** 1 / (1 + e^-z), without overflow at either end. */
export function logistic(z: number): number {
  if (z >= 0) return 1 / (1 + Math.exp(-z));
  const e = Math.exp(z);
  return e / (1 + e);
}

/** intercept + X w, a logit for each row. */
export function linearScores(
  features: FeatureMatrix,
  weights: Float64Array,
  intercept: number,
): Float64Array {
  return multiplyVector(features, weights).map((score) => score + intercept);
}
