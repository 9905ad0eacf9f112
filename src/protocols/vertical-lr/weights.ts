/** Weights as integer combinations of past gradient shares: the optimiser is linear, and needs nobody else. */
import { type Combination, unrollNesterov } from '../../math/nesterov.ts';
import { fromReal, modulo } from '../../math/torus.ts';
import type { Parameters } from './parameters.ts';

/** Step of the method. Whitened parties have joint curvature of at most 1/4 * 2, whose inverse it is. */
export const STEP = 2;

/** Integers that both parties apply to their shares: sum_i gradients[i] gamma_i, gamma_i the shares of pass i + 1. */
export interface IntegerCombination {
  readonly gradients: readonly bigint[];
  /** Factor of the starting point, a plain number at its owner. */
  readonly start: number;
}

/** A point of the method on the torus: features shrink by the ridge, the intercept does not. */
export interface Point {
  readonly feature: IntegerCombination;
  readonly intercept: IntegerCombination;
}

export interface IntegerSchedule {
  /** looks[t]: where pass t + 1 takes its gradient. */
  readonly looks: readonly Point[];
  readonly end: Point;
}

/**
 * A weight is w / turn of a full turn and a gradient g / gradientTurn, so the coefficient c of the
 * method becomes round(c gradientTurn / turn).
 */
export function integerSchedule(parameters: Parameters, ridge: number): IntegerSchedule {
  const { passes, turn, gradientTurn } = parameters;
  const rounded = ({ start, gradients }: Combination): IntegerCombination => ({
    start,
    gradients: Array.from(gradients, (c) => BigInt(Math.round((c * gradientTurn) / turn))),
  });
  const features = unrollNesterov({ passes, step: STEP, ridge });
  const intercept = unrollNesterov({ passes, step: STEP, ridge: 0 });
  const point = (feature: Combination, constant: Combination): Point => ({
    feature: rounded(feature),
    intercept: rounded(constant),
  });
  return {
    looks: features.looks.map((look, t) => point(look, intercept.looks[t]!)),
    end: point(features.end, intercept.end),
  };
}

/** One party's shares modulo q of the gradients of one party's weights, pass after pass. */
export type GradientShares = readonly (readonly bigint[])[];

/** This party's shares modulo q of weights at a point; `intercept` is the place of the intercept among them, if any. */
export function weightShares(
  point: Point,
  shares: GradientShares,
  { q, intercept }: { readonly q: bigint; readonly intercept?: number },
): bigint[] {
  return shares[0]!.map((_, weight) => {
    const { gradients } = weight === intercept ? point.intercept : point.feature;
    const sum = shares.reduce((total, pass, t) => total + gradients[t]! * pass[weight]!, 0n);
    return modulo(sum, q);
  });
}

/** A plain weight as a point of the torus, modulo q. */
export const onTorus = (weight: number, turn: number, q: bigint): bigint =>
  fromReal(weight / turn, q);
