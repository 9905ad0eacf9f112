/**
 * What the joint model is compared with: plain logistic regression on the bank's columns alone, and on both
 * parties' columns in one place. The second needs both tables in the clear, which only a demo has.
 */
import { SottoError } from '../../base/errors.ts';
import type { DatasetConfig } from '../../data/dataset.ts';
import { splitRows } from '../../data/split.ts';
import { openTable } from '../../data/table.ts';
import type { Agreement, Participant } from '../../gen/sotto/job/v1/agreement_pb.ts';
import { type Column, type FeatureMatrix, pickRows } from '../../math/columns.ts';
import { linearScores, logistic } from '../../math/linear-model.ts';
import { fitLogistic } from '../../math/newton.ts';
import { type Metrics, measure } from '../../model/metrics.ts';
import { applyPreprocessing, fitPreprocessing } from '../../model/preprocess.ts';

/** Measured on the same held-out rows as the joint model, after training on the same rows with the same ridge. */
export interface Baselines {
  readonly activeOnly: Metrics;
  readonly pooled: Metrics;
}

interface Side {
  readonly ids: readonly string[];
  /** For each common row, in the order of the ids at the active party. */
  columns(rows: Uint32Array): Promise<Column[]>;
  labels(rows: Uint32Array): Promise<Uint8Array>;
}

/** Fits both baselines on the tables of the two parties; the agreement says how rows are split. */
export async function compare(
  agreement: Agreement,
  tables: { readonly active: DatasetConfig; readonly passive: DatasetConfig },
): Promise<Baselines> {
  const spec = agreement.spec;
  if (spec?.protocol.case !== 'train' || !spec.active || !spec.passive) {
    throw new SottoError('internal', 'only a training can be compared');
  }
  const { ridge, heldOutFraction } = spec.protocol.value;
  const active = await sideOf(tables.active, spec.active);
  const passive = await sideOf(tables.passive, spec.passive);
  const placeAtPassive = new Map(passive.ids.map((id, row) => [id, row]));
  const common = active.ids.flatMap((id, row) => {
    const other = placeAtPassive.get(id);
    return other === undefined ? [] : [{ id, row, other }];
  });
  const rows = Uint32Array.from(common, ({ row }) => row);
  const others = Uint32Array.from(common, ({ other }) => other);
  const split = splitRows(
    agreement.seed,
    common.map(({ id }) => id),
    heldOutFraction,
  );
  const labels = await active.labels(rows);
  const bank = prepared(await active.columns(rows), split);
  const company = prepared(await passive.columns(others), split);
  const take = (positions: Uint32Array): Uint8Array =>
    Uint8Array.from(positions, (position) => labels[position]!);
  const measured = (train: FeatureMatrix, heldOut: FeatureMatrix): Metrics => {
    const fit = fitLogistic(train, take(split.train), { ridge });
    const logits = linearScores(heldOut, fit.weights, fit.intercept);
    return measure(take(split.heldOut), logits.map(logistic));
  };
  return {
    activeOnly: measured(bank.train, bank.heldOut),
    pooled: measured(beside(bank.train, company.train), beside(bank.heldOut, company.heldOut)),
  };
}

async function sideOf(config: DatasetConfig, participant: Participant): Promise<Side> {
  const table = await openTable(config);
  const { label } = participant;
  return {
    ids: (await table.ids()).ids,
    columns: (rows) =>
      table.columns(
        participant.columns.map(({ name }) => ({ name })),
        rows,
      ),
    labels: async (rows) => {
      if (label === undefined) throw new SottoError('internal', 'the active party has no label');
      return await table.labels(label, rows);
    },
  };
}

/** Each party's features as it would prepare them itself: fitted on the training rows alone. */
function prepared(
  columns: readonly Column[],
  split: { readonly train: Uint32Array; readonly heldOut: Uint32Array },
): { readonly train: FeatureMatrix; readonly heldOut: FeatureMatrix } {
  const train = pickRows(columns, split.train);
  const preprocessing = fitPreprocessing(train);
  return {
    train: applyPreprocessing(preprocessing, train),
    heldOut: applyPreprocessing(preprocessing, pickRows(columns, split.heldOut)),
  };
}

/** The columns of both, rows as they are. */
function beside(left: FeatureMatrix, right: FeatureMatrix): FeatureMatrix {
  const values = new Float64Array(left.values.length + right.values.length);
  values.set(left.values);
  values.set(right.values, left.values.length);
  return { rows: left.rows, columns: left.columns + right.columns, values };
}
