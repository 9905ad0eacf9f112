/** Weighted least squares in a handful of unknowns: for fitting short series to known functions. */

/** basis: points x unknowns; target and weights: a number a point. Weights are at least 0. */
export interface LeastSquares {
  readonly basis: Float64Array;
  readonly target: Float64Array;
  readonly weights: Float64Array;
  readonly unknowns: number;
}

/** So small that it moves no coefficient of a basis that is independent on its points. */
const REGULARISATION = 1e-12;

/** The coefficients that make the weighted sum of squared errors least: normal equations, by elimination. */
export function leastSquares({ basis, target, weights, unknowns }: LeastSquares): Float64Array {
  const width = unknowns + 1;
  const matrix = new Float64Array(unknowns * width);
  for (let point = 0; point < target.length; point++) {
    const row = point * unknowns;
    for (let i = 0; i < unknowns; i++) {
      const weighted = weights[point]! * basis[row + i]!;
      for (let j = 0; j < unknowns; j++) matrix[i * width + j]! += weighted * basis[row + j]!;
      matrix[i * width + unknowns]! += weighted * target[point]!;
    }
  }
  for (let i = 0; i < unknowns; i++) matrix[i * width + i]! *= 1 + REGULARISATION;
  // The matrix is positive definite: its pivots may be taken in any order.
  for (let pivot = 0; pivot < unknowns; pivot++) {
    const diagonal = matrix[pivot * width + pivot]!;
    for (let row = 0; row < unknowns; row++) {
      if (row === pivot) continue;
      const factor = matrix[row * width + pivot]! / diagonal;
      for (let column = pivot; column < width; column++)
        matrix[row * width + column]! -= factor * matrix[pivot * width + column]!;
    }
  }
  return Float64Array.from(
    { length: unknowns },
    (_, i) => matrix[i * width + unknowns]! / matrix[i * width + i]!,
  );
}
