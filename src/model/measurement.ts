/** What a measurement says: rates, means and lifts with their intervals, from counts and sums that carry noise. */
import {
  type Estimate,
  type Interval,
  type Mean,
  meanDifference,
  meanOf,
  type Rate,
  rateDifference,
  rateOf,
  relativeLift,
} from '../math/intervals.ts';

/** One cohort as it was released. */
export interface CountedCohort {
  readonly name: string;
  /** With which it is compared; empty: none. */
  readonly control: string;
  /** 0 where it is withheld. */
  readonly exposed: number;
  /** With noise; undefined where withheld. */
  readonly converted: number | undefined;
  /** Per metric, in its own unit and the square of it. */
  readonly sums: readonly { readonly sum: number; readonly squares: number }[];
}

export interface MeasuredMetric extends Interval {
  readonly metric: string;
  readonly sum: number;
  /** Per exposed person. */
  readonly mean: number;
}

export interface Lift {
  /** Difference of rates. */
  readonly rate: Estimate;
  /** Ratio of rates, less one. */
  readonly relative?: Estimate;
  /** Differences of means per exposed person. */
  readonly metrics: readonly (Estimate & { readonly metric: string })[];
}

export interface MeasuredRow {
  readonly name: string;
  /** With which it is compared. */
  readonly control?: string;
  /** Absent: fewer than the least. */
  readonly exposed?: number;
  /** The rest is absent where the count is withheld. */
  readonly converted?: number;
  readonly rate?: Estimate;
  readonly metrics?: readonly MeasuredMetric[];
  /** Against the control. */
  readonly lift?: Lift;
}

/** The same at both parties. Intervals are of 95 %, and know of the noise. */
export interface Measurement {
  readonly format: 'sotto.measurement';
  readonly version: 1;
  readonly jobId: string;
  readonly agreementSha256: string;
  readonly purpose: string;
  readonly createdAt: string;
  /** The party whose people converted, and the one whose people were exposed. */
  readonly parties: { readonly active: string; readonly passive: string };
  readonly least: number;
  readonly metrics: readonly string[];
  /** Standard deviations of the noise of both parties together, of the count and of each metric's sum. */
  readonly noise: { readonly count: number; readonly sums: readonly number[] };
  readonly cohorts: readonly MeasuredRow[];
}

/** What it is made of: the cohorts as they were released. */
export interface MeasurementFacts extends Omit<Measurement, 'format' | 'version' | 'cohorts'> {
  readonly cohorts: readonly CountedCohort[];
}

interface Known {
  readonly rate: Rate;
  readonly means: readonly Mean[];
}

export function measurementOf({ cohorts, ...facts }: MeasurementFacts): Measurement {
  const known = cohorts.map((cohort) => knownOf(cohort, facts.noise));
  const rows = cohorts.map((cohort, g) => {
    const { name, control, exposed, converted } = cohort;
    const compared = control === '' ? {} : { control };
    const head = { name, ...compared, ...(exposed > 0 ? { exposed } : {}) };
    const own = known[g];
    if (own === undefined || converted === undefined) return head;
    const { rate, low, high } = own.rate;
    const base = known[cohorts.findIndex((other) => other.name === control)];
    const lift = base ? { lift: liftOf(own, base, facts.metrics) } : {};
    const metrics = own.means.map(({ mean, low, high }, m) => ({
      metric: facts.metrics[m]!,
      sum: cohort.sums[m]!.sum,
      mean,
      low,
      high,
    }));
    return { ...head, converted, rate: { value: rate, low, high }, metrics, ...lift };
  });
  return rounded({ format: 'sotto.measurement', version: 1, ...facts, cohorts: rows });
}

function knownOf(
  { exposed, converted, sums }: CountedCohort,
  noise: Measurement['noise'],
): Known | undefined {
  if (converted === undefined) return undefined;
  return {
    rate: rateOf(converted, exposed, noise.count ** 2),
    means: sums.map(({ sum, squares }, m) =>
      meanOf({ sum, squares, of: exposed, noiseVariance: noise.sums[m]! ** 2 }),
    ),
  };
}

function liftOf(own: Known, base: Known, metrics: readonly string[]): Lift {
  const relative = relativeLift(own.rate, base.rate);
  return {
    rate: rateDifference(own.rate, base.rate),
    ...(relative === undefined ? {} : { relative }),
    metrics: own.means.map((mean, m) => ({
      metric: metrics[m]!,
      ...meanDifference(mean, base.means[m]!),
    })),
  };
}

/** To eight digits, so that two machines write the same text whatever the last bits of their logarithms are. */
function rounded<T>(value: T): T {
  if (typeof value === 'number') {
    return (Number.isInteger(value) ? value : Number(value.toPrecision(8))) as T;
  }
  if (Array.isArray(value)) return value.map(rounded) as T;
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, entry]) => [key, rounded(entry)]),
  ) as T;
}

type Cell = string | number;

/** As a table: a line a cohort, empty where withheld. */
export function measurementTable({ cohorts, metrics }: Measurement): {
  readonly header: readonly string[];
  readonly columns: readonly (readonly Cell[])[];
} {
  const three = (name: string) => [name, `${name}_low`, `${name}_high`];
  const header = [
    ...['cohort', 'control', 'exposed', 'converted', ...three('rate')],
    ...metrics.flatMap((metric) => [`${metric}_sum`, ...three(`${metric}_mean`)]),
    ...three('rate_lift'),
    ...three('relative_lift'),
    ...metrics.flatMap((metric) => three(`${metric}_lift`)),
  ];
  const estimate = (found: Estimate | undefined): Cell[] =>
    found ? [found.value, found.low, found.high] : ['', '', ''];
  const lines = cohorts.map(
    ({ name, control, exposed, converted, rate, metrics: means, lift }): Cell[] => [
      ...[name, control ?? '', exposed ?? '', converted ?? '', ...estimate(rate)],
      ...metrics.flatMap((_, m): Cell[] => {
        const found = means?.[m];
        return found ? [found.sum, found.mean, found.low, found.high] : ['', '', '', ''];
      }),
      ...estimate(lift?.rate),
      ...estimate(lift?.relative),
      ...metrics.flatMap((_, m) => estimate(lift?.metrics[m])),
    ],
  );
  return { header, columns: header.map((_, column) => lines.map((line) => line[column]!)) };
}
