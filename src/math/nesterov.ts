/** Nesterov's method for a quadratic-like loss with ridge, unrolled: each point as a fixed combination of past gradients. */

export interface Schedule {
  readonly passes: number;
  /** eta, in units of 1 over the loss's curvature. */
  readonly step: number;
  readonly ridge: number;
}

/** Coefficients c of a point sum_i c[i] g_i, g_i the gradient (without ridge) of pass i + 1, besides the start's. */
export type Combination = Float64Array;

export interface UnrolledNesterov {
  /** looks[t]: where pass t + 1 takes its gradient; looks[0] is the start. */
  readonly looks: readonly Combination[];
  /** The weights after the last pass. */
  readonly end: Combination;
  /** What is left of the start in each look, and in the end: 1 without ridge. */
  readonly start: { readonly looks: readonly number[]; readonly end: number };
}

/**
 * Y. Nesterov (1983) with momentum (t - 1)/(t + 2), from any start: y_t = w + m_t (w - w_before),
 * w' = (1 - step ridge) y_t - step g(y_t). Linear in the gradients, so the same recursion runs on
 * coefficient vectors; they depend on the schedule alone and are the same for every feature and party.
 */
export function unrollNesterov({ passes, step, ridge }: Schedule): UnrolledNesterov {
  const looks: Combination[] = [];
  let weights = new Float64Array(passes);
  let before = weights;
  const left: number[] = [];
  let [start, startBefore] = [1, 1];
  for (let pass = 1; pass <= passes; pass++) {
    const momentum = (pass - 1) / (pass + 2);
    const look = weights.map((c, i) => c + momentum * (c - before[i]!));
    looks.push(look);
    before = weights;
    weights = look.map((c) => (1 - step * ridge) * c);
    weights[pass - 1]! -= step;
    const kept = start + momentum * (start - startBefore);
    left.push(kept);
    [startBefore, start] = [start, (1 - step * ridge) * kept];
  }
  return { looks, end: weights, start: { looks: left, end: start } };
}
