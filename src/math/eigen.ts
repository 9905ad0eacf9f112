/**
 * Eigenvalues and eigenvectors of a symmetric matrix: Householder reduction to tridiagonal form, then
 * implicit QL with Wilkinson's shift (Golub and Van Loan, Matrix Computations, 4th ed., §8.3).
 * O(d³), with 3 to 4 times fewer operations than Jacobi's rotations for d in the hundreds.
 */
import { SottoError } from '../base/errors.ts';
import { sizeOf } from './matrix.ts';

export interface Eigen {
  /** Descending. */
  readonly values: Float64Array;
  /**
   * d x d, row after row: column k belongs to value k. Orthonormal; the entry of largest absolute
   * value in each column is positive (the sign is free), so that equal input gives equal output.
   */
  readonly vectors: Float64Array;
}

/** QL needs 1 or 2 rounds an eigenvalue; LAPACK gives up after 30 as well. */
const MOST_ROUNDS = 30;

/** Beside a largest entry of 1 this is nothing; kept, its square would underflow into a false rotation. */
const NOTHING = 1e-140;

/** Of a symmetric matrix; only its lower triangle is read. */
export function symmetricEigen(matrix: Float64Array): Eigen {
  const size = sizeOf(matrix);
  const largest = matrix.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
  const unit = largest === 0 ? 1 : largest;
  const { diagonal, beside, basis } = tridiagonalise(matrix, size, unit);
  diagonalise(diagonal, beside, basis, size);
  const { values, vectors } = inOrder(diagonal, basis, size);
  return { values: values.map((value) => value * unit), vectors };
}

interface Tridiagonal {
  readonly diagonal: Float64Array;
  /** Entry i stands between rows i and i + 1; the last is 0. */
  readonly beside: Float64Array;
  /** Qᵀ, row after row, with A = Q·T·Qᵀ: transposed, since each step then runs along rows. */
  readonly basis: Float64Array;
}

/** Householder reflections H = I - 2vvᵀ that clear column k below the subdiagonal, k = 0 .. d - 3. */
function tridiagonalise(matrix: Float64Array, size: number, unit: number): Tridiagonal {
  const a = lowerMirrored(matrix, size).map((x) => x / unit);
  const basis = new Float64Array(size * size);
  for (let i = 0; i < size; i++) basis[i * size + i] = 1;
  const v = new Float64Array(size);
  for (let k = 0; k + 2 < size; k++) {
    if (!reflector(a, k, size, v)) continue;
    reflectBothSides(a, v, k + 1, size);
    reflectRows(basis, v, k + 1, size);
  }
  const diagonal = Float64Array.from({ length: size }, (_, i) => a[i * size + i]!);
  const beside = Float64Array.from({ length: size }, (_, i) =>
    i + 1 < size ? a[(i + 1) * size + i]! : 0,
  );
  return { diagonal, beside, basis };
}

function lowerMirrored(matrix: Float64Array, size: number): Float64Array {
  const copy = Float64Array.from(matrix);
  for (let i = 0; i < size; i++) {
    for (let j = 0; j < i; j++) copy[j * size + i] = copy[i * size + j]!;
  }
  return copy;
}

/** Unit v with (I - 2vvᵀ)·a[k+1.., k] along the first axis; false when that column is clear already. */
function reflector(a: Float64Array, k: number, size: number, v: Float64Array): boolean {
  let largest = 0;
  for (let i = k + 2; i < size; i++) largest = Math.max(largest, Math.abs(a[i * size + k]!));
  if (largest < NOTHING) return false;
  // Divided by the largest entry first, or the squares of small entries would underflow.
  const scale = Math.max(largest, Math.abs(a[(k + 1) * size + k]!));
  v.fill(0);
  let squares = 0;
  for (let i = k + 1; i < size; i++) {
    v[i] = a[i * size + k]! / scale;
    squares += v[i]! ** 2;
  }
  // The sign that adds up, not the one that cancels.
  v[k + 1]! += v[k + 1]! < 0 ? -Math.sqrt(squares) : Math.sqrt(squares);
  const length = Math.hypot(...v.subarray(k + 1));
  for (let i = k + 1; i < size; i++) v[i]! /= length;
  return true;
}

