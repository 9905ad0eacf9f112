/** Who learns what: the lines that plans show, agreements state, and approvers read. */
import { create } from '@bufbuild/protobuf';
import {
  type Disclosure,
  DisclosureSchema,
  type JobSpec,
} from '../gen/sotto/job/v1/agreement_pb.ts';
import { participant } from './fields.ts';
import { termsOf } from './terms/index.ts';

/** The disclosures of a normalised spec, in a fixed order: active before passive. */
export function disclosuresOf(spec: JobSpec): Disclosure[] {
  const wording = termsOf(spec).wording(spec);
  return (['active', 'passive'] as const).flatMap((role) =>
    [...wording.both, ...wording[role]].map((learns) =>
      create(DisclosureSchema, { party: participant(spec, role).party, learns }),
    ),
  );
}
