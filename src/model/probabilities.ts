/** How well probabilities are probabilities: log-loss, calibration, their distribution by class. */
import { SottoError } from '../base/errors.ts';
import { countLabels } from './labels.ts';

/**
 * Rows whose predicted probabilities are neighbours: what was predicted for them, and what
 * happened.
 */
export interface CalibrationBin {
  readonly rows: number;
  readonly meanPredicted: number;
  readonly observed: number;
}

/** Rows with a probability in [from, to), the last bin including 1, apart by label. */
export interface HistogramBin {
  readonly from: number;
  readonly to: number;
  readonly positives: number;
  readonly negatives: number;
}

/**
 * A probability is kept this far from 0 and 1 in the log-loss, so that one row cannot make it
 * infinite.
 */
const LOG_LOSS_FLOOR = 1e-15;

/** Mean negative log-likelihood in nats; `probabilities` must lie in [0, 1]. */
export function logLoss(labels: Uint8Array, probabilities: Float64Array): number {
  countLabels(labels, probabilities);
  checkProbabilities(probabilities);
  let total = 0;
  for (const [row, label] of labels.entries()) {
    const given = label === 1 ? probabilities[row]! : 1 - probabilities[row]!;
    total -= Math.log(Math.max(given, LOG_LOSS_FLOOR));
  }
  return total / labels.length;
}

/**
 * Predicted against observed rates in `bins` groups of about equal size; rows with equal
 * probability are never parted, so there may be fewer groups.
 */
export function calibration(
  labels: Uint8Array,
  probabilities: Float64Array,
  bins = 10,
): CalibrationBin[] {
  countLabels(labels, probabilities);
  checkProbabilities(probabilities);
  const order = Uint32Array.from(probabilities.keys()).sort(
    (a, b) => probabilities[a]! - probabilities[b]!,
  );
  const result: CalibrationBin[] = [];
  for (let start = 0; start < order.length; ) {
    const due = Math.ceil(((result.length + 1) * order.length) / bins);
    let end = Math.max(due, start + 1);
    while (end < order.length && probabilities[order[end]!] === probabilities[order[end - 1]!]) {
      end++;
    }
    const members = order.subarray(start, end);
    const mean = (of: Uint8Array | Float64Array) =>
      members.reduce((sum, row) => sum + of[row]!, 0) / members.length;
    result.push({
      rows: members.length,
      meanPredicted: mean(probabilities),
      observed: mean(labels),
    });
    start = end;
  }
  return result;
}

/** How many rows of each class have which probability, in `bins` equal steps of [0, 1]. */
export function scoreHistogram(
  labels: Uint8Array,
  probabilities: Float64Array,
  bins = 20,
): HistogramBin[] {
  countLabels(labels, probabilities);
  checkProbabilities(probabilities);
  const counts = [new Uint32Array(bins), new Uint32Array(bins)] as const;
  for (const [row, probability] of probabilities.entries()) {
    const bin = Math.min(bins - 1, Math.floor(probability * bins));
    const counter = labels[row] === 1 ? counts[1] : counts[0];
    counter[bin] = counter[bin]! + 1;
  }
  return Array.from({ length: bins }, (_, bin) => ({
    from: bin / bins,
    to: (bin + 1) / bins,
    positives: counts[1][bin]!,
    negatives: counts[0][bin]!,
  }));
}

function checkProbabilities(probabilities: Float64Array): void {
  const row = probabilities.findIndex((value) => value < 0 || value > 1);
  if (row >= 0) {
    throw new SottoError('invalid-argument', 'a probability lies outside [0, 1]', { row });
  }
}
