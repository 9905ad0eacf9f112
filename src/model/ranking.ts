/** How well scores rank: AUC, KS, the ROC curve, gains and lift. */
import { countLabels } from './labels.ts';

/**
 * A point of the ROC curve: of the negatives and of the positives, the shares scored at or above a
 * threshold.
 */
export interface RocPoint {
  readonly falsePositiveRate: number;
  readonly truePositiveRate: number;
}

/**
 * One tenth of the rows, best scores first; tied scores share their positives evenly over the rows
 * they span.
 */
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

/** Rows that share one score, from the highest score down. */
interface Tie {
  readonly rows: number;
  readonly positives: number;
}

/** More points than an SVG of 400 pixels can show are thinned out. */
const ROC_POINTS = 400;

/**
 * Rows grouped by equal score, highest first: everything that ranks is computed from these, so
 * ties cannot be broken by accident.
 */
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
 * Area under the ROC curve: the probability that a random positive is scored above a random
 * negative, a tie counting one half (Mann-Whitney).
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

/**
 * Standard error of an AUC measured on so many rows of either class, as J. A. Hanley and
 * B. J. McNeil give it (Radiology 143, 1982, formula 2).
 */
export function aucStandardError(area: number, positives: number, negatives: number): number {
  const twoPositives = area / (2 - area);
  const twoNegatives = (2 * area * area) / (1 + area);
  const variance =
    area * (1 - area) +
    (positives - 1) * (twoPositives - area * area) +
    (negatives - 1) * (twoNegatives - area * area);
  return Math.sqrt(variance / positives / negatives);
}

/**
 * Kolmogorov-Smirnov distance, 0..1: the largest gap between the classes' cumulative score
 * distributions.
 */
export function ks(labels: Uint8Array, scores: Float64Array): number {
  let gap = 0;
  for (const point of fullRoc(labels, scores)) {
    gap = Math.max(gap, Math.abs(point.truePositiveRate - point.falsePositiveRate));
  }
  return gap;
}

/**
 * The ROC curve from (0, 0) to (1, 1), one point per distinct score but at most about 400, spread
 * evenly.
 */
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
