/** The terms of "exclude": delivery to an audience without the people whom the active party has already. */
import { create } from '@bufbuild/protobuf';
import { SottoError } from '../../base/errors.ts';
import type { JobSpec } from '../../gen/sotto/job/v1/agreement_pb.ts';
import { type ExcludeSpec, ExcludeSpecSchema } from '../../gen/sotto/job/v1/sets_pb.ts';
import { defaultTo, inRange, invalidField } from '../fields.ts';
import { alignEstimate } from './align.ts';
import { LEAST_ROWS, MOST_LEAST_ROWS } from './least-rows.ts';
import { CHOSEN_ROWS, ROWS_BROUGHT, SAME_ROWS, type Terms } from './terms.ts';

export const excludeTerms: Terms = {
  parts: { active: CHOSEN_ROWS, passive: CHOSEN_ROWS },
  normalise: (spec) => {
    const { holdout, overlapDisclosed, minRows, maxCertainty } = excludeSpec(spec);
    if (overlapDisclosed && holdout !== 0) {
      throw invalidField('spec.exclude.holdout', 'must be empty where the overlap is disclosed', {
        found: holdout,
      });
    }
    const value = create(ExcludeSpecSchema, {
      holdout: overlapDisclosed
        ? 0
        : inRange('spec.exclude.holdout', defaultTo(holdout, 0.1), 0.01, 0.5),
      overlapDisclosed,
      minRows: inRange(
        'spec.exclude.min_rows',
        defaultTo(minRows, LEAST_ROWS),
        LEAST_ROWS,
        MOST_LEAST_ROWS,
      ),
      maxCertainty: overlapDisclosed
        ? 1
        : inRange('spec.exclude.max_certainty', defaultTo(maxCertainty, 0.95), 0.05, 0.99),
    });
    spec.protocol = { case: 'exclude', value };
  },
  wording: (spec) => {
    const { holdout, overlapDisclosed, maxCertainty } = excludeSpec(spec);
    return {
      both: [SAME_ROWS],
      active: [
        'how many rows the audience has',
        'how many of them it has as well, and how many others are withheld; of none which',
      ],
      passive: [
        ROWS_BROUGHT,
        ...(overlapDisclosed
          ? ['which of its rows the active party has']
          : [
              `which of its rows are withheld: those that the active party has, and each other with probability ${holdout}; not which is which`,
              `that at most ${maxCertainty} of the withheld are expected to be known to the active party`,
            ]),
      ],
    };
  },
  minRows: (spec) => excludeSpec(spec).minRows,
  estimate: (_, sizes) => {
    const estimate = alignEstimate(sizes);
    // One list of fingerprints instead of two, and a bit a row.
    return { ...estimate, bytes: estimate.bytes - sizes.rows * (10 - 1 / 8) };
  },
};

export function excludeSpec({ protocol }: Pick<JobSpec, 'protocol'>): ExcludeSpec {
  if (protocol.case !== 'exclude') throw new SottoError('internal', 'not an exclusion');
  return protocol.value;
}
