/**
 * What happens to a party's columns before they meet the other's: limits, mean and indicator for missing
 * values, one-hot, standardisation, and local whitening, a free block preconditioner of the joint fit.
 *
 * x = clip(s · M), where s are the standardised raw features of a row and M = V·(Λ + ridge)^(-1/2) over the
 * eigenpairs (V, Λ) of their correlation matrix above the cut-off. Of a one-hot column all levels stay:
 * that they add up to one, like any duplicate or linear dependence, shows as an eigenvalue of zero and is cut
 * off, so that no level is special. The whitened Gram matrix is n·diag(λ / (λ + ridge)), save for clipping.
 *
 * Clipping makes scores a little less than linear: a raw feature that few rows have (a share below 1/64 when it
 * depends on no other) reaches the limit. Scores are therefore always computed from clipped features;
 * `toRawWeights` is exact for rows without a clipped value and is the way to read a model, not to run it.
 *
 * Nothing here leaves the party but the numbers of features: of whitened ones, and of raw ones a column.
 */
import { SottoError } from '../base/errors.ts';
import { type Column, type FeatureMatrix, rowsOf, sharedFloats } from '../math/columns.ts';
import { symmetricEigen } from '../math/eigen.ts';
import { gram, multiply } from '../math/matrix.ts';
import {
  expand,
  type FeatureUse,
  otherKind,
  planColumn,
  type RowNumbers,
  refuseMissing,
} from './preprocess/columns.ts';
import {
  type ColumnPlan,
  type Feature,
  type FeatureName,
  featureNames,
  type Preprocessing,
} from './preprocess/stored.ts';

export type { FeatureUse } from './preprocess/columns.ts';
export { type FeatureName, type Preprocessing, parsePreprocessing } from './preprocess/stored.ts';

/** Largest absolute value of a whitened feature: what the fixed-point forms of the protocol hold. */
const CLIP = 8;

/** Added to each eigenvalue: bounds how much whitening magnifies (by at most 32). */
const RIDGE = 1e-3;

/** A direction with less of the standardised variance than the ridge would be mostly ridge. */
const CUT_OFF = RIDGE;

/** Rows at a time, so that the wide raw features never stand in memory as a whole. */
const TILE_ROWS = 4096;

/** Features of rows, and how many of their values were clipped. */
export interface PreparedFeatures extends FeatureMatrix {
  readonly clipped: number;
}

/**
 * Fits the preprocessing to the training rows of some columns. `uses` belong to the columns one to one
 * (default: default uses); `rows` are the columns' rows in their table, for errors only.
 * Refuses by name a constant column, and by row a missing value where none may be.
 */
export function fitPreprocessing(
  columns: readonly Column[],
  { uses, rows }: { readonly uses?: readonly FeatureUse[]; readonly rows?: RowNumbers } = {},
): Preprocessing {
  const count = commonRows(columns);
  const plans = columns.map((column, index) => {
    const use = uses?.[index] ?? { name: column.name };
    if (use.name !== column.name) {
      throw new SottoError('internal', 'columns and their uses stand in another order');
    }
    return planColumn(column, use, rows);
  });
  const features = measure(plans, columns, count);
  const correlation = correlate(plans, features, columns, count);
  return {
    format: 'sotto.preprocessing',
    version: 1,
    rows: count,
    columns: plans,
    features,
    whitening: whiten(correlation, features.length),
    clip: CLIP,
  };
}

/**
 * The whitened, clipped features of any rows, in shared memory. Columns are found by name, in any order;
 * others are ignored. A category never seen counts as `other` where there is one, else as none.
 */
export function applyPreprocessing(
  { columns: plans, features, whitening, clip }: Preprocessing,
  columns: readonly Column[],
  { rows }: { readonly rows?: RowNumbers } = {},
): PreparedFeatures {
  const own = plans.map((plan) => columnOf(plan, columns));
  for (const [index, plan] of plans.entries()) {
    if (plan.missing === 'refuse') refuseMissing(own[index]!, rows);
  }
  const count = commonRows(own);
  const matrix = Float64Array.from(whitening.matrix);
  const values = sharedFloats(count * whitening.rank);
  let clipped = 0;
  for (let start = 0; start < count; start += TILE_ROWS) {
    const tile = standardised(plans, features, own, start, count);
    const white = multiply(tile, matrix, whitening.rank);
    for (let column = 0; column < whitening.rank; column++) {
      for (let i = 0; i < tile.rows; i++) {
        const value = white.values[column * tile.rows + i]!;
        if (Math.abs(value) > clip) clipped++;
        values[column * count + start + i] = Math.min(clip, Math.max(-clip, value));
      }
    }
  }
  return { rows: count, columns: whitening.rank, values, clipped };
}

export interface RawWeights {
  readonly perFeature: readonly (FeatureName & { readonly weight: number })[];
  /** What the weights' means add up to, to be added to the model's own intercept. */
  readonly intercept: number;
}

