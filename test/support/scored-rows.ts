/** Rows with labels and scores, by hand and at random. */
import fc from 'fast-check';

export const labels = (...values: number[]) => Uint8Array.from(values);
export const scores = (...values: number[]) => Float64Array.from(values);

/** Rows with many tied scores, and at least one of each class. */
export const rows = fc
  .array(fc.tuple(fc.integer({ min: 0, max: 1 }), fc.integer({ min: 0, max: 12 })), {
    minLength: 2,
    maxLength: 60,
  })
  .filter((pairs) => new Set(pairs.map(([label]) => label)).size === 2)
  .map((pairs) => ({
    labels: labels(...pairs.map(([label]) => label)),
    scores: scores(...pairs.map(([, score]) => score / 12)),
  }));
