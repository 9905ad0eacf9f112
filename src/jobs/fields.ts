/** The fields of a job's spec: roles, participants, and the checks that name the field they fail on. */
import { SottoError } from '../base/errors.ts';
import { type Predicate, parsePredicate } from '../data/predicate/index.ts';
import { type JobSpec, JobSpecSchema, type Participant } from '../gen/sotto/job/v1/agreement_pb.ts';

export type ProtocolName = NonNullable<JobSpec['protocol']['case']>;
/** As the schema lists them. */
export const PROTOCOL_NAMES = JobSpecSchema.oneofs.flatMap(({ fields }) =>
  fields.map(({ localName }) => localName as ProtocolName),
);
export type Role = 'active' | 'passive';

const MAX_NAME = 200;

/** Names the field, what was found and what was expected; the caller can mend it. */
export function invalidField(
  field: string,
  message: string,
  facts: Readonly<Record<string, string | number>> = {},
): SottoError {
  return new SottoError('invalid-argument', `${field} ${message}`, { field, ...facts });
}

export function inRange(field: string, value: number, least: number, most: number): number {
  if (!(value >= least && value <= most)) {
    throw invalidField(field, `is outside ${least}..${most}`, { found: value, least, most });
  }
  return value;
}

/** proto3: 0 is "not set". NaN is not: it is a mistake, which the range finds. */
export const defaultTo = (value: number, standard: number): number =>
  value === 0 ? standard : value;

export function checkName(field: string, value: string): void {
  if (value === '') throw invalidField(field, 'is missing');
  if (value.length > MAX_NAME) {
    throw invalidField(field, 'is too long', { found: value.length, most: MAX_NAME });
  }
  // A control character could make two names look alike where a person approves them.
  if (/\p{Cc}/u.test(value)) throw invalidField(field, 'has a control character');
}

/** The text is a condition, whatever the table that it will be tried on. */
export function checkCondition(field: string, text: string): Predicate {
  try {
    return parsePredicate(text);
  } catch (thrown) {
    if (!(thrown instanceof SottoError)) throw thrown;
    throw new SottoError('invalid-argument', `${field}: ${thrown.message}`, {
      field,
      ...thrown.facts,
    });
  }
}

export const participant = (spec: JobSpec, role: Role): Participant => {
  const found = spec[role];
  if (found === undefined) throw invalidField(`spec.${role}`, 'is missing');
  return found;
};

export const otherRole = (role: Role): Role => (role === 'active' ? 'passive' : 'active');