/** Weights of whitened features as weights of raw ones: the same score for every row without a clipped value. */
export function toRawWeights(
  { features, whitening }: Preprocessing,
  weights: Float64Array,
): RawWeights {
  const { rank, matrix } = whitening;
  if (weights.length !== rank) {
    throw new SottoError('invalid-argument', 'the model has another number of weights', {
      expected: rank,
      received: weights.length,
    });
  }
  let intercept = 0;
  const perFeature = features.map(({ mean, deviation, ...name }, j) => {
    let standard = 0;
    for (let k = 0; k < rank; k++) standard += matrix[j * rank + k]! * weights[k]!;
    const weight = standard / deviation;
    intercept -= weight * mean;
    return { ...name, weight };
  });
  return { perFeature, intercept };
}

/**
 * The same map as one affine layer from raw features: whitened = clip(raw · matrix + bias), with the
 * matrix d x r, row after row.
 */
export function affineLayer({ features, whitening }: Preprocessing): {
  readonly matrix: Float64Array;
  readonly bias: Float64Array;
} {
  const { rank } = whitening;
  const matrix = Float64Array.from(whitening.matrix);
  const bias = new Float64Array(rank);
  for (const [j, { mean, deviation }] of features.entries()) {
    for (let k = 0; k < rank; k++) {
      matrix[j * rank + k]! /= deviation;
      bias[k]! -= mean * matrix[j * rank + k]!;
    }
  }
  return { matrix, bias };
}

/** Mean and deviation of each raw feature over all rows. */
function measure(
  plans: readonly ColumnPlan[],
  columns: readonly Column[],
  count: number,
): Feature[] {
  return plans.flatMap((plan, index) => {
    const names = featureNames(plan);
    const into = new Float64Array(names.length * count);
    expand(plan, columns[index]!, { start: 0, length: count, into });
    return names.map((name, j): Feature => {
      const values = into.subarray(j * count, (j + 1) * count);
      let sum = 0;
      for (let i = 0; i < count; i++) sum += values[i]!;
      const mean = sum / count;
      // Around the mean, in a second pass: the difference of two large sums would cancel.
      let squares = 0;
      for (let i = 0; i < count; i++) squares += (values[i]! - mean) ** 2;
      const deviation = Math.sqrt(squares / count);
      if (!(deviation > 0 && deviation < Infinity)) throw outOfScale(name.column);
      return { ...name, mean, deviation };
    });
  });
}

function correlate(
  plans: readonly ColumnPlan[],
  features: readonly Feature[],
  columns: readonly Column[],
  count: number,
): Float64Array {
  const total = new Float64Array(features.length ** 2);
  for (let start = 0; start < count; start += TILE_ROWS) {
    const part = gram(standardised(plans, features, columns, start, count));
    for (let i = 0; i < total.length; i++) total[i]! += part[i]! / count;
  }
  return total;
}

function whiten(correlation: Float64Array, size: number): Preprocessing['whitening'] {
  const { values, vectors } = symmetricEigen(correlation);
  const rank = values.filter((value) => value > CUT_OFF).length;
  const matrix: number[] = [];
  for (let j = 0; j < size; j++) {
    for (let k = 0; k < rank; k++) {
      matrix.push(vectors[j * size + k]! / Math.sqrt(values[k]! + RIDGE));
    }
  }
  return { rank, ridge: RIDGE, matrix };
}

/** The standardised raw features of the tile of rows at `start`. */
function standardised(
  plans: readonly ColumnPlan[],
  features: readonly Feature[],
  columns: readonly Column[],
  start: number,
  count: number,
): FeatureMatrix {
  const length = Math.min(TILE_ROWS, count - start);
  const values = new Float64Array(length * features.length);
  expandAll(plans, columns, { start, length, into: values });
  for (const [j, { mean, deviation }] of features.entries()) {
    for (let i = j * length; i < (j + 1) * length; i++) values[i] = (values[i]! - mean) / deviation;
  }
  return { rows: length, columns: features.length, values };
}

function expandAll(
  plans: readonly ColumnPlan[],
  columns: readonly Column[],
  { start, length, into }: { start: number; length: number; into: Float64Array },
): void {
  let at = 0;
  for (const [index, plan] of plans.entries()) {
    const width = featureNames(plan).length;
    const part = into.subarray(at * length, (at + width) * length);
    expand(plan, columns[index]!, { start, length, into: part });
    at += width;
  }
}

function outOfScale(column: string): SottoError {
  const message = `the values of column '${column}' are too large or too small: change the unit`;
  return new SottoError('invalid-argument', message, { column });
}

function columnOf(plan: ColumnPlan, columns: readonly Column[]): Column {
  const column = columns.find(({ name }) => name === plan.name);
  if (column?.kind === plan.kind) return column;
  if (column) throw otherKind(plan, column);
  throw new SottoError('invalid-argument', `the model needs the column '${plan.name}'`, {
    column: plan.name,
    available: columns.map(({ name }) => name).join(', '),
  });
}

function commonRows(columns: readonly Column[]): number {
  const rows = columns[0] ? rowsOf(columns[0]) : 0;
  const different = columns.find((column) => rowsOf(column) !== rows);
  if (rows === 0) throw new SottoError('invalid-argument', 'there are no columns or no rows');
  if (different) throw new SottoError('internal', 'columns differ in their number of rows');
  return rows;
}
