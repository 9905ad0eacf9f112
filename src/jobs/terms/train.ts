/** The terms of "train": vertical logistic regression over the aligned rows. */
import { create } from '@bufbuild/protobuf';
import { SottoError } from '../../base/errors.ts';
import {
  type JobSpec,
  type TrainSpec,
  TrainSpecSchema,
} from '../../gen/sotto/job/v1/agreement_pb.ts';
import { chooseParameters } from '../../protocols/vertical-lr/parameters.ts';
import { checkName, defaultTo, inRange } from '../fields.ts';
import { ALIGNMENT, alignEstimate } from './align.ts';
import {
  added,
  type Estimate,
  type EstimateSizes,
  NETWORK_SECONDS_PER_BYTE,
  type Terms,
} from './terms.ts';

/** Weights of fewer training rows would say too much about single ones; the protocol refuses them as well. */
const MIN_TRAINING_ROWS = 1_000;
/** Ring arithmetic and encryption for a byte of the wire, on one core of each party. */
const SECONDS_PER_BYTE = 1 / 2e6;

const PARENT =
  'that the training begins at the model named as its parent, so that the weights depend on the data and labels of that one too';

export const trainTerms: Terms = {
  parts: {
    active: { columns: 'features', label: 'required', where: 'none' },
    passive: { columns: 'features', label: 'none', where: 'none' },
  },
  normalise: (spec) => {
    const given = trainSpec(spec);
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
      parentModelId: optionalName('spec.train.parent_model_id', given.parentModelId),
      measureJobId: optionalName('spec.train.measure_job_id', given.measureJobId),
    });
    spec.protocol = { case: 'train', value };
  },
  wording: (spec) => ({
    both: [
      ...ALIGNMENT,
      ...(trainSpec(spec).parentModelId === '' ? [] : [PARENT]),
      "the number of the other party's features, and the message sizes and times that follow from the numbers of rows, features and passes",
      'one weight for each of its own features, rounded to 24 bits of the torus; these depend on the data of both parties and on the labels',
      "whether any party's part of the logits left the range of the sigmoid (one bit of each party)",
    ],
    active: [
      "for every held-out row, the passive party's part of the logit in steps of 0.125, and the metrics that follow from it",
    ],
    passive: ['which of the common rows are held out'],
  }),
  // What is left after the held-out share is set aside must be enough.
  minRows: (spec) => Math.ceil(MIN_TRAINING_ROWS / (1 - trainSpec(spec).heldOutFraction)),
  estimate: (spec, sizes) => added(alignEstimate(sizes), trainingEstimate(spec, sizes)),
};

function optionalName(field: string, value: string): string {
  if (value !== '') checkName(field, value);
  return value;
}

function trainSpec({ protocol }: JobSpec): TrainSpec {
  if (protocol.case !== 'train') throw new SottoError('internal', 'not a training');
  return protocol.value;
}

/** The widths of one-hot groups are not known before: a column counts as one feature and its indicator. */
function trainingEstimate(spec: JobSpec, { rows, threads }: EstimateSizes): Estimate {
  const { passes, harmonics, heldOutFraction } = trainSpec(spec);
  const chosen = chooseParameters({
    rows: Math.round(Math.max(trainTerms.minRows(spec), rows) * (1 - heldOutFraction)),
    dActive: 2 * spec.active!.columns.length,
    dPassive: 2 * spec.passive!.columns.length,
    passes,
    harmonics,
  });
  const bytes = chosen.bytes.total;
  return {
    bytes,
    seconds: bytes * (SECONDS_PER_BYTE / threads + NETWORK_SECONDS_PER_BYTE),
    parameters: {
      'ring degree': 4096,
      'log2 q': Math.round(10 * chosen.ring.primes.reduce((sum, p) => sum + Math.log2(p), 0)) / 10,
      passes,
      harmonics,
    },
    warnings: chosen.warnings,
  };
}
