/** A report of invented parties whose metrics are measured on synthetic scores. */
import { logistic } from '../../src/math/linear-model.ts';
import { type Metrics, measure } from '../../src/model/metrics.ts';
import { type Report, type ReportFacts, reportOf } from '../../src/model/report.ts';

/** Scores of `rows` rows, the better the larger `signal`; the same rows and labels for every signal. */
export function sampleMetrics(signal: number, rows = 600): Metrics {
  let state = 12345;
  const next = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  const normal = () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());
  const truth = Float64Array.from({ length: rows }, normal);
  const noise = Float64Array.from({ length: rows }, normal);
  const labels = Uint8Array.from(truth, (z) => (next() < logistic(2 * z - 1.5) ? 1 : 0));
  const probabilities = truth.map((z, row) => logistic(signal * z + 0.5 * noise[row]! - 1.3));
  return measure(labels, probabilities);
}

export const sampleFacts: ReportFacts = {
  jobId: 'job-1',
  modelId: 'model-1',
  purpose: 'credit-risk',
  createdAt: '2026-11-22T08:30:00.000Z',
  parties: { active: 'bank', passive: 'company' },
  label: { column: 'Status', positive: 'bad' },
  rows: { active: 3790, aligned: 3213, train: 2613, heldOut: 600 },
  columns: { active: ['Age', 'Job', 'Income'], passive: ['Assets', 'Debt', 'Price'] },
  features: { active: 11, passive: 9 },
  metrics: {
    joint: sampleMetrics(2),
    activeOnly: sampleMetrics(0.4),
    pooled: sampleMetrics(2.1),
  },
  phases: [
    { name: 'align', seconds: 1.9, sentBytes: 250_000, receivedBytes: 240_000 },
    { name: 'train', seconds: 8.2, sentBytes: 3_100_000, receivedBytes: 4_700_000 },
  ],
  disclosures: [
    { party: 'bank', learns: 'which of its rows the company has too' },
    { party: 'bank', learns: 'its own 11 weights' },
    { party: 'company', learns: 'which of its rows the bank has too' },
  ],
  parameters: { 'ring degree': 4096, 'log2 q': 54, passes: 10 },
  warnings: [],
};

export const sampleReport = (changes: Partial<ReportFacts> = {}): Report =>
  reportOf({ ...sampleFacts, ...changes });
