import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { calibration, logLoss, scoreHistogram } from '../../src/model/probabilities.ts';
import { labels, rows, scores } from '../support/scored-rows.ts';

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
