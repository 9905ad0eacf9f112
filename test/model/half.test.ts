import { describe, expect, test } from 'vitest';
import { linearScores } from '../../src/math/linear-model.ts';
import { halfOf, parseHalf, requireCurrent, serializeHalf } from '../../src/model/half.ts';
import { applyPreprocessing } from '../../src/model/preprocess.ts';
import { rawFeatures } from '../support/raw-features.ts';
import { partialLogits, sampleColumns, sampleHalf } from '../support/sample-half.ts';

const written = () => JSON.parse(serializeHalf(sampleHalf())) as Record<string, unknown>;
const read = (value: unknown) => () => parseHalf(JSON.stringify(value));

test('what is written is read back, to the last bit of every weight', () => {
  const half = sampleHalf();
  expect(parseHalf(serializeHalf(half))).toEqual(half);
});

test('a passive half has no label, no metric and no intercept, and is read back', () => {
  const { label: _, ...facts } = { ...sampleHalf(), weights: Float64Array.of(1) };
  const { preprocessing, ...rest } = facts;
  const weights = new Float64Array(preprocessing.whitening.rank).fill(0.25);
  const { format: _f, version: _v, rawIntercept: _r, ...known } = rest;
  const half = halfOf({
    ...known,
    preprocessing,
    role: 'passive',
    weights,
    intercept: 0,
    metrics: {},
  });
  expect(parseHalf(serializeHalf(half))).toEqual(half);
  expect(half.intercept).toBe(0);
});

test('raw weights give the same logits as whitened ones on rows that nothing clips', () => {
  const half = sampleHalf();
  const columns = sampleColumns();
  const weights = Float64Array.from(half.weights.raw, ({ weight }) => weight);
  const raw = linearScores(rawFeatures(half.preprocessing, columns), weights, half.rawIntercept);
  const logits = partialLogits(half, columns);
  const { values, rows, columns: rank } = applyPreprocessing(half.preprocessing, columns);
  let compared = 0;
  for (let row = 0; row < rows; row++) {
    const clipped = Array.from({ length: rank }, (_, k) => Math.abs(values[k * rows + row]!));
    if (Math.max(...clipped) >= half.preprocessing.clip) continue;
    expect(raw[row]).toBeCloseTo(logits[row]!, 9);
    compared++;
  }
  expect(compared).toBeGreaterThan(rows / 2);
});

describe('a file that is wrong is refused by the field that is', () => {
  test.each([
    ['weights.whitened', (file) => ({ ...file, weights: { whitened: [1], raw: [] } })],
    [
      'lineage.trainRows',
      (file) => ({ ...file, lineage: { ...(file.lineage as object), trainRows: -1 } }),
    ],
    ['role', (file) => ({ ...file, role: 'third' })],
    ['role', (file) => ({ ...file, role: 'passive' })],
    ['label', ({ label: _, ...file }) => file],
    ['intercept', (file) => ({ ...file, intercept: '0' })],
    ['intercept', (file) => ({ ...file, intercept: null })],
    ['surprise', (file) => ({ ...file, surprise: 1 })],
    ['id', (file) => ({ ...file, id: '../../etc' })],
    ['expiresAt', (file) => ({ ...file, expiresAt: file.createdAt })],
    ['createdAt', (file) => ({ ...file, createdAt: 'yesterday' })],
    ['columns', (file) => ({ ...file, columns: ['Income'] })],
    ['columns', (file) => ({ ...file, columns: ['Income', 'Assets', 'Year', 'Other'] })],
    ['format', (file) => ({ ...file, format: 'something else' })],
    ['version', (file) => ({ ...file, version: 0 })],
  ] as [string, (file: Record<string, unknown>) => unknown][])('%s', (field, change) => {
    expect(read(change(written()))).toThrow(
      expect.objectContaining({
        code: 'invalid-argument',
        facts: expect.objectContaining({ field }),
      }),
    );
  });

  test('not JSON at all', () => {
    expect(() => parseHalf('{"format": "sotto.mod')).toThrow(/not JSON/);
  });

  test('preprocessing that does not belong', () => {
    const file = written();
    const preprocessing = { ...(file.preprocessing as object), clip: -8 };
    expect(read({ ...file, preprocessing })).toThrow(/preprocessing/);
  });
});

test('a newer version is refused as newer, whatever else is in it', () => {
  expect(read({ ...written(), version: 2, invention: true })).toThrow(
    expect.objectContaining({
      message: expect.stringContaining('newer version'),
      facts: { expected: 1, received: 2 },
    }),
  );
});

test('a model is current until its expiry and refused from then on', () => {
  const half = sampleHalf();
  const expiry = Date.parse(half.expiresAt);
  expect(() => requireCurrent(half, expiry - 1)).not.toThrow();
  expect(() => requireCurrent(half, expiry)).toThrow(
    expect.objectContaining({
      code: 'permission-denied',
      message: expect.stringContaining('expired'),
    }),
  );
});
