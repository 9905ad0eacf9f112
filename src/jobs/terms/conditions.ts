/** Conditions that a spec puts on a party's rows, and where in the spec they stand. */
import { columnsOf, parsePredicate } from '../../data/predicate/index.ts';
import type { JobSpec } from '../../gen/sotto/job/v1/agreement_pb.ts';
import { participant, type Role } from '../fields.ts';

export interface Condition {
  /** E.g. 'spec.active.where'. */
  readonly field: string;
  /** Names of columns that it reads. */
  readonly columns: readonly string[];
}

/** Of a normalised spec. */
export function conditionsOf(spec: JobSpec, role: Role): Condition[] {
  const texts = [{ field: `spec.${role}.where`, where: participant(spec, role).where }];
  if (spec.protocol.case === 'count') {
    for (const [index, { where }] of spec.protocol.value[role].entries()) {
      texts.push({ field: `spec.count.${role}[${index}].where`, where });
    }
  }
  return texts
    .filter(({ where }) => where !== '')
    .map(({ field, where }) => ({ field, columns: columnsOf(parsePredicate(where)) }));
}
