/** Labels beside scores: what every metric checks before it counts. */
import { SottoError } from '../base/errors.ts';

/**
 * Counts of both classes; refuses labels that are not 0 or 1, and a single class, where no metric
 * is defined.
 */
export function countLabels(labels: Uint8Array, scores: Float64Array): number {
  if (labels.length !== scores.length) {
    throw new SottoError('invalid-argument', 'there must be one score for each label', {
      labels: labels.length,
      scores: scores.length,
    });
  }
  let positives = 0;
  for (const label of labels) {
    if (label > 1) throw new SottoError('invalid-argument', 'a label is neither 0 nor 1');
    positives += label;
  }
  if (positives === 0 || positives === labels.length) {
    throw new SottoError('invalid-argument', 'metrics need rows of both classes', {
      rows: labels.length,
      positives,
    });
  }
  const bad = scores.findIndex((score) => !Number.isFinite(score));
  if (bad >= 0) throw new SottoError('invalid-argument', 'a score is not finite', { row: bad });
  return positives;
}
