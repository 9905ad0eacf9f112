/** What a linear model computes: logits from features by column, and probabilities from logits. */

/** Features by column: entry (row, column) is `values[column * rows + row]`. */
export interface Columns {
  readonly rows: number;
  readonly columns: number;
  readonly values: Float64Array;
}

/** 1 / (1 + e^-z), without overflow at either end. */
export function logistic(z: number): number {
  if (z >= 0) return 1 / (1 + Math.exp(-z));
  const e = Math.exp(z);
  return e / (1 + e);
}

/** intercept + X w, a logit for each row; entries of `weights` beyond the columns are not read. */
export function linearScores(
  features: Columns,
  weights: Float64Array,
  intercept: number,
): Float64Array {
  const scores = new Float64Array(features.rows).fill(intercept);
  for (let column = 0; column < features.columns; column++) {
    const weight = weights[column]!;
    const offset = column * features.rows;
    for (let row = 0; row < features.rows; row++) {
      scores[row] = scores[row]! + weight * features.values[offset + row]!;
    }
  }
  return scores;
}
