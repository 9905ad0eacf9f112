/** Nesterov's method for a quadratic-like loss with ridge, unrolled: each point as a fixed combination of past gradients. */

export interface Schedule {
  readonly passes: number;
  /** eta, in units of 1 over the loss's curvature. */
  readonly step: number;
  readonly ridge: number;
}

/** A point of the method: start * y_0 + sum_i gradients[i] g_i, g_i the gradient (without ridge) of pass i + 1. */
export interface Combination {
  readonly start: number;
  readonly gradients: Float64Array;
}

export interface UnrolledNesterov {
  /** looks[t]: where pass t + 1 takes its gradient; looks[0] is y_0 itself. */
  readonly looks: readonly Combination[];
  /** The weights after the last pass. */
  readonly end: Combination;
}

/**
 * Y. Nesterov (1983) with momentum (t - 1)/(t + 2): y_t = w + m_t (w - w_before),
 * w' = (1 - step ridge) y_t - step g(y_t). Linear in the gradients, so the same recursion runs on
 * coefficient vectors; they depend on the schedule alone and are the same for every feature and party.
 */
export function unrollNesterov(schedule: Schedule): UnrolledNesterov {
  const { passes, step, ridge } = schedule;
  const keep = 1 - step * ridge;
  const looks: Combination[] = [];
  let weights: Combination = { start: 1, gradients: new Float64Array(passes) };
  let before = weights;
  for (let pass = 1; pass <= passes; pass++) {
    const momentum = (pass - 1) / (pass + 2);
    const look = extrapolate(weights, before, momentum);
    looks.push(look);
    before = weights;
    const gradients = look.gradients.map((c) => keep * c);
    gradients[pass - 1]! -= step;
    weights = { start: keep * look.start, gradients };
  }
  return { looks, end: weights };
}

function extrapolate(now: Combination, before: Combination, momentum: number): Combination {
  return {
    start: now.start + momentum * (now.start - before.start),
    gradients: now.gradients.map((c, i) => c + momentum * (c - before.gradients[i]!)),
  };
}
