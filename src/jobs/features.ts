/** From a party's columns of the aligned rows to the features of training and held-out rows. */

import { type Split, splitRows } from '../data/split.ts';
import type { ColumnUse, Table } from '../data/table.ts';
import { type ColumnUse as AgreedUse, Kind, Missing } from '../gen/sotto/job/v1/agreement_pb.ts';
import type { Column, FeatureMatrix } from '../math/columns.ts';
import { pickRows } from '../math/columns.ts';
import {
  applyPreprocessing,
  type FeatureUse,
  fitPreprocessing,
  type Preprocessing,
} from '../model/preprocess.ts';
import type { Alignment } from './align.ts';
import type { JobContext } from './role.ts';

export interface Prepared {
  readonly preprocessing: Preprocessing;
  readonly split: Split;
  readonly train: FeatureMatrix;
  readonly heldOut: FeatureMatrix;
}

const KINDS: Readonly<Partial<Record<Kind, 'numeric' | 'categorical'>>> = {
  [Kind.NUMERIC]: 'numeric',
  [Kind.CATEGORICAL]: 'categorical',
};

const readAs = ({ name, kind }: AgreedUse): ColumnUse => {
  const as = KINDS[kind];
  return as === undefined ? { name } : { name, kind: as };
};

const usedAs = ({ name, missing, maxCategories }: AgreedUse): FeatureUse => ({
  name,
  missing: missing === Missing.REFUSE ? 'refuse' : 'mean-indicator',
  maxCategories,
});

/**
 * Fits on the training rows alone. Errors name the column, and the row of this party's own table.
 * @param fraction Held out, by the agreement's seed and the id: the same rows at both parties.
 */
export async function prepareTraining(
  { agreement, own, party }: JobContext,
  table: Table,
  { rows, ids }: Alignment,
  fraction: number,
): Promise<Prepared> {
  const split = splitRows(agreement.seed, ids, fraction);
  const columns = await table.columns(own.columns.map(readAs), rows, { signal: party.signal });
  const rowsAt = (places: Uint32Array): Uint32Array => places.map((place) => rows[place]!);
  const part = (places: Uint32Array): Column[] => pickRows(columns, places);
  const preprocessing = fitPreprocessing(part(split.train), {
    uses: own.columns.map(usedAs),
    rows: rowsAt(split.train),
  });
  const apply = (places: Uint32Array): FeatureMatrix =>
    applyPreprocessing(preprocessing, part(places), { rows: rowsAt(places) });
  return { preprocessing, split, train: apply(split.train), heldOut: apply(split.heldOut) };
}

/** The features that a model trained before needs, of the aligned rows of another table. */
export async function prepareScoring(
  { party }: JobContext,
  table: Table,
  { rows }: Pick<Alignment, 'rows'>,
  preprocessing: Preprocessing,
): Promise<FeatureMatrix> {
  const uses = preprocessing.columns.map(({ name, kind }) => ({ name, kind }));
  const columns = await table.columns(uses, rows, { signal: party.signal });
  return applyPreprocessing(preprocessing, columns, { rows });
}
