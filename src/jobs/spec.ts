/** A job as its author wrote it, brought to the one form that is agreed on: defaults filled in, every range checked. */
import { clone, create } from '@bufbuild/protobuf';
import { SottoError } from '../base/errors.ts';
import {
  type JobSpec,
  JobSpecSchema,
  Missing,
  type Participant,
  PredictSpecSchema,
  TrainSpecSchema,
} from '../gen/sotto/job/v1/agreement_pb.ts';

export type ProtocolName = 'align' | 'train' | 'predict';
export type Role = 'active' | 'passive';

const DAY_SECONDS = 86_400;
const MAX_NAME = 200;
/** As many columns as a table of this kind has in practice, and few enough to read in an approval. */
const MAX_COLUMNS = 1_000;

/** Names the field, what was found and what was expected; the caller can mend it. */
export function invalidField(
  field: string,
  message: string,
  facts: Readonly<Record<string, string | number>> = {},
): SottoError {
  return new SottoError('invalid-argument', `${field} ${message}`, { field, ...facts });
}

function inRange(field: string, value: number, least: number, most: number): number {
  if (!(value >= least && value <= most)) {
    throw invalidField(field, `is outside ${least}..${most}`, { found: value, least, most });
  }
  return value;
}

/** proto3: 0 is "not set". NaN is not: it is a mistake, which the range finds. */
const defaultTo = (value: number, standard: number): number => (value === 0 ? standard : value);

function name(field: string, value: string): void {
  if (value === '') throw invalidField(field, 'is missing');
  if (value.length > MAX_NAME) {
    throw invalidField(field, 'is too long', { found: value.length, most: MAX_NAME });
  }
  // A control character could make two names look alike where a person approves them.
  if (/\p{Cc}/u.test(value)) throw invalidField(field, 'has a control character');
}

export function protocolOf(spec: JobSpec): ProtocolName {
  if (spec.protocol.case === undefined) {
    throw invalidField('spec', 'names no protocol: expected one of align, train, predict');
  }
  return spec.protocol.case;
}

/** The party's role, or an error if the job is between others. */
export function roleOf(spec: JobSpec, party: string): Role {
  if (spec.active?.party === party) return 'active';
  if (spec.passive?.party === party) return 'passive';
  throw invalidField('spec.active.party', 'and spec.passive.party: neither is this party', {
    party,
  });
}

export const participant = (spec: JobSpec, role: Role): Participant => {
  const found = spec[role];
  if (found === undefined) throw invalidField(`spec.${role}`, 'is missing');
  return found;
};

/**
 * A copy with every default filled in; a spec in this form is returned unchanged. `kind` may stay
 * unspecified: it means "as the dataset's owner types the column".
 * @throws SottoError invalid-argument with `field`, e.g. 'spec.train.passes'.
 */
export function normaliseSpec(given: JobSpec): JobSpec {
  const spec = clone(JobSpecSchema, given);
  const protocol = protocolOf(spec);
  name('spec.purpose', spec.purpose);
  spec.validForSeconds = inRange(
    'spec.valid_for_seconds',
    defaultTo(spec.validForSeconds, DAY_SECONDS),
    1,
    30 * DAY_SECONDS,
  );
  for (const role of ['active', 'passive'] as const) normaliseParticipant(spec, role, protocol);
  if (spec.active?.party === spec.passive?.party) {
    throw invalidField('spec.passive.party', 'is the same as spec.active.party');
  }
  normaliseProtocol(spec);
  return spec;
}

function normaliseParticipant(spec: JobSpec, role: Role, protocol: ProtocolName): void {
  const side = participant(spec, role);
  const path = `spec.${role}`;
  name(`${path}.party`, side.party);
  name(`${path}.dataset`, side.dataset);
  if (protocol !== 'train' && side.columns.length > 0) {
    throw invalidField(`${path}.columns`, `must be empty in ${protocol}`, {
      found: side.columns.length,
    });
  }
  if (protocol === 'train') inRange(`${path}.columns`, side.columns.length, 1, MAX_COLUMNS);
  const seen = new Set<string>();
  for (const [index, column] of side.columns.entries()) {
    const at = `${path}.columns[${index}]`;
    name(`${at}.name`, column.name);
    if (seen.has(column.name)) throw invalidField(`${at}.name`, 'is named twice');
    seen.add(column.name);
    if (column.missing === Missing.UNSPECIFIED) column.missing = Missing.MEAN_INDICATOR;
    inRange(`${at}.missing`, column.missing, 1, 2);
    inRange(`${at}.kind`, column.kind, 0, 2);
    column.maxCategories = inRange(
      `${at}.max_categories`,
      defaultTo(column.maxCategories, 8),
      1,
      1_000,
    );
  }
  normaliseLabel(side, path, protocol === 'train' && role === 'active');
}

function normaliseLabel(side: Participant, path: string, due: boolean): void {
  if (!due) {
    if (side.label !== undefined) {
      throw invalidField(`${path}.label`, 'must be empty: only the active party of train has one');
    }
    return;
  }
  if (side.label === undefined) throw invalidField(`${path}.label`, 'is missing');
  name(`${path}.label.column`, side.label.column);
  name(`${path}.label.positive`, side.label.positive);
  const feature = side.columns.findIndex((column) => column.name === side.label?.column);
  if (feature >= 0) throw invalidField(`${path}.columns[${feature}].name`, 'is the label');
}

function normaliseProtocol(spec: JobSpec): void {
  if (spec.protocol.case === 'train') {
    const given = spec.protocol.value;
    const value = create(TrainSpecSchema, {
      passes: inRange('spec.train.passes', defaultTo(given.passes, 12), 1, 50),
      ridge: inRange('spec.train.ridge', defaultTo(given.ridge, 0.001), 1e-6, 0.25),
      heldOutFraction: inRange(
        'spec.train.held_out_fraction',
        defaultTo(given.heldOutFraction, 0.2),
        0.05,
        0.5,
      ),
      harmonics: inRange('spec.train.harmonics', defaultTo(given.harmonics, 3), 2, 4),
      modelDays: inRange('spec.train.model_days', defaultTo(given.modelDays, 365), 1, 3_650),
    });
    spec.protocol = { case: 'train', value };
  }
  if (spec.protocol.case === 'predict') {
    const given = spec.protocol.value;
    name('spec.predict.model_id', given.modelId);
    // A finer step would let the receiver solve for the sender's columns and weights.
    const step = inRange('spec.predict.step', defaultTo(given.step, 0.125), 0.125, 4);
    spec.protocol = {
      case: 'predict',
      value: create(PredictSpecSchema, { modelId: given.modelId, step }),
    };
  }
}

export const otherRole = (role: Role): Role => (role === 'active' ? 'passive' : 'active');
