/** How far two trainings of the same data lie apart: what their coins alone make of it. */
import { unrollNesterov } from '../../src/math/nesterov.ts';
import { chooseParameters, type Sizes } from '../../src/protocols/vertical-lr/index.ts';
import { STEP } from '../../src/protocols/vertical-lr/weights.ts';

/** The sd of a residual, in which `noise.ts` states a gradient's noise. */
const RESIDUAL_SD = 0.4;

/**
 * Standard deviation of a weight, in logits a unit of its feature: a pass adds an independent error to each gradient,
 * which later passes, whose gradients follow the weights, undo in part. `curvature` is of the mean loss, 0 to 1/2.
 */
export function weightNoise(sizes: Sizes, ridge: number, curvature: number): number {
  const { rows, passes } = sizes;
  const { looks, end } = unrollNesterov({ passes, step: STEP, ridge });
  const dot = (a: Float64Array, b: readonly number[]): number =>
    b.reduce((sum, value, i) => sum + a[i]! * value, 0);
  const responses = Array.from({ length: passes }, (_, erring) => {
    const gradients: number[] = [];
    for (let pass = 0; pass < passes; pass++) {
      gradients.push(curvature * dot(looks[pass]!, gradients) + (pass === erring ? 1 : 0));
    }
    return dot(end, gradients);
  });
  const { gradient } = chooseParameters(sizes).noise;
  return Math.hypot(...responses) * gradient * (RESIDUAL_SD / Math.sqrt(rows));
}
