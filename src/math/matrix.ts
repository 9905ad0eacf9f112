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
    const length = Math.min(rows, start + TILE_ROWS) - start;
    for (let j = 0; j < columns; j += 4) {
      // The last columns are repeated where fewer than four are left: cheaper than a second loop.
      const four = [0, 1, 2, 3].map((k) => Math.min(j + k, columns - 1));
      for (let i = j; i < columns; i++) {
        const sums = fourDots(
          values,
          i * rows + start,
          four.map((c) => c * rows + start),
          length,
        );
        for (let k = 0; k < 4 && j + k < columns; k++) product[i * columns + j + k]! += sums[k]!;
      }
    }
  }
  for (let i = 0; i < columns; i++) {
    for (let j = 0; j < i; j++) product[j * columns + i] = product[i * columns + j]!;
  }
  return product;
}

/** A column against four others at once: one load of its numbers, and no sum waits for another. */
function fourDots(
  values: Float64Array,
  a: number,
  others: readonly number[],
  length: number,
): [number, number, number, number] {
  const [b0, b1, b2, b3] = others as [number, number, number, number];
  let [s0, s1, s2, s3] = [0, 0, 0, 0];
  for (let k = 0; k < length; k++) {
    const x = values[a + k]!;
    s0 += x * values[b0 + k]!;
    s1 += x * values[b1 + k]!;
    s2 += x * values[b2 + k]!;
    s3 += x * values[b3 + k]!;
  }
  return [s0, s1, s2, s3];
}

/** X·M for M of d rows and `width` columns, M row after row; the result lies in shared memory. */
export function multiply(matrix: FeatureMatrix, right: Float64Array, width: number): FeatureMatrix {
  const { rows, columns, values } = matrix;
  expectLength('right factor', right, columns * width);
  const product = sharedFloats(rows * width);
  for (let start = 0; start < rows; start += TILE_ROWS) {
    const end = Math.min(rows, start + TILE_ROWS);
    for (let c = 0; c < width; c++) {
      for (let j = 0; j < columns; j += 4) {
        addFour(product, c * rows, { values, rows, right, width, c, j, columns, start, end });
      }
    }
  }
  return { rows, columns: width, values: product };
}

interface FourColumns {
  readonly values: Float64Array;
  readonly rows: number;
  readonly right: Float64Array;
  readonly width: number;
  readonly c: number;
  readonly j: number;
  readonly columns: number;
  readonly start: number;
  readonly end: number;
}

/** Adds four columns, weighted, to a column of the product: one load and store of it for four products. */
function addFour(product: Float64Array, to: number, four: FourColumns): void {
  const { values, rows, right, width, c, j, columns, start, end } = four;
  // Beyond the last column its weight is 0, and any column will do.
  const weight = (k: number) => (j + k < columns ? right[(j + k) * width + c]! : 0);
  const from = (k: number) => (j + k < columns ? j + k : j) * rows;
  const [w0, w1, w2, w3] = [weight(0), weight(1), weight(2), weight(3)];
  const [a0, a1, a2, a3] = [from(0), from(1), from(2), from(3)];
  for (let i = start; i < end; i++) {
    product[to + i]! +=
      w0 * values[a0 + i]! + w1 * values[a1 + i]! + w2 * values[a2 + i]! + w3 * values[a3 + i]!;
  }
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
