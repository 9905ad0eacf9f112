/** Dummies: elements that match by design, so that the number of matches that passive sees is noisy. */
import type { Random } from '../../base/random.ts';
import { discreteLaplace, scaleOf } from '../../math/discrete-laplace.ts';
import { type Order, shuffled } from '../psi/elements.ts';
import type { MeasureTerms } from './shape.ts';

/** Probability with which a draw is cut off, which is what the delta of (epsilon, delta) comes from. */
const DELTA = 1e-6;

/** The middle of the draws: farther away than this lies less than delta. */
const middle = (epsilon: number): number => Math.ceil(Math.log(1 / DELTA) / epsilon);

/** K: passive adds so many to each cohort; active brings between none and all of them. */
export const dummiesPerCohort = ({ matchEpsilon }: Pick<MeasureTerms, 'matchEpsilon'>): number =>
  2 * middle(matchEpsilon);

/** k_g: discrete Laplace around K / 2, cut off at 0 and K. One converter changes one cohort's matches by one. */
export function drawDummies(random: Random, terms: Pick<MeasureTerms, 'matchEpsilon'>): number {
  const noise = discreteLaplace(random, scaleOf(1, terms.matchEpsilon));
  return Math.min(dummiesPerCohort(terms), Math.max(0, middle(terms.matchEpsilon) + noise));
}

/**
 * Passive's elements: cohort after cohort its ids and all of its dummies, in random order. An element's number is
 * an id's row, or beyond the ids K g + i for dummy i of cohort g.
 */
export function cohortOrder(
  cohorts: readonly Uint32Array[],
  ids: number,
  dummies: number,
  random: Random,
): Order {
  const parts = cohorts.map((rows, g) => {
    if (rows.length === 0) return rows;
    const names = Uint32Array.from({ length: dummies }, (_, i) => ids + g * dummies + i);
    return shuffled(Uint32Array.from([...rows, ...names]), random);
  });
  return Uint32Array.from(parts.flatMap((part) => [...part]));
}

/** Active's elements in random order: its ids, the first k_g dummies of each cohort, and elements that match nothing. */
export interface ConverterOrder {
  readonly order: Order;
  /** Per cohort; 0 where passive gives none. */
  readonly drawn: readonly number[];
  /** Whether the element of this number is a dummy that matches. */
  isDummy(element: number): boolean;
}

export function converterOrder(
  sizes: readonly number[],
  ids: number,
  terms: MeasureTerms,
  random: Random,
): ConverterOrder {
  const dummies = dummiesPerCohort(terms);
  const drawn = sizes.map((size) => (size === 0 ? 0 : drawDummies(random, terms)));
  const beyond = ids + sizes.length * dummies;
  const matching = drawn.flatMap((count, g) =>
    Array.from({ length: count }, (_, i) => ids + g * dummies + i),
  );
  const others = fillers(sizes, dummies) - matching.length;
  const order = Uint32Array.from([
    ...Array.from({ length: ids }, (_, row) => row),
    ...matching,
    ...Array.from({ length: others }, (_, i) => beyond + i),
  ]);
  const isDummy = (element: number): boolean => element >= ids && element < beyond;
  return { order: shuffled(order, random), drawn, isDummy };
}

/** How many elements besides ids active brings: the same number whatever is drawn. */
export const fillers = (sizes: readonly number[], dummies: number): number =>
  dummies * sizes.filter((size) => size > 0).length;
