/** Everything measured on one set of rows whose labels are known. */
import { countLabels } from './labels.ts';
import {
  type CalibrationBin,
  calibration,
  type HistogramBin,
  logLoss,
  scoreHistogram,
} from './probabilities.ts';
import {
  auc,
  aucStandardError,
  type GainsBin,
  gainsTable,
  ks,
  type RocPoint,
  rocCurve,
} from './ranking.ts';

/** Plain JSON. */
export interface Metrics {
  readonly rows: number;
  readonly positives: number;
  readonly auc: number;
  /** Standard error of `auc`: twice it, either way, holds the true value 19 times in 20. */
  readonly aucError: number;
  readonly ks: number;
  readonly logLoss: number;
  readonly gains: readonly GainsBin[];
  readonly calibration: readonly CalibrationBin[];
  readonly roc: readonly RocPoint[];
  readonly histogram: readonly HistogramBin[];
}

/** Every metric of one set of rows. `labels` are 0 or 1, `probabilities` in [0, 1]. */
export function measure(labels: Uint8Array, probabilities: Float64Array): Metrics {
  const positives = countLabels(labels, probabilities);
  const area = auc(labels, probabilities);
  return {
    rows: labels.length,
    positives,
    auc: area,
    aucError: aucStandardError(area, positives, labels.length - positives),
    ks: ks(labels, probabilities),
    logLoss: logLoss(labels, probabilities),
    gains: gainsTable(labels, probabilities),
    calibration: calibration(labels, probabilities),
    roc: rocCurve(labels, probabilities),
    histogram: scoreHistogram(labels, probabilities),
  };
}
