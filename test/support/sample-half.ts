/** A half of a model over invented customers: numbers of several sizes, some missing, and categories. */
import type { Column } from '../../src/math/columns.ts';
import { linearScores, logistic } from '../../src/math/linear-model.ts';
import { fitLogistic } from '../../src/math/newton.ts';
import { type HalfFacts, halfOf, type ModelHalf } from '../../src/model/half.ts';
import { applyPreprocessing, fitPreprocessing } from '../../src/model/preprocess.ts';

export const SAMPLE_ROWS = 500;

/** A deterministic stream in [0, 1). */
function stream(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

export function sampleColumns(rows = SAMPLE_ROWS): Column[] {
  const next = stream(7);
  const numbers = (low: number, high: number, missingShare: number) =>
    Float64Array.from({ length: rows }, () => {
      const value = low + (high - low) * next() ** 2;
      return next() < missingShare ? Number.NaN : Math.round(value);
    });
  return [
    { name: 'Income', kind: 'numeric', values: numbers(300, 9000, 0.05) },
    { name: 'Assets', kind: 'numeric', values: numbers(0, 250_000, 0.1) },
    { name: 'Year', kind: 'numeric', values: numbers(1995, 2026, 0) },
    {
      name: 'Home',
      kind: 'categorical',
      codes: Int32Array.from({ length: rows }, () => Math.floor(4 * next() ** 2)),
      categories: ['owner', 'parents', 'private', 'rent'],
    },
  ];
}

/** Labels that depend on the first column. */
export function sampleLabels(columns: readonly Column[]): Uint8Array {
  const next = stream(11);
  const income = columns[0]!;
  if (income.kind !== 'numeric') throw new Error('the first column is a number');
  return Uint8Array.from(income.values, (value) =>
    next() < logistic(Number.isNaN(value) ? 1 : 1 - value / 2000) ? 1 : 0,
  );
}

export function sampleHalf(changes: Partial<HalfFacts> = {}): ModelHalf {
  const columns = sampleColumns();
  const preprocessing = fitPreprocessing(columns);
  const features = applyPreprocessing(preprocessing, columns);
  const { weights, intercept } = fitLogistic(features, sampleLabels(columns), { ridge: 1e-3 });
  return halfOf({
    id: 'model-1',
    role: 'active',
    party: 'bank',
    peer: 'company',
    purpose: 'credit-risk',
    columns: columns.map(({ name }) => name),
    label: { column: 'Status', positive: 'bad' },
    preprocessing,
    weights,
    intercept,
    parameters: { 'log2 q': 54, sampler: 'seal' },
    metrics: { auc: 0.8, ks: 0.5 },
    createdAt: '2026-11-22T08:00:00.000Z',
    expiresAt: '2027-11-22T08:00:00.000Z',
    lineage: {
      jobId: 'job-1',
      agreementSha256: 'ab'.repeat(32),
      dataset: 'customers',
      alignedRows: 620,
      trainRows: SAMPLE_ROWS,
      heldOutRows: 120,
    },
    ...changes,
  });
}

/** The half's part of each row's logit, intercept included. */
export function partialLogits(half: ModelHalf, columns: readonly Column[]): Float64Array {
  const features = applyPreprocessing(half.preprocessing, columns);
  return linearScores(features, Float64Array.from(half.weights.whitened), half.intercept);
}
