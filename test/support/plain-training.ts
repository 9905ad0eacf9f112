/** The training without a second party: Nesterov on pooled columns in doubles, with whichever sigmoid. */
import { logit } from '../../src/math/sigmoid.ts';
import { paceOf } from '../../src/protocols/vertical-lr/targets.ts';
import type { TwoParties } from './regression-data.ts';

export interface PlainTrained {
  readonly active: Float64Array;
  readonly passive: Float64Array;
  readonly intercept: number;
}

/**
 * Full-batch passes of the textbook recursion with step 2, gradients times the pace; the intercept
 * starts at the base rate and has no ridge. `sigmoid` takes logits counted from the base rate's.
 */
export function trainPlainly(
  { active, passive, labels }: TwoParties,
  { passes, ridge }: { passes: number; ridge: number },
  sigmoid: (z: number) => number,
): PlainTrained {
  const { rows } = active;
  const columns = [...columnsOf(active.values, rows), ...columnsOf(passive.values, rows)];
  const d = columns.length;
  const rate = labels.reduce((sum, y) => sum + y, 0) / rows;
  const step = 2 * paceOf(rate);
  let weights = new Float64Array(d + 1);
  let before = weights;
  for (let pass = 1; pass <= passes; pass++) {
    const momentum = (pass - 1) / (pass + 2);
    const look = weights.map((w, j) => w + momentum * (w - before[j]!));
    const gradient = new Float64Array(d + 1);
    for (let row = 0; row < rows; row++) {
      let z = look[d]!;
      for (let j = 0; j < d; j++) z += look[j]! * columns[j]![row]!;
      const residual = (pass === 1 ? rate : sigmoid(z)) - labels[row]!;
      for (let j = 0; j < d; j++) gradient[j]! += (residual * columns[j]![row]!) / rows;
      gradient[d]! += residual / rows;
    }
    before = weights;
    weights = look.map((y, j) => (j === d ? y : (1 - 2 * ridge) * y) - step * gradient[j]!);
  }
  return {
    active: weights.slice(0, active.columns),
    passive: weights.slice(active.columns, d),
    intercept: logit(rate) + weights[d]!,
  };
}

const columnsOf = (values: Float64Array, rows: number): Float64Array[] =>
  Array.from({ length: values.length / rows }, (_, j) => values.subarray(j * rows, (j + 1) * rows));
