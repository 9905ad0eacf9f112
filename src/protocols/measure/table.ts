/** The table that both will hold: what is released of each cohort, said by active and looked at by passive. */
import { SottoError } from '../../base/errors.ts';
import { MeasureTableSchema } from '../../gen/sotto/protocol/v1/measure_pb.ts';
import type { Party } from '../party.ts';
import { sumColumns } from './lanes.ts';
import type { MeasureTerms, Shape } from './shape.ts';

/** One cohort as both know it. */
export interface MeasuredCohort {
  /** Ids of the cohort; undefined where it is below the agreed least. */
  readonly exposed: number | undefined;
  /** The count of converted ids and the sums of the columns, with noise; undefined where withheld. */
  readonly sums: readonly number[] | undefined;
}

/** What may be told of a cohort: nothing where the count, with all its noise, is below the agreed least. */
export const released = (sums: readonly number[], { least }: MeasureTerms): readonly number[] =>
  sums[0]! >= least ? sums : [];

const tableOf = (shape: Shape, rows: readonly (readonly number[])[]): MeasuredCohort[] =>
  rows.map((sums, g) => ({
    exposed: shape.sizes[g]! === 0 ? undefined : shape.sizes[g]!,
    sums: sums.length === 0 ? undefined : sums,
  }));

export async function sendTable(
  { channel }: Party,
  shape: Shape,
  rows: readonly (readonly number[])[],
): Promise<readonly MeasuredCohort[]> {
  await channel.send(MeasureTableSchema, {
    rows: rows.map((sums) => ({ sums: sums.map((sum) => BigInt(sum)) })),
  });
  return tableOf(shape, rows);
}

/** Refuses a table of another form, and rows that were not to be told. */
export async function receiveTable(
  { channel }: Party,
  shape: Shape,
  terms: MeasureTerms,
): Promise<readonly MeasuredCohort[]> {
  const columns = sumColumns(terms).length;
  const { rows } = await channel.receive(
    MeasureTableSchema,
    shape.sizes.length * (10 * columns + 16) + 16,
  );
  if (rows.length !== shape.sizes.length) {
    throw new SottoError('protocol-violation', 'a table of another number of cohorts', {
      expected: shape.sizes.length,
      received: rows.length,
    });
  }
  const numbers = rows.map(({ sums }, g) => {
    const empty = shape.sizes[g] === 0;
    if (sums.length !== 0 && (empty || sums.length !== columns)) {
      throw new SottoError('protocol-violation', 'a row of the table has another length', {
        expected: empty ? 0 : columns,
        received: sums.length,
      });
    }
    const row = sums.map(Number);
    if (!row.every(Number.isSafeInteger) || (row.length > 0 && released(row, terms) !== row)) {
      throw new SottoError('protocol-violation', 'a row of the table is not to be told', {
        cohort: g,
        least: terms.least,
      });
    }
    return row;
  });
  return tableOf(shape, numbers);
}
