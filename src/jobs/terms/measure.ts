/** The terms of "measure": counts and sums per cohort, with noise. */
import { create } from '@bufbuild/protobuf';
import { SottoError } from '../../base/errors.ts';
import { ColumnUseSchema, type JobSpec } from '../../gen/sotto/job/v1/agreement_pb.ts';
import {
  type MeasureSpec,
  MeasureSpecSchema,
  type MetricUse,
  MetricUseSchema,
  Outside,
} from '../../gen/sotto/job/v1/measure_pb.ts';
import { dummiesPerCohort } from '../../protocols/measure/index.ts';
import { checkName, defaultTo, inRange, invalidField, participant } from '../fields.ts';
import { NETWORK_SECONDS_PER_BYTE, type Terms } from './terms.ts';

const MOST_COHORTS = 256;
const MOST_METRICS = 8;
/** So that a value in steps, and what a person changes a sum by, is below 2^31. */
const MOST_STEPS = 2 ** 31;

/** Per row: hashing to the group and two multiplications at each party, on one core. */
const SECONDS_PER_ROW = 0.0006;
/** Points, and fingerprints of the cohorts. */
const ROW_BYTES = 32 + 32 + 10;
/** One ciphertext coefficient. A column of values takes two for each row, the count one. */
const COEFFICIENT_BYTES = 87 / 8;
/** A finished sum. */
const SUM_BYTES = 20_000;
const SECONDS_PER_BYTE = 1 / 20e6;

export const measureTerms: Terms = {
  parts: {
    active: { columns: 'names', label: 'optional', where: 'none' },
    passive: { columns: 'names', label: 'none', where: 'none' },
  },
  normalise: (spec) => {
    const value = normalised(measureSpec(spec));
    spec.protocol = { case: 'measure', value };
    // What is offered to the peer is looked up by these lists; they follow from the rest.
    const columns = (names: readonly string[]) =>
      names.map((name) => create(ColumnUseSchema, { name }));
    const [active, passive] = [participant(spec, 'active'), participant(spec, 'passive')];
    requireColumns(
      active.columns,
      value.metrics.map(({ column }) => column),
      'spec.active.columns',
    );
    requireColumns(passive.columns, [value.cohortColumn], 'spec.passive.columns');
    active.columns = columns(value.metrics.map(({ column }) => column));
    passive.columns = columns([value.cohortColumn]);
  },
  wording: (spec) => {
    const { metrics, least, epsilon, matchEpsilon } = measureSpec(spec);
    const sums =
      metrics.length === 0
        ? 'the number of its converted rows'
        : 'the number of its converted rows and the sums of their values and squares';
    return {
      both: [
        'how many rows the other party brings, and whether they are the same as in an earlier measurement',
        `for each cohort of at least ${least} rows, ${sums}, with noise of both parties (epsilon ${epsilon} each), where the number with noise is at least ${least}`,
      ],
      active: [
        `how many rows each cohort of at least ${least} has, and the same numbers with the noise of the other party alone (epsilon ${epsilon}), also where they are withheld`,
      ],
      passive: [
        `how many rows of each cohort match, hidden among up to ${dummiesPerCohort({ matchEpsilon })} dummies (epsilon ${matchEpsilon}, delta 0.000001)`,
      ],
    };
  },
  minRows: () => 1,
  estimate: (spec, { rows, threads }) => {
    const { metrics, cohorts, epsilon, matchEpsilon, least } = measureSpec(spec);
    const lanes = 2 + 4 * metrics.length;
    const bytes =
      rows * (ROW_BYTES + lanes * COEFFICIENT_BYTES) + cohorts.length * lanes * SUM_BYTES;
    const work = rows * SECONDS_PER_ROW + bytes * SECONDS_PER_BYTE;
    return {
      bytes,
      seconds: work / threads + bytes * NETWORK_SECONDS_PER_BYTE,
      parameters: {
        group: 'ristretto255',
        'ring degree': 4096,
        'log2 q': 87,
        epsilon,
        'match epsilon': matchEpsilon,
        least,
      },
      warnings: [],
    };
  },
};

export function measureSpec({ protocol }: JobSpec): MeasureSpec {
  if (protocol.case !== 'measure') throw new SottoError('internal', 'not a measurement');
  return protocol.value;
}

function normalised(given: MeasureSpec): MeasureSpec {
  const at = 'spec.measure';
  checkName(`${at}.cohort_column`, given.cohortColumn);
  inRange(`${at}.cohorts`, given.cohorts.length, 1, MOST_COHORTS);
  const seen = new Set<string>();
  for (const [index, { name }] of given.cohorts.entries()) {
    checkName(`${at}.cohorts[${index}].name`, name);
    if (seen.has(name)) throw invalidField(`${at}.cohorts[${index}].name`, 'is named twice');
    seen.add(name);
  }
  for (const [index, { name, control }] of given.cohorts.entries()) {
    if (control === '' || (seen.has(control) && control !== name)) continue;
    throw invalidField(`${at}.cohorts[${index}].control`, 'is not another one of the cohorts');
  }
  inRange(`${at}.metrics`, given.metrics.length, 0, MOST_METRICS);
  return create(MeasureSpecSchema, {
    cohortColumn: given.cohortColumn,
    cohorts: given.cohorts,
    metrics: given.metrics.map((metric, index) =>
      normalisedMetric(metric, `${at}.metrics[${index}]`),
    ),
    least: inRange(`${at}.least`, defaultTo(given.least, 50), 10, 1_000_000),
    epsilon: inRange(`${at}.epsilon`, defaultTo(given.epsilon, 2), 0.01, 10),
    matchEpsilon: inRange(`${at}.match_epsilon`, defaultTo(given.matchEpsilon, 1), 0.1, 10),
  });
}

function normalisedMetric(given: MetricUse, at: string): MetricUse {
  checkName(`${at}.column`, given.column);
  if (!(given.least < given.most)) {
    const facts = { least: given.least, most: given.most };
    throw invalidField(`${at}.most`, 'is not above least: a range of values is needed', facts);
  }
  const decimals = inRange(`${at}.decimals`, given.decimals, 0, 6);
  const outside = given.outside === Outside.UNSPECIFIED ? Outside.CLIP : given.outside;
  inRange(`${at}.outside`, outside, 1, 2);
  const steps = stepsOf({ least: given.least, most: given.most, decimals });
  inRange(`${at}.most`, steps, 1, MOST_STEPS);
  return create(MetricUseSchema, {
    column: given.column,
    least: given.least,
    most: given.most,
    decimals,
    outside,
  });
}

/** The largest size of one value, in steps of 10^-decimals. */
export const stepsOf = ({
  least,
  most,
  decimals,
}: Pick<MetricUse, 'least' | 'most' | 'decimals'>): number =>
  Math.round(Math.max(Math.abs(least), Math.abs(most)) * 10 ** decimals);

function requireColumns(
  given: readonly { readonly name: string }[],
  due: readonly string[],
  field: string,
): void {
  if (new Set(due).size !== due.length)
    throw invalidField('spec.measure.metrics', 'name a column twice');
  if (given.length === 0) return;
  if (given.map(({ name }) => name).join('\n') !== due.join('\n')) {
    throw invalidField(field, 'follow from spec.measure: leave them out');
  }
}