/** H·A·H as a symmetric update of rank two: A - 2(v·wᵀ + w·vᵀ), w = A·v - (vᵀ·A·v)·v. */
function reflectBothSides(a: Float64Array, v: Float64Array, from: number, size: number): void {
  const w = new Float64Array(size);
  let shared = 0;
  for (let i = 0; i < size; i++) {
    let sum = 0;
    for (let j = from; j < size; j++) sum += a[i * size + j]! * v[j]!;
    w[i] = sum;
    shared += v[i]! * sum;
  }
  for (let i = 0; i < size; i++) w[i]! -= shared * v[i]!;
  for (let i = 0; i < size; i++) {
    for (let j = 0; j < size; j++) a[i * size + j]! -= 2 * (v[i]! * w[j]! + w[i]! * v[j]!);
  }
}

/** H·B. */
function reflectRows(basis: Float64Array, v: Float64Array, from: number, size: number): void {
  const sums = new Float64Array(size);
  for (let i = from; i < size; i++) {
    for (let j = 0; j < size; j++) sums[j]! += v[i]! * basis[i * size + j]!;
  }
  for (let i = from; i < size; i++) {
    for (let j = 0; j < size; j++) basis[i * size + j]! -= 2 * v[i]! * sums[j]!;
  }
}

/** Implicit QL: chases the bulge upwards with Givens rotations until every `beside` is negligible. */
function diagonalise(
  diagonal: Float64Array,
  beside: Float64Array,
  basis: Float64Array,
  size: number,
): void {
  for (let top = 0; top < size; top++) {
    for (let round = 0; ; round++) {
      const end = firstNegligible(diagonal, beside, top, size);
      if (end === top) break;
      if (round === MOST_ROUNDS) throw noConvergence(size);
      sweep(diagonal, beside, basis, { top, end, size });
    }
  }
}

function firstNegligible(
  diagonal: Float64Array,
  beside: Float64Array,
  top: number,
  size: number,
): number {
  for (let m = top; m + 1 < size; m++) {
    const scale = Math.abs(diagonal[m]!) + Math.abs(diagonal[m + 1]!);
    if (Math.abs(beside[m]!) <= Math.max(Number.EPSILON * scale, NOTHING)) return m;
  }
  return size - 1;
}

function sweep(
  d: Float64Array,
  e: Float64Array,
  basis: Float64Array,
  { top, end, size }: { top: number; end: number; size: number },
): void {
  // Wilkinson's shift: the eigenvalue of the leading 2 x 2 block that lies nearer to d[top].
  const half = (d[top + 1]! - d[top]!) / (2 * e[top]!);
  const root = Math.hypot(half, 1);
  let g = d[end]! - d[top]! + e[top]! / (half + (half < 0 ? -root : root));
  let [sine, cosine, carried] = [1, 1, 0];
  for (let i = end - 1; i >= top; i--) {
    const f = sine * e[i]!;
    const b = cosine * e[i]!;
    const radius = Math.hypot(f, g);
    e[i + 1] = radius;
    if (radius === 0) {
      // The matrix fell apart in the middle of the sweep: the two halves go on by themselves.
      d[i + 1]! -= carried;
      e[end] = 0;
      return;
    }
    sine = f / radius;
    cosine = g / radius;
    g = d[i + 1]! - carried;
    const t = (d[i]! - g) * sine + 2 * cosine * b;
    carried = sine * t;
    d[i + 1] = g + carried;
    g = cosine * t - b;
    rotateRows(basis, i, { sine, cosine, size });
  }
  d[top]! -= carried;
  e[top] = g;
  e[end] = 0;
}

function rotateRows(
  basis: Float64Array,
  row: number,
  { sine, cosine, size }: { sine: number; cosine: number; size: number },
): void {
  const [upper, lower] = [row * size, (row + 1) * size];
  for (let j = 0; j < size; j++) {
    const [x, y] = [basis[upper + j]!, basis[lower + j]!];
    basis[lower + j] = sine * x + cosine * y;
    basis[upper + j] = cosine * x - sine * y;
  }
}

function inOrder(diagonal: Float64Array, basis: Float64Array, size: number): Eigen {
  const order = [...diagonal.keys()].sort((a, b) => diagonal[b]! - diagonal[a]! || a - b);
  const vectors = new Float64Array(size * size);
  for (const [column, from] of order.entries()) {
    const vector = basis.subarray(from * size, (from + 1) * size);
    const largest = vector.reduce((best, x) => (Math.abs(x) > Math.abs(best) ? x : best), 0);
    const sign = largest < 0 ? -1 : 1;
    for (let i = 0; i < size; i++) vectors[i * size + column] = sign * vector[i]!;
  }
  return { values: Float64Array.from(order, (from) => diagonal[from]!), vectors };
}

function noConvergence(size: number): SottoError {
  return new SottoError('invalid-argument', 'the eigenvalues of a matrix did not converge', {
    size,
    rounds: MOST_ROUNDS,
  });
}
