/** Protocol -> its terms. What the protocol does then is in `catalogue.ts`: the two tables list every protocol. */
import type { JobSpec } from '../../gen/sotto/job/v1/agreement_pb.ts';
import { invalidField, PROTOCOL_NAMES, type ProtocolName } from '../fields.ts';
import { alignTerms } from './align.ts';
import { countTerms } from './count.ts';
import { excludeTerms } from './exclude.ts';
import { measureTerms } from './measure.ts';
import { predictTerms } from './predict.ts';
import { selectTerms } from './select.ts';
import type { Terms } from './terms.ts';
import { trainTerms } from './train.ts';

const TERMS: Readonly<Record<ProtocolName, Terms>> = {
  align: alignTerms,
  train: trainTerms,
  predict: predictTerms,
  exclude: excludeTerms,
  select: selectTerms,
  count: countTerms,
  measure: measureTerms,
};

export function protocolOf(spec: JobSpec): ProtocolName {
  if (spec.protocol.case !== undefined) return spec.protocol.case;
  throw invalidField('spec', `names no protocol: expected one of ${PROTOCOL_NAMES.join(', ')}`);
}

export const termsOf = (spec: JobSpec): Terms => TERMS[protocolOf(spec)];
export type { Estimate, Part, Terms, Wording } from './terms.ts';
