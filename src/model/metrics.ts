/** How good scores are, measured on rows whose label is known: ranking, probabilities, and the curves of the report. */
import { SottoError } from '../base/errors.ts';

/** A point of the ROC curve: of the negatives and of the positives, the shares scored at or above a threshold. */
export interface RocPoint {
  readonly falsePositiveRate: number;
  readonly truePositiveRate: number;
}

/** One tenth of the rows, best scores first; tied scores share their positives evenly over the rows they span. */
export interface GainsBin {
  /** 1 holds the highest scores. */
  readonly decile: number;
  readonly rows: number;
  /** Expected positives: fractional where a tie crosses the border of two deciles. */
  readonly positives: number;
  /** Share of all rows, and of all positives, in this decile and those before. */
  readonly cumulativeRows: number;
  readonly cumulativePositives: number;
  /** Rate of positives of this decile over that of all rows; 1 is no better than chance. */
  readonly lift: number;
  readonly cumulativeLift: number;
}

/** Rows whose predicted probabilities are neighbours: what was predicted for them, and what happened. */
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

/** Everything measured on one set of rows, as plain JSON. */
export interface Metrics {
  readonly rows: number;
  readonly positives: number;
  readonly auc: number;
  readonly ks: number;
  readonly logLoss: number;
  readonly gains: readonly GainsBin[];
  readonly calibration: readonly CalibrationBin[];
  readonly roc: readonly RocPoint[];
  readonly histogram: readonly HistogramBin[];
}

/** Rows that share one score, from the highest score down. */
interface Tie {
  readonly rows: number;
  readonly positives: number;
}

/** A probability is kept this far from 0 and 1 in the log-loss, so that one row cannot make it infinite. */
const LOG_LOSS_FLOOR = 1e-15;

/** More points than an SVG of 400 pixels can show are thinned out. */
const ROC_POINTS = 400;

/** Counts of both classes; refuses labels that are not 0 or 1, and a single class, where no metric is defined. */
function countLabels(labels: Uint8Array, scores: Float64Array): number {
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

/** Rows grouped by equal score, highest first: everything that ranks is computed from these, so ties cannot be broken by accident. */
function ties(labels: Uint8Array, scores: Float64Array): Tie[] {
  const order = Uint32Array.from(scores.keys()).sort((a, b) => scores[b]! - scores[a]!);
  const groups: Tie[] = [];
  for (let start = 0; start < order.length; ) {
    const score = scores[order[start]!]!;
    let end = start;
    let positives = 0;
    for (; end < order.length && scores[order[end]!] === score; end++) {
      positives += labels[order[end]!]!;
    }
    groups.push({ rows: end - start, positives });
    start = end;
  }
  return groups;
}

/**
 * Area under the ROC curve: the probability that a random positive is scored above a random negative, a tie
 * counting one half (Mann-Whitney).
 */
export function auc(labels: Uint8Array, scores: Float64Array): number {
  const positives = countLabels(labels, scores);
  const negatives = labels.length - positives;
  let negativesAbove = 0;
  let lost = 0;
  for (const tie of ties(labels, scores)) {
    const here = tie.rows - tie.positives;
    lost += tie.positives * (negativesAbove + here / 2);
    negativesAbove += here;
  }
  return 1 - lost / positives / negatives;
}

/** Kolmogorov-Smirnov distance, 0..1: the largest gap between the classes' cumulative score distributions. */
export function ks(labels: Uint8Array, scores: Float64Array): number {
  let gap = 0;
  for (const point of fullRoc(labels, scores)) {
    gap = Math.max(gap, Math.abs(point.truePositiveRate - point.falsePositiveRate));
  }
  return gap;
}

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

/** The ROC curve from (0, 0) to (1, 1), one point per distinct score but at most about 400, spread evenly. */
export function rocCurve(labels: Uint8Array, scores: Float64Array): RocPoint[] {
  const points = fullRoc(labels, scores);
  if (points.length <= ROC_POINTS) return points;
  const step = (points.length - 1) / (ROC_POINTS - 1);
  return Array.from({ length: ROC_POINTS }, (_, index) => points[Math.round(index * step)]!);
}

function fullRoc(labels: Uint8Array, scores: Float64Array): RocPoint[] {
  const positives = countLabels(labels, scores);
  const negatives = labels.length - positives;
  const points: RocPoint[] = [{ falsePositiveRate: 0, truePositiveRate: 0 }];
  let rows = 0;
  let hits = 0;
  for (const tie of ties(labels, scores)) {
    rows += tie.rows;
    hits += tie.positives;
    points.push({
      falsePositiveRate: (rows - hits) / negatives,
      truePositiveRate: hits / positives,
    });
  }
  return points;
}

/** Gains and lift by decile; with fewer than ten rows, one bin a row. */
export function gainsTable(labels: Uint8Array, scores: Float64Array): GainsBin[] {
  const positives = countLabels(labels, scores);
  const rows = labels.length;
  const bins = Math.min(10, rows);
  const found = positivesBefore(ties(labels, scores));
  return Array.from({ length: bins }, (_, index) => {
    const start = Math.round((index * rows) / bins);
    const end = Math.round(((index + 1) * rows) / bins);
    const here = found(end) - found(start);
    const base = positives / rows;
    return {
      decile: index + 1,
      rows: end - start,
      positives: here,
      cumulativeRows: end / rows,
      cumulativePositives: found(end) / positives,
      lift: here / (end - start) / base,
      cumulativeLift: found(end) / end / base,
    };
  });
}

/** Expected positives among the `count` highest scores, as a function of ascending counts. */
function positivesBefore(groups: readonly Tie[]): (count: number) => number {
  return (count) => {
    let left = count;
    let total = 0;
    for (const tie of groups) {
      if (left <= 0) break;
      total += tie.positives * Math.min(1, left / tie.rows);
      left -= tie.rows;
    }
    return total;
  };
}

/**
 * Predicted against observed rates in `bins` groups of about equal size; rows with equal probability are never
 * parted, so there may be fewer groups.
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

/** Every metric of one set of rows. `labels` are 0 or 1, `probabilities` in [0, 1]. */
export function measure(labels: Uint8Array, probabilities: Float64Array): Metrics {
  return {
    rows: labels.length,
    positives: countLabels(labels, probabilities),
    auc: auc(labels, probabilities),
    ks: ks(labels, probabilities),
    logLoss: logLoss(labels, probabilities),
    gains: gainsTable(labels, probabilities),
    calibration: calibration(labels, probabilities),
    roc: rocCurve(labels, probabilities),
    histogram: scoreHistogram(labels, probabilities),
  };
}
