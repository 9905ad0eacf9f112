import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  auc,
  calibration,
  gainsTable,
  ks,
  logLoss,
  measure,
  rocCurve,
  scoreHistogram,
} from '../../src/model/metrics.ts';

const labels = (...values: number[]) => Uint8Array.from(values);
const scores = (...values: number[]) => Float64Array.from(values);

/** Rows with many tied scores, and at least one of each class. */
const rows = fc
  .array(fc.tuple(fc.integer({ min: 0, max: 1 }), fc.integer({ min: 0, max: 12 })), {
    minLength: 2,
    maxLength: 60,
  })
  .filter((pairs) => new Set(pairs.map(([label]) => label)).size === 2)
  .map((pairs) => ({
    labels: labels(...pairs.map(([label]) => label)),
    scores: scores(...pairs.map(([, score]) => score / 12)),
  }));

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

describe('log-loss', () => {
  test('is the mean of -ln of what was given to the truth', () => {
    const given = logLoss(labels(1, 0, 1), scores(0.9, 0.2, 0.5));
    expect(given).toBeCloseTo(-(Math.log(0.9) + Math.log(0.8) + Math.log(0.5)) / 3, 14);
  });

  test('stays finite when a certain prediction is wrong', () => {
    expect(logLoss(labels(1, 0), scores(0, 0))).toBeCloseTo(-Math.log(1e-15) / 2, 10);
  });

  test('is ln 2 for a coin, and smallest at the true rate', () => {
    const truth = labels(1, 0, 0, 0);
    expect(logLoss(truth, scores(0.5, 0.5, 0.5, 0.5))).toBeCloseTo(Math.LN2, 14);
    const at = (rate: number) => logLoss(truth, new Float64Array(4).fill(rate));
    expect(at(0.25)).toBeLessThan(at(0.24));
    expect(at(0.25)).toBeLessThan(at(0.26));
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

describe('calibration and histogram', () => {
  test('bins compare the mean prediction with the observed rate', () => {
    const bins = calibration(labels(0, 1, 1, 1), scores(0.1, 0.3, 0.8, 1), 2);
    expect(bins).toEqual([
      { rows: 2, meanPredicted: 0.2, observed: 0.5 },
      { rows: 2, meanPredicted: 0.9, observed: 1 },
    ]);
  });

  test('rows with one probability are never parted', () => {
    const bins = calibration(labels(0, 1, 0, 1, 0), scores(0.2, 0.2, 0.2, 0.2, 0.9), 5);
    expect(bins.map((bin) => bin.rows)).toEqual([4, 1]);
  });

  test('both hold every row once, for any scores', () => {
    fc.assert(
      fc.property(rows, ({ labels, scores }) => {
        const total = (counts: number[]) => counts.reduce((sum, count) => sum + count, 0);
        expect(total(calibration(labels, scores).map((bin) => bin.rows))).toBe(labels.length);
        const histogram = scoreHistogram(labels, scores);
        expect(total(histogram.map((bin) => bin.positives + bin.negatives))).toBe(labels.length);
        expect(total(histogram.map((bin) => bin.positives))).toBe(total([...labels]));
      }),
    );
  });

  test('a probability of 1 belongs to the last bin', () => {
    const bins = scoreHistogram(labels(0, 1), scores(0, 1), 4);
    expect(bins[0]).toEqual({ from: 0, to: 0.25, positives: 0, negatives: 1 });
    expect(bins[3]).toEqual({ from: 0.75, to: 1, positives: 1, negatives: 0 });
  });
});

describe('what cannot be measured is refused', () => {
  test.each([auc, ks, logLoss, gainsTable, calibration, scoreHistogram, rocCurve, measure])(
    '%o refuses a single class, other lengths, and scores that are not finite',
    (metric) => {
      expect(() => metric(labels(1, 1), scores(0.1, 0.2))).toThrow(/both classes/);
      expect(() => metric(labels(), scores())).toThrow(/both classes/);
      expect(() => metric(labels(1, 0), scores(0.1))).toThrow(/one score for each label/);
      expect(() => metric(labels(1, 0), scores(0.1, Number.NaN))).toThrow(/not finite/);
      expect(() => metric(labels(1, 2), scores(0.1, 0.2))).toThrow(/neither 0 nor 1/);
    },
  );

  test('a probability above 1', () => {
    expect(() => logLoss(labels(1, 0), scores(1.5, 0.2))).toThrow(/outside \[0, 1\]/);
  });
});

test('everything measured survives JSON', () => {
  const metrics = measure(labels(0, 1, 0, 1, 1), scores(0.2, 0.7, 0.4, 0.4, 0.9));
  expect(JSON.parse(JSON.stringify(metrics))).toEqual(metrics);
  expect(metrics.auc).toBeCloseTo(11 / 12, 12);
});
