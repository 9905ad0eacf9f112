/** Preprocessing as it is kept: JSON there and back, and what a reader must refuse. */
import { describe, expect, test } from 'vitest';
import {
  applyPreprocessing,
  fitPreprocessing,
  type Preprocessing,
  parsePreprocessing,
} from '../../src/model/preprocess.ts';
import { someColumns } from '../support/columns.ts';

describe('kept as JSON', () => {
  test('reads back as itself, and gives the same features to the bit', () => {
    for (const seed of [1, 2, 3]) {
      const columns = someColumns(200 + seed, seed);
      const prep = fitPreprocessing(columns);
      const again = parsePreprocessing(JSON.parse(JSON.stringify(prep)));
      expect(again).toEqual(prep);
      expect(applyPreprocessing(again, columns)).toEqual(applyPreprocessing(prep, columns));
    }
  });

  const kept = () => JSON.parse(JSON.stringify(fitPreprocessing(someColumns(200, 1))));
  test.each([
    ['another version', (json: Preprocessing) => ({ ...json, version: 2 }), 'version'],
    ['a key too many', (json: Preprocessing) => ({ ...json, extra: 1 }), ''],
    [
      'a feature less',
      (json: Preprocessing) => ({ ...json, features: json.features.slice(1) }),
      'features',
    ],
    [
      'features in another order',
      (json: Preprocessing) => ({ ...json, features: json.features.toReversed() }),
      'features.0',
    ],
    [
      'a matrix cut short',
      (json: Preprocessing) => ({
        ...json,
        whitening: { ...json.whitening, matrix: json.whitening.matrix.slice(1) },
      }),
      'whitening.matrix',
    ],
    ['nothing', () => null, ''],
  ])('is refused with the field named: %s', (_, change, field) => {
    expect(() => parsePreprocessing(change(kept()))).toThrow(
      expect.objectContaining({
        code: 'invalid-argument',
        facts: expect.objectContaining({ field }),
      }),
    );
  });
});
