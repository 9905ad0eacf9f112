/**
 * Dense linear algebra for a few hundred features in Float64: Gram matrix, product, Cholesky.
 *
 * A square matrix of size d is d² numbers, row after row. A feature matrix is column after column.
 */
import { SottoError } from '../base/errors.ts';
import { type FeatureMatrix, sharedFloats } from './columns.ts';

/** Rows that are summed before the next pair of columns: two tiles of 8 KiB stay in the first cache. */
const TILE_ROWS = 1024;

/** XᵀX, symmetric, d x d. Order of summation depends on the shape alone, so equal data gives equal bits. */
export function gram(matrix: FeatureMatrix): Float64Array {
  const { rows, columns, values } = matrix;
  const product = new Float64Array(columns * columns);
  for (let start = 0; start < rows; start += TILE_ROWS) {
    const end = Math.min(rows, start + TILE_ROWS);
    for (let i = 0; i < columns; i++) {
      for (let j = 0; j <= i; j++) {
        product[i * columns + j]! += dot(values, i * rows + start, j * rows + start, end - start);
      }
    }
  }
  for (let i = 0; i < columns; i++) {
    for (let j = 0; j < i; j++) product[j * columns + i] = product[i * columns + j]!;
  }
  return product;
}

/** Four sums side by side, since one would wait for its own last addition. */
function dot(values: Float64Array, a: number, b: number, length: number): number {
  let [s0, s1, s2, s3] = [0, 0, 0, 0];
  const whole = length - (length % 4);
  for (let k = 0; k < whole; k += 4) {
    s0 += values[a + k]! * values[b + k]!;
    s1 += values[a + k + 1]! * values[b + k + 1]!;
    s2 += values[a + k + 2]! * values[b + k + 2]!;
    s3 += values[a + k + 3]! * values[b + k + 3]!;
  }
  for (let k = whole; k < length; k++) s0 += values[a + k]! * values[b + k]!;
  return s0 + s1 + (s2 + s3);
}

/** X·M for M of d rows and `width` columns, M row after row; the result lies in shared memory. */
export function multiply(matrix: FeatureMatrix, right: Float64Array, width: number): FeatureMatrix {
  const { rows, columns, values } = matrix;
  expectLength('right factor', right, columns * width);
  const product = sharedFloats(rows * width);
  for (let start = 0; start < rows; start += TILE_ROWS) {
    const end = Math.min(rows, start + TILE_ROWS);
    for (let c = 0; c < width; c++) {
      for (let j = 0; j < columns; j++) {
        const factor = right[j * width + c]!;
        if (factor === 0) continue;
        const [to, from] = [c * rows, j * rows];
        for (let i = start; i < end; i++) product[to + i]! += factor * values[from + i]!;
      }
    }
  }
  return { rows, columns: width, values: product };
}

/** X·v, one number a row. */
export function multiplyVector(matrix: FeatureMatrix, vector: Float64Array): Float64Array {
  expectLength('vector', vector, matrix.columns);
  return multiply(matrix, vector, 1).values;
}

/** The lower triangle L of A = L·Lᵀ, upper triangle zero. Fails where A is not positive definite. */
export function cholesky(matrix: Float64Array): Float64Array {
  const size = sizeOf(matrix);
  const lower = new Float64Array(size * size);
  for (let j = 0; j < size; j++) {
    for (let i = j; i < size; i++) {
      let sum = matrix[i * size + j]!;
      for (let k = 0; k < j; k++) sum -= lower[i * size + k]! * lower[j * size + k]!;
      if (i > j) lower[i * size + j] = sum / lower[j * size + j]!;
      else if (sum > 0) lower[j * size + j] = Math.sqrt(sum);
      else throw notPositiveDefinite(j, size);
    }
  }
  return lower;
}

/** x with A·x = b, for symmetric positive definite A. */
export function choleskySolve(matrix: Float64Array, right: Float64Array): Float64Array {
  const lower = cholesky(matrix);
  const size = sizeOf(matrix);
  expectLength('right side', right, size);
  const solution = Float64Array.from(right);
  for (let i = 0; i < size; i++) {
    for (let k = 0; k < i; k++) solution[i]! -= lower[i * size + k]! * solution[k]!;
    solution[i]! /= lower[i * size + i]!;
  }
  for (let i = size - 1; i >= 0; i--) {
    for (let k = i + 1; k < size; k++) solution[i]! -= lower[k * size + i]! * solution[k]!;
    solution[i]! /= lower[i * size + i]!;
  }
  return solution;
}

/** d of a matrix of d² numbers. */
export function sizeOf(matrix: Float64Array): number {
  const size = Math.round(Math.sqrt(matrix.length));
  expectLength('square matrix', matrix, size * size);
  return size;
}

function expectLength(name: string, array: Float64Array, expected: number): void {
  if (array.length === expected) return;
  throw new SottoError('internal', `the ${name} has another size than its partner`, {
    expected,
    received: array.length,
  });
}

function notPositiveDefinite(pivot: number, size: number): SottoError {
  return new SottoError('invalid-argument', 'a matrix is not positive definite: raise the ridge', {
    pivot,
    size,
  });
}
