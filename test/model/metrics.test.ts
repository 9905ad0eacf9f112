import { describe, expect, test } from 'vitest';
import { measure } from '../../src/model/metrics.ts';
import { calibration, logLoss, scoreHistogram } from '../../src/model/probabilities.ts';
import { auc, gainsTable, ks, rocCurve } from '../../src/model/ranking.ts';
import { labels, scores } from '../support/scored-rows.ts';

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
