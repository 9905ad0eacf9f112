/** From columns to raw features: limits for numbers, one feature a category, indicators for what is missing. */
import { SottoError } from '../../base/errors.ts';
import type { CategoricalColumn, Column, NumericColumn } from '../../math/columns.ts';
import type { CategoricalPlan, ColumnPlan, NumericPlan } from './stored.ts';

/** How a column becomes features. */
export interface FeatureUse {
  readonly name: string;
  /** Default: the training mean, and one more feature that says that the value was missing. */
  readonly missing?: 'mean-indicator' | 'refuse';
  /** Most categories with a feature of their own, at least 1; the others share one. Default 20. */
  readonly maxCategories?: number;
}

/** Positions of rows in their table, from 0, so that errors can name the row. */
export type RowNumbers = Uint32Array;

/** More cost a weight each, and on a few thousand rows the pooled optimum itself scores worse with them. */
const DEFAULT_MAX_CATEGORIES = 8;

/**
 * Rows that a category or a missing value needs for a feature of its own: 1 % of them and at least 10.
 * The weight of a feature that few rows have tells their labels, and its whitened values are clipped.
 */
export function leastSupport(rows: number): number {
  return Math.max(10, Math.ceil(rows / 100));
}

/** Numbers are brought within these quantiles, so that no single row steers a weight. */
const LOW_QUANTILE = 0.005;
const HIGH_QUANTILE = 0.995;

/** The plan of a column from its training rows. A constant column is refused by name. */
export function planColumn(column: Column, use: FeatureUse, rows?: RowNumbers): ColumnPlan {
  const missing = use.missing ?? 'mean-indicator';
  if (missing === 'refuse') refuseMissing(column, rows);
  return column.kind === 'numeric'
    ? planNumeric(column, missing)
    : planCategorical(column, missing, use.maxCategories ?? DEFAULT_MAX_CATEGORIES);
}

function planNumeric(column: NumericColumn, missing: NumericPlan['missing']): NumericPlan {
  const present = presentValues(column.values).sort();
  const last = present.length - 1;
  if (last < 0 || present[0] === present[last]) throw constant(column.name, column.values.length);
  let low = present[Math.floor(LOW_QUANTILE * last)]!;
  let high = present[Math.ceil(HIGH_QUANTILE * last)]!;
  // Nearly all the same: the few others are all the column has to say.
  if (low === high) [low, high] = [present[0]!, present[last]!];
  let sum = 0;
  for (const value of present) sum += Math.min(high, Math.max(low, value));
  const absent = column.values.length - present.length;
  const least = leastSupport(column.values.length);
  const indicator = absent >= least && present.length >= least;
  const mean = sum / present.length;
  return { kind: 'numeric', name: column.name, missing, low, high, mean, indicator };
}

/** A copy without the missing values. */
function presentValues(values: Float64Array): Float64Array {
  const present = new Float64Array(values.length);
  let count = 0;
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (!Number.isNaN(value)) present[count++] = value;
  }
  return present.subarray(0, count);
}

function planCategorical(
  column: CategoricalColumn,
  missing: CategoricalPlan['missing'],
  maxCategories: number,
): CategoricalPlan {
  const counts = new Array<number>(column.categories.length).fill(0);
  for (const code of column.codes) if (code >= 0) counts[code]!++;
  const byCount = [...counts.keys()].sort((a, b) => counts[b]! - counts[a]! || a - b);
  const least = leastSupport(column.codes.length);
  const own = byCount.slice(0, maxCategories).filter((code) => counts[code]! >= least);
  const present = counts.reduce((total, count) => total + count, 0);
  const rest = own.reduce((total, code) => total - counts[code]!, present);
  const absent = column.codes.length - present;
  const plan: CategoricalPlan = {
    kind: 'categorical',
    name: column.name,
    missing,
    levels: own.map((code) => column.categories[code]!),
    other: rest >= least,
    indicator: absent >= least,
  };
  const parts = plan.levels.length + Number(plan.other) + Number(plan.indicator);
  if (parts < 2) throw constant(column.name, column.codes.length);
  return plan;
}

/**
 * Writes the raw features of rows `start`.. of a column into `into`: `length` numbers a feature, in
 * the order of `featureNames`. Neither a level, nor `other`, nor `missing`: all its features are 0.
 */
export function expand(
  plan: ColumnPlan,
  column: Column,
  { start, length, into }: { start: number; length: number; into: Float64Array },
): void {
  if (plan.kind === 'numeric' && column.kind === 'numeric') {
    for (let i = 0; i < length; i++) {
      const value = column.values[start + i]!;
      const absent = Number.isNaN(value);
      into[i] = absent ? plan.mean : Math.min(plan.high, Math.max(plan.low, value));
      if (plan.indicator) into[length + i] = absent ? 1 : 0;
    }
  } else if (plan.kind === 'categorical' && column.kind === 'categorical') {
    const places = placesOf(plan, column.categories);
    const absent = plan.indicator ? plan.levels.length + Number(plan.other) : -1;
    into.fill(0);
    for (let i = 0; i < length; i++) {
      const code = column.codes[start + i]!;
      const place = code < 0 ? absent : places[code]!;
      if (place >= 0) into[place * length + i] = 1;
    }
  } else throw otherKind(plan, column);
}

/** For each category of the column the feature that it sets, or -1. */
function placesOf(plan: CategoricalPlan, categories: readonly string[]): number[] {
  const places = new Map(plan.levels.map((level, place) => [level, place]));
  const other = plan.other ? plan.levels.length : -1;
  return categories.map((category) => places.get(category) ?? other);
}

/** Refuses the first missing value of a column that must have none. */
export function refuseMissing(column: Column, rows?: RowNumbers): void {
  const at =
    column.kind === 'numeric'
      ? column.values.findIndex((value) => Number.isNaN(value))
      : column.codes.indexOf(-1);
  if (at < 0) return;
  const row = (rows?.[at] ?? at) + 1;
  const message = `column '${column.name}' has no value at row ${row}, and must not miss any`;
  throw new SottoError('invalid-argument', message, { column: column.name, row });
}

function constant(column: string, rows: number): SottoError {
  const message = `column '${column}' is constant on the training rows: leave it out`;
  const facts = { column, rows, leastSupport: leastSupport(rows) };
  return new SottoError('invalid-argument', message, facts);
}

export function otherKind(plan: ColumnPlan, column: Column): SottoError {
  const message = `column '${plan.name}' is ${column.kind}, but the model knows it as ${plan.kind}`;
  return new SottoError('invalid-argument', message, { column: plan.name });
}
