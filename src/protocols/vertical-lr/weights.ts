/** Weights as integer combinations of past gradient shares: the optimiser is linear, and needs nobody else. */
import { unrollNesterov } from '../../math/nesterov.ts';
import { fromReal, modulo } from '../../math/torus.ts';
import type { Parameters } from './parameters.ts';

/** Step of the method. Whitened parties have joint curvature of at most 1/4 * 2, whose inverse it is. */
export const STEP = 2;

/** Integers that both parties apply to their shares: sum_i c_i gamma_i, gamma_i the shares of pass i + 1. */
export type IntegerCombination = readonly bigint[];

/** A point of the method on the torus: features shrink by the ridge, the intercept does not. */
export interface Point {
  readonly feature: IntegerCombination;
  readonly intercept: IntegerCombination;
  /** What is left of the features' start. */
  readonly start: number;
}

export interface IntegerSchedule {
  /** looks[t]: where pass t + 1 takes its gradient. */
  readonly looks: readonly Point[];
  readonly end: Point;
}

/**
 * A weight is w / turn of a full turn and a gradient g / gradientTurn, so the coefficient c of the
 * method becomes round(c gradientTurn / turn). Features start at
 * zero or where their owner says, who alone knows it; the intercept counts from the base rate's logit, likewise.
 */
export function integerSchedule(parameters: Parameters, ridge: number): IntegerSchedule {
  const { passes, turn, gradientTurn } = parameters;
  const features = unrollNesterov({ passes, step: STEP, ridge });
  const intercept = unrollNesterov({ passes, step: STEP, ridge: 0 });
  const rounded = (coefficients: Float64Array): IntegerCombination =>
    Array.from(coefficients, (c) => BigInt(Math.round((c * gradientTurn) / turn)));
  const point = (feature: Float64Array, constant: Float64Array, start: number): Point => ({
    feature: rounded(feature),
    intercept: rounded(constant),
    start,
  });
  return {
    looks: features.looks.map((look, t) =>
      point(look, intercept.looks[t]!, features.start.looks[t]!),
    ),
    end: point(features.end, intercept.end, features.start.end),
  };
}

/** One party's shares modulo q of the gradients of one party's weights, pass after pass. */
export type GradientShares = readonly (readonly bigint[])[];

export interface Sharing {
  readonly q: bigint;
  /** How many weights there are. */
  readonly weights: number;
  /** The place of the intercept among them, if any. */
  readonly intercept?: number;
}

/** This party's shares modulo q of weights at a point. */
export function weightShares(
  point: Point,
  shares: GradientShares,
  { q, weights, intercept }: Sharing,
): bigint[] {
  return Array.from({ length: weights }, (_, weight) => {
    const integers = weight === intercept ? point.intercept : point.feature;
    const sum = shares.reduce((total, pass, t) => total + integers[t]! * pass[weight]!, 0n);
    return modulo(sum, q);
  });
}

/**
 * Shares of the own weights with what is left of their start. It is added to the own share alone: the peer's says
 * nothing of it, and learns nothing.
 */
export function fromStart(
  shares: readonly bigint[],
  start: Float64Array | undefined,
  { start: left }: Point,
  { q, turn }: { readonly q: bigint; readonly turn: number },
): bigint[] {
  return shares.map((share, i) =>
    modulo(share + fromReal((left * (start?.[i] ?? 0)) / turn, q), q),
  );
}
