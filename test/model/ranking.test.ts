import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { auc, aucStandardError, gainsTable, ks, rocCurve } from '../../src/model/ranking.ts';
import { labels, rows, scores } from '../support/scored-rows.ts';

/** By definition: all pairs of a positive and a negative. */
function pairwiseAuc(label: Uint8Array, score: Float64Array): number {
  let won = 0;
  let pairs = 0;
  for (const [i, a] of label.entries()) {
    for (const [j, b] of label.entries()) {
      if (a !== 1 || b !== 0) continue;
      pairs++;
      won += score[i]! > score[j]! ? 1 : score[i] === score[j] ? 0.5 : 0;
    }
  }
  return won / pairs;
}

describe('AUC', () => {
  test('is 3/4 for one pair out of four in the wrong order', () => {
    expect(auc(labels(0, 0, 1, 1), scores(0.1, 0.4, 0.35, 0.8))).toBe(0.75);
  });

  test('counts a tie as one half', () => {
    expect(auc(labels(0, 1), scores(0.3, 0.3))).toBe(0.5);
    expect(auc(labels(0, 1, 1), scores(0.3, 0.3, 0.9))).toBe(0.75);
  });

  test('is the share of pairs in the right order, whatever the ties', () => {
    fc.assert(
      fc.property(rows, ({ labels, scores }) => {
        expect(auc(labels, scores)).toBeCloseTo(pairwiseAuc(labels, scores), 12);
      }),
    );
  });

  test('does not change under an increasing map, and mirrors under a decreasing one', () => {
    fc.assert(
      fc.property(rows, ({ labels, scores }) => {
        const area = auc(labels, scores);
        expect(
          auc(
            labels,
            scores.map((s) => Math.exp(3 * s)),
          ),
        ).toBeCloseTo(area, 12);
        expect(
          auc(
            labels,
            scores.map((s) => -s),
          ),
        ).toBeCloseTo(1 - area, 12);
      }),
    );
  });
});

test('the standard error of a coin is that of the Mann-Whitney statistic, (m + n + 1) / 12mn', () => {
  expect(aucStandardError(0.5, 51, 58)).toBeCloseTo(Math.sqrt(110 / (12 * 51 * 58)), 14);
  expect(aucStandardError(1, 10, 10)).toBe(0);
});

describe('ROC and KS', () => {
  test('the area under the curve by trapezoids is the AUC', () => {
    fc.assert(
      fc.property(rows, ({ labels, scores }) => {
        const curve = rocCurve(labels, scores);
        expect(curve[0]).toEqual({ falsePositiveRate: 0, truePositiveRate: 0 });
        expect(curve.at(-1)).toEqual({ falsePositiveRate: 1, truePositiveRate: 1 });
        let area = 0;
        for (const [index, to] of curve.entries()) {
          const from = curve[index - 1];
          if (from === undefined) continue;
          area +=
            ((to.falsePositiveRate - from.falsePositiveRate) *
              (to.truePositiveRate + from.truePositiveRate)) /
            2;
        }
        expect(area).toBeCloseTo(auc(labels, scores), 10);
      }),
    );
  });

  test('a long curve is thinned to its ends and at most 400 points, still rising', () => {
    const count = 5000;
    const curve = rocCurve(
      Uint8Array.from({ length: count }, (_, row) => ((row * 7919) % 13 < 5 ? 1 : 0)),
      Float64Array.from({ length: count }, (_, row) => row / count),
    );
    expect(curve).toHaveLength(400);
    expect(curve[0]).toEqual({ falsePositiveRate: 0, truePositiveRate: 0 });
    expect(curve.at(-1)).toEqual({ falsePositiveRate: 1, truePositiveRate: 1 });
    for (const [index, point] of curve.entries()) {
      if (index > 0) {
        expect(point.falsePositiveRate).toBeGreaterThanOrEqual(curve[index - 1]!.falsePositiveRate);
      }
    }
  });

  test('KS is 1 for separated classes, 1/2 by hand, 0 for one tie', () => {
    expect(ks(labels(0, 0, 1, 1), scores(1, 2, 3, 4))).toBe(1);
    expect(ks(labels(0, 0, 1, 1), scores(0.1, 0.4, 0.35, 0.8))).toBe(0.5);
    expect(ks(labels(0, 1, 0, 1), scores(7, 7, 7, 7))).toBe(0);
  });
});

describe('gains and lift', () => {
  test('a perfect ranking of 2 positives in 20 finds them all in the first decile at lift 10', () => {
    const truth = Uint8Array.from({ length: 20 }, (_, row) => (row < 2 ? 1 : 0));
    const table = gainsTable(
      truth,
      Float64Array.from({ length: 20 }, (_, row) => 1 - row / 20),
    );
    expect(table).toHaveLength(10);
    expect(table[0]).toEqual({
      decile: 1,
      rows: 2,
      positives: 2,
      cumulativeRows: 0.1,
      cumulativePositives: 1,
      lift: 10,
      cumulativeLift: 10,
    });
    expect(table[9]!.lift).toBe(0);
    expect(table[9]!.cumulativeLift).toBe(1);
  });

  test('equal scores give every decile a lift of 1, in whatever order the rows are', () => {
    const truth = Uint8Array.from({ length: 40 }, (_, row) => (row < 10 ? 1 : 0));
    for (const bin of gainsTable(truth, new Float64Array(40).fill(0.3))) {
      expect(bin.lift).toBeCloseTo(1, 12);
    }
  });

  test('deciles hold every row and every positive once', () => {
    fc.assert(
      fc.property(rows, ({ labels, scores }) => {
        const table = gainsTable(labels, scores);
        const positives = labels.reduce((sum, label) => sum + label, 0);
        expect(table.reduce((sum, bin) => sum + bin.rows, 0)).toBe(labels.length);
        expect(table.reduce((sum, bin) => sum + bin.positives, 0)).toBeCloseTo(positives, 9);
        expect(table.at(-1)!.cumulativePositives).toBeCloseTo(1, 12);
      }),
    );
  });
});
