/** The terms of "select": rows that fulfil both parties' conditions, and the columns given of them. */
import { create } from '@bufbuild/protobuf';
import { SottoError } from '../../base/errors.ts';
import type { JobSpec, Participant } from '../../gen/sotto/job/v1/agreement_pb.ts';
import { type SelectSpec, SelectSpecSchema } from '../../gen/sotto/job/v1/sets_pb.ts';
import { defaultTo, inRange } from '../fields.ts';
import { alignEstimate } from './align.ts';
import { LEAST_ROWS, MOST_LEAST_ROWS } from './least-rows.ts';
import {
  added,
  NETWORK_SECONDS_PER_BYTE,
  type Part,
  ROWS_BROUGHT,
  SAME_ROWS,
  type Terms,
} from './terms.ts';

const GIVEN: Part = { columns: 'names', label: 'none', where: 'allowed' };
/** A value of a released column as text. */
const BYTES_PER_VALUE = 10;

export const selectTerms: Terms = {
  parts: { active: GIVEN, passive: GIVEN },
  normalise: (spec) => {
    const { minRows } = selectSpec(spec);
    const least = defaultTo(minRows, LEAST_ROWS);
    const value = create(SelectSpecSchema, {
      minRows: inRange('spec.select.min_rows', least, LEAST_ROWS, MOST_LEAST_ROWS),
    });
    spec.protocol = { case: 'select', value };
  },
  wording: (spec) => ({
    both: [
      ROWS_BROUGHT,
      SAME_ROWS,
      "which of its own rows fulfil both parties' conditions and are in both tables",
    ],
    active: given(spec.passive!),
    passive: given(spec.active!),
  }),
  minRows: (spec) => selectSpec(spec).minRows,
  estimate: (spec, sizes) => {
    const columns = spec.active!.columns.length + spec.passive!.columns.length;
    const bytes = columns * sizes.rows * BYTES_PER_VALUE;
    const seconds = bytes * NETWORK_SECONDS_PER_BYTE;
    return added(alignEstimate(sizes), { bytes, seconds, parameters: {}, warnings: [] });
  },
};

const given = ({ columns }: Participant): string[] =>
  columns.map(({ name }) => `the value of '${name}' of each of these rows`);

function selectSpec({ protocol }: Pick<JobSpec, 'protocol'>): SelectSpec {
  if (protocol.case !== 'select') throw new SottoError('internal', 'not a selection');
  return protocol.value;
}
