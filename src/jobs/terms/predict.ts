/** The terms of "predict": scores of the aligned rows by a model trained before. */
import { create } from '@bufbuild/protobuf';
import { SottoError } from '../../base/errors.ts';
import {
  type JobSpec,
  type PredictSpec,
  PredictSpecSchema,
} from '../../gen/sotto/job/v1/agreement_pb.ts';
import { checkName, defaultTo, inRange } from '../fields.ts';
import { ALIGNMENT, alignEstimate } from './align.ts';
import { added, NETWORK_SECONDS_PER_BYTE, NO_COLUMNS, type Terms } from './terms.ts';

const BYTES_PER_ROW = 2;

export const predictTerms: Terms = {
  parts: { active: NO_COLUMNS, passive: NO_COLUMNS },
  normalise: (spec) => {
    const { modelId, step } = predictSpec(spec);
    checkName('spec.predict.model_id', modelId);
    const value = create(PredictSpecSchema, {
      modelId,
      // A finer step would let the receiver solve for the sender's columns and weights.
      step: inRange('spec.predict.step', defaultTo(step, 0.125), 0.125, 4),
    });
    spec.protocol = { case: 'predict', value };
  },
  wording: (spec) => ({
    both: ALIGNMENT,
    active: [
      `for every common row, the passive party's part of the logit in steps of ${predictSpec(spec).step}, and the score that follows from it`,
    ],
    passive: ['that its part of these rows was used, and with which model; no score'],
  }),
  minRows: () => 1,
  estimate: (_, sizes) => {
    const bytes = sizes.rows * BYTES_PER_ROW;
    const seconds = bytes * NETWORK_SECONDS_PER_BYTE;
    return added(alignEstimate(sizes), { bytes, seconds, parameters: {}, warnings: [] });
  },
};

function predictSpec({ protocol }: JobSpec): PredictSpec {
  if (protocol.case !== 'predict') throw new SottoError('internal', 'not a scoring');
  return protocol.value;
}
