/** The training without encryption and without a second party: what the protocol's cost is held against. */
import type { FeatureMatrix } from '../src/math/columns.ts';
import { linearScores, logistic } from '../src/math/linear-model.ts';
import { logit } from '../src/math/sigmoid.ts';

export interface LinearModel {
  readonly weights: Float64Array;
  readonly intercept: number;
}

/** Full-batch Nesterov in doubles, momentum (t - 1)/(t + 2), column by column: plain, but not careless. */
export function trainInTheClear(
  features: FeatureMatrix,
  labels: Uint8Array,
  {
    passes,
    step,
    ridge,
  }: { readonly passes: number; readonly step: number; readonly ridge: number },
): LinearModel {
  const { rows, columns, values } = features;
  const rate = labels.reduce((sum, y) => sum + y, 0) / rows;
  let weights = new Float64Array(columns + 1); // the last is the intercept, which has no ridge
  weights[columns] = logit(rate);
  let before = weights;
  for (let pass = 1; pass <= passes; pass++) {
    const momentum = (pass - 1) / (pass + 2);
    const look = weights.map((w, j) => w + momentum * (w - before[j]!));
    const residuals = linearScores(features, look.subarray(0, columns), look[columns]!);
    for (let row = 0; row < rows; row++) residuals[row] = logistic(residuals[row]!) - labels[row]!;
    before = weights;
    weights = new Float64Array(columns + 1);
    for (let j = 0; j < columns; j++) {
      let sum = 0;
      for (let row = 0, at = j * rows; row < rows; row++, at++)
        sum += residuals[row]! * values[at]!;
      weights[j] = (1 - step * ridge) * look[j]! - (step * sum) / rows;
    }
    weights[columns] = look[columns]! - (step * residuals.reduce((sum, r) => sum + r, 0)) / rows;
  }
  return { weights: weights.subarray(0, columns), intercept: weights[columns]! };
}

/** The columns of both parties, rows as they are. */
export function beside(left: FeatureMatrix, right: FeatureMatrix): FeatureMatrix {
  const values = new Float64Array(left.values.length + right.values.length);
  values.set(left.values);
  values.set(right.values, left.values.length);
  return { rows: left.rows, columns: left.columns + right.columns, values };
}
