/**
 * Plain logistic regression by Newton's method, to the optimum: what the encrypted training is
 * measured against.
 */
import { SottoError } from '../base/errors.ts';
import type { FeatureMatrix } from './columns.ts';
import { linearScores, logistic } from './linear-model.ts';
import { choleskySolve, gram } from './matrix.ts';

export interface LogisticFit {
  /** One weight per column, in the units of the features given. */
  readonly weights: Float64Array;
  readonly intercept: number;
  readonly iterations: number;
  /** Largest absolute entry of the final gradient of the mean loss. */
  readonly gradient: number;
}

const MAX_ITERATIONS = 100;

/**
 * A step is halved at most this often before the search gives up: 2^-40 of it moves nothing any
 * more.
 */
const MAX_HALVINGS = 40;

/**
 * Minimises mean log-loss + ridge / 2 * |weights|^2 (the intercept is not penalised) until no entry
 * of the gradient exceeds `tolerance`. Newton steps are halved until the loss falls, so the start
 * does not matter.
 */
export function fitLogistic(
  features: FeatureMatrix,
  labels: Uint8Array,
  options: { readonly ridge: number; readonly tolerance?: number },
): LogisticFit {
  const tolerance = options.tolerance ?? 1e-8;
  checkInput(features, labels, options.ridge);
  // The intercept is the last parameter, its feature the constant 1.
  const parameters = new Float64Array(features.columns + 1);
  let logits = new Float64Array(features.rows);
  let loss = penalisedLoss(logits, labels, parameters, options.ridge);
  for (let iterations = 0; iterations <= MAX_ITERATIONS; iterations++) {
    const slope = gradientAt(features, labels, logits, parameters, options.ridge);
    const size = slope.reduce((most, entry) => Math.max(most, Math.abs(entry)), 0);
    if (size < tolerance) {
      const weights = parameters.slice(0, features.columns);
      const intercept = parameters[features.columns]!;
      return { weights, intercept, iterations, gradient: size };
    }
    const direction = choleskySolve(hessianAt(features, logits, options.ridge), slope);
    const along = linearScores(
      features,
      direction.subarray(0, features.columns),
      direction[features.columns]!,
    );
    let step = 1;
    for (let halvings = 0; ; halvings++) {
      const next = parameters.map((value, index) => value - step * direction[index]!);
      const nextLogits = logits.map((value, row) => value - step * along[row]!);
      const nextLoss = penalisedLoss(nextLogits, labels, next, options.ridge);
      // At the optimum the loss only changes in its last digits: a full step that does not raise it
      // visibly is taken.
      if (nextLoss <= loss + 1e-13 * (1 + Math.abs(loss)) || halvings === MAX_HALVINGS) {
        parameters.set(next);
        logits = nextLogits;
        loss = nextLoss;
        break;
      }
      step /= 2;
    }
  }
  throw new SottoError('invalid-argument', 'logistic regression does not converge', {
    iterations: MAX_ITERATIONS,
    rows: features.rows,
    columns: features.columns,
  });
}

function checkInput(features: FeatureMatrix, labels: Uint8Array, ridge: number): void {
  if (features.values.length !== features.rows * features.columns) {
    throw new SottoError('invalid-argument', 'the feature matrix has another size than it says', {
      expected: features.rows * features.columns,
      received: features.values.length,
    });
  }
  if (labels.length !== features.rows) {
    throw new SottoError('invalid-argument', 'there must be one label for each row', {
      rows: features.rows,
      labels: labels.length,
    });
  }
  const positives = labels.reduce((sum, label) => sum + label, 0);
  if (positives === 0 || positives === labels.length) {
    throw new SottoError('invalid-argument', 'logistic regression needs rows of both classes', {
      rows: labels.length,
      positives,
    });
  }
  if (!(ridge >= 0)) throw new SottoError('invalid-argument', 'the ridge is negative', { ridge });
}

/** Mean of log(1 + e^z) - y z, plus the penalty. */
function penalisedLoss(
  logits: Float64Array,
  labels: Uint8Array,
  parameters: Float64Array,
  ridge: number,
): number {
  let total = 0;
  for (let row = 0; row < logits.length; row++) {
    const z = logits[row]!;
    total += Math.max(z, 0) + Math.log1p(Math.exp(-Math.abs(z))) - labels[row]! * z;
  }
  const weights = parameters.subarray(0, parameters.length - 1);
  return total / logits.length + (ridge / 2) * weights.reduce((sum, w) => sum + w * w, 0);
}

function gradientAt(
  features: FeatureMatrix,
  labels: Uint8Array,
  logits: Float64Array,
  parameters: Float64Array,
  ridge: number,
): Float64Array {
  const residuals = logits.map((z, row) => (logistic(z) - labels[row]!) / features.rows);
  const gradient = new Float64Array(features.columns + 1);
  for (let column = 0; column < features.columns; column++) {
    let sum = ridge * parameters[column]!;
    const offset = column * features.rows;
    for (let row = 0; row < features.rows; row++) {
      sum += residuals[row]! * features.values[offset + row]!;
    }
    gradient[column] = sum;
  }
  gradient[features.columns] = residuals.reduce((sum, residual) => sum + residual, 0);
  return gradient;
}

/** Row-major, symmetric, (columns + 1)^2: the Gram matrix of rows weighted by their curvature. */
function hessianAt(features: FeatureMatrix, logits: Float64Array, ridge: number): Float64Array {
  const { rows, columns, values } = features;
  const roots = logits.map((z) => Math.sqrt((logistic(z) * logistic(-z)) / rows));
  const weighted = new Float64Array(rows * (columns + 1));
  for (let at = 0; at < rows * columns; at++) weighted[at] = values[at]! * roots[at % rows]!;
  weighted.set(roots, rows * columns);
  const hessian = gram({ rows, columns: columns + 1, values: weighted });
  for (let j = 0; j < columns; j++) hessian[j * (columns + 2)]! += ridge;
  return hessian;
}
