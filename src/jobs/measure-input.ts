/** From a party's table to what it brings to a measurement: ids in cohorts, or ids with values in whole steps. */
import { SottoError } from '../base/errors.ts';
import { type MetricUse, Outside } from '../gen/sotto/job/v1/measure_pb.ts';
import type { MeasureTerms, SumColumn } from '../protocols/measure/index.ts';
import type { JobContext } from './role.ts';
import { measureSpec, stepsOf } from './terms/measure.ts';

/** Squares are summed in units of the largest square over this: finer than the noise, and of few enough bits. */
export const SQUARE_STEPS = 2 ** 20;
/** Parts of epsilon: a count and each sum have two, each sum of squares, of which only intervals are made, one. */
const PARTS = { count: 2, sum: 2, squares: 1 } as const;

/** Epsilon of the count, and of each sum and sum of squares: one person is in one cohort, so they add up to the whole. */
export function epsilonsOf({
  metrics,
  epsilon,
}: {
  readonly metrics: readonly unknown[];
  readonly epsilon: number;
}) {
  const part = epsilon / (PARTS.count + metrics.length * (PARTS.sum + PARTS.squares));
  return { count: PARTS.count * part, sum: PARTS.sum * part, squares: PARTS.squares * part };
}

export function termsOfMeasure({ agreement }: JobContext, session: Uint8Array): MeasureTerms {
  const spec = measureSpec(agreement.spec!);
  const epsilons = epsilonsOf(spec);
  const columns = spec.metrics.flatMap((metric): SumColumn[] => [
    { most: stepsOf(metric), epsilon: epsilons.sum },
    { most: SQUARE_STEPS, epsilon: epsilons.squares },
  ]);
  return {
    session,
    cohorts: spec.cohorts.length,
    columns,
    countEpsilon: epsilons.count,
    matchEpsilon: spec.matchEpsilon,
    least: spec.least,
    maxRows: Number(agreement.maxRows),
  };
}

export interface Exposed {
  readonly ids: readonly string[];
  /** Rows of each cohort, in the order of the agreement. */
  readonly cohorts: readonly Uint32Array[];
}

/** Rows whose column names a cohort of the agreement. Refuses a cohort that no row names: it is misspelt. */
export async function readExposed({ agreement, own, party, tables }: JobContext): Promise<Exposed> {
  const { cohorts, cohortColumn } = measureSpec(agreement.spec!);
  const names = cohorts.map(({ name }) => name);
  await using table = await tables.openAgreed(own.dataset, agreement.maxRows);
  const { ids } = await table.ids({ signal: party.signal });
  const all = Uint32Array.from(ids, (_, row) => row);
  const use = { name: cohortColumn, kind: 'categorical' } as const;
  const [column] = await table.columns([use], all, { signal: party.signal });
  if (column?.kind !== 'categorical') throw new SottoError('internal', 'a cohort is not text');
  const placeOf = new Map(names.map((name, place) => [name, place]));
  const places = column.categories.map((name) => placeOf.get(name) ?? -1);
  const rows: number[][] = names.map(() => []);
  for (const [row, code] of column.codes.entries()) {
    const place = code < 0 ? -1 : places[code]!;
    if (place >= 0) rows[place]!.push(row);
  }
  const empty = rows.findIndex((cohort) => cohort.length === 0);
  if (empty >= 0) {
    const message = `no row of column '${cohortColumn}' names the cohort '${names[empty]}'`;
    throw new SottoError('invalid-argument', message, {
      column: cohortColumn,
      field: `spec.measure.cohorts[${empty}].name`,
    });
  }
  return { ids, cohorts: rows.map((cohort) => Uint32Array.from(cohort)) };
}

export interface Converted {
  readonly ids: readonly string[];
  /** For each metric its values and their squares, in steps; in the order of the ids. */
  readonly columns: readonly Float64Array[];
}

/** Rows with the positive label, or all; their values in whole steps within the agreed range. */
export async function readConverted({
  agreement,
  own,
  party,
  tables,
}: JobContext): Promise<Converted> {
  const { metrics } = measureSpec(agreement.spec!);
  await using table = await tables.openAgreed(own.dataset, agreement.maxRows);
  const { ids } = await table.ids({ signal: party.signal });
  const all = Uint32Array.from(ids, (_, row) => row);
  const { label } = own;
  const labels = label && (await table.labels(label, all, { signal: party.signal }));
  const rows = labels ? all.filter((row) => labels[row] === 1) : all;
  const uses = metrics.map(({ column }) => ({ name: column, kind: 'numeric' }) as const);
  const read = await table.columns(uses, rows, { signal: party.signal });
  const columns = metrics.flatMap((metric, index) => {
    const column = read[index]!;
    if (column.kind !== 'numeric') throw new SottoError('internal', 'a value is not a number');
    const steps = inSteps(metric, column.values, rows);
    const largest = stepsOf(metric);
    return [steps, steps.map((v) => Math.round((v / largest) ** 2 * SQUARE_STEPS))];
  });
  return { ids: Array.from(rows, (row) => ids[row]!), columns };
}

/** Whole steps, every value within the range. Errors name the column, and the row of this party's own table from 1. */
function inSteps(metric: MetricUse, values: Float64Array, rows: Uint32Array): Float64Array {
  const { column, least, most, decimals, outside } = metric;
  const scale = 10 ** decimals;
  return values.map((value, place) => {
    const row = rows[place]! + 1;
    if (Number.isNaN(value)) {
      const message = `the value in column '${column}' is missing at row ${row}`;
      throw new SottoError('invalid-argument', message, { column, row });
    }
    if (outside === Outside.REFUSE && (value < least || value > most)) {
      const message = `the value in column '${column}' at row ${row} is outside ${least}..${most}`;
      throw new SottoError('invalid-argument', message, { column, row, least, most });
    }
    return Math.round(Math.min(most, Math.max(least, value)) * scale);
  });
}
