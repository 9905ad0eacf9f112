/** Who learns what, per protocol and role: the one table that plans show, agreements state, and approvers read. */
import { create } from '@bufbuild/protobuf';
import {
  type Disclosure,
  DisclosureSchema,
  type JobSpec,
} from '../gen/sotto/job/v1/agreement_pb.ts';
import { type ProtocolName, participant, protocolOf, type Role } from './spec.ts';

interface Wording {
  readonly both: readonly string[];
  readonly active: readonly string[];
  readonly passive: readonly string[];
}

const ALIGNMENT: readonly string[] = [
  'how many rows the other party brings',
  'how many rows both have, and which of its own rows they are',
];

/** Sentences continue "<party> learns ...". They are part of the agreement: a change is a new version. */
const WORDINGS: Readonly<Record<ProtocolName, (spec: JobSpec) => Wording>> = {
  align: () => ({ both: ALIGNMENT, active: [], passive: [] }),
  train: () => ({
    both: [
      ...ALIGNMENT,
      "the number of the other party's features, and the message sizes and times that follow from the numbers of rows, features and passes",
      'one weight for each of its own features, rounded to 24 bits of the torus; these depend on the data of both parties and on the labels',
      "whether any party's part of the logits left the range of the sigmoid (one bit of each party)",
    ],
    active: [
      "for every held-out row, the passive party's part of the logit in steps of 0.125, and the metrics that follow from it",
    ],
    passive: ['which of the common rows are held out'],
  }),
  predict: (spec) => ({
    both: ALIGNMENT,
    active: [
      `for every common row, the passive party's part of the logit in steps of ${stepOf(spec)}, and the score that follows from it`,
    ],
    passive: ['that its part of these rows was used, and with which model; no score'],
  }),
};

const stepOf = (spec: JobSpec): number =>
  spec.protocol.case === 'predict' ? spec.protocol.value.step : 0;

/** The disclosures of a normalised spec, in a fixed order: active before passive. */
export function disclosuresOf(spec: JobSpec): Disclosure[] {
  const wording = WORDINGS[protocolOf(spec)](spec);
  return (['active', 'passive'] as const).flatMap((role: Role) =>
    [...wording.both, ...wording[role]].map((learns) =>
      create(DisclosureSchema, { party: participant(spec, role).party, learns }),
    ),
  );
}
