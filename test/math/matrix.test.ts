/** Linear algebra, held to its identities: A = LLᵀ, A·x = b, A = VΛVᵀ, VᵀV = I. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SottoError } from '../../src/base/errors.ts';
import { type FeatureMatrix, pickRows } from '../../src/math/columns.ts';
import { symmetricEigen } from '../../src/math/eigen.ts';
import {
  cholesky,
  choleskySolve,
  gram,
  multiply,
  multiplyVector,
  sizeOf,
} from '../../src/math/matrix.ts';

const finite = fc.double({ min: -10, max: 10, noNaN: true });

/** A feature matrix of up to 12 columns and a few more rows. */
const features = fc
  .tuple(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 20 }))
  .chain(([columns, rows]) =>
    fc
      .array(finite, { minLength: columns * rows, maxLength: columns * rows })
      .map((values): FeatureMatrix => ({ rows, columns, values: Float64Array.from(values) })),
  );

const at = (matrix: FeatureMatrix, row: number, column: number): number =>
  matrix.values[column * matrix.rows + row]!;

function largestDifference(a: Float64Array, b: Float64Array): number {
  expect(a.length).toBe(b.length);
  return a.reduce((most, x, i) => Math.max(most, Math.abs(x - b[i]!)), 0);
}

/** V·diag(values)·Vᵀ. */
function compose(values: Float64Array, vectors: Float64Array): Float64Array {
  const size = values.length;
  const product = new Float64Array(size * size);
  for (let i = 0; i < size; i++) {
    for (let j = 0; j < size; j++) {
      for (let k = 0; k < size; k++) {
        product[i * size + j]! += vectors[i * size + k]! * values[k]! * vectors[j * size + k]!;
      }
    }
  }
  return product;
}

function withRidge(matrix: Float64Array, ridge: number): Float64Array {
  const size = sizeOf(matrix);
  return matrix.map((x, i) => (i % (size + 1) === 0 ? x + ridge : x));
}

/** A repeatable stream of numbers in [-1, 1): xorshift, since a test needs no better coins. */
function numbers(length: number, seed: number): Float64Array {
  let state = seed;
  return Float64Array.from({ length }, () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state / 2 ** 31;
  });
}

describe('gram', () => {
  test('entry (i, j) is the inner product of columns i and j, over more than one tile of rows', () => {
    const matrix = { rows: 2500, columns: 3, values: numbers(7500, 7) };
    const product = gram(matrix);
    for (let i = 0; i < 3; i++) {
      for (let j = 0; j < 3; j++) {
        let sum = 0;
        for (let row = 0; row < 2500; row++) sum += at(matrix, row, i) * at(matrix, row, j);
        expect(product[i * 3 + j]).toBeCloseTo(sum, 9);
      }
    }
  });

  test('is symmetric to the bit', () => {
    fc.assert(
      fc.property(features, (matrix) => {
        const product = gram(matrix);
        for (let i = 0; i < matrix.columns; i++) {
          for (let j = 0; j < i; j++) {
            expect(product[i * matrix.columns + j]).toBe(product[j * matrix.columns + i]);
          }
        }
      }),
    );
  });
});

describe('products', () => {
  test('X·(M·v) = (X·M)·v', () => {
    const matrix = { rows: 1500, columns: 4, values: numbers(6000, 3) };
    const right = numbers(8, 5);
    const vector = numbers(2, 9);
    const inner = Float64Array.from(
      [0, 1, 2, 3],
      (j) => right[2 * j]! * vector[0]! + right[2 * j + 1]! * vector[1]!,
    );
    const once = multiplyVector(matrix, inner);
    const twice = multiplyVector(multiply(matrix, right, 2), vector);
    expect(largestDifference(once, twice)).toBeLessThan(1e-13);
  });

  test('a factor of another size is refused', () => {
    const matrix = { rows: 2, columns: 2, values: new Float64Array(4) };
    expect(() => multiplyVector(matrix, new Float64Array(3))).toThrow(SottoError);
  });
});

describe('cholesky', () => {
  test('L·Lᵀ is the matrix again', () => {
    fc.assert(
      fc.property(features, (matrix) => {
        const positive = withRidge(gram(matrix), 1);
        const lower = cholesky(positive);
        const ones = new Float64Array(matrix.columns).fill(1);
        expect(largestDifference(compose(ones, lower), positive)).toBeLessThan(1e-9);
      }),
    );
  });

  test('a solution solves', () => {
    fc.assert(
      fc.property(features, (matrix) => {
        const size = matrix.columns;
        const positive = withRidge(gram(matrix), 1);
        const right = numbers(size, 11);
        const solution = choleskySolve(positive, right);
        const again = multiplyVector({ rows: size, columns: size, values: positive }, solution);
        expect(largestDifference(again, right)).toBeLessThan(1e-8);
      }),
    );
  });

  test('a matrix that is not positive definite is refused at its pivot', () => {
    expect(() => cholesky(Float64Array.of(1, 2, 2, 1))).toThrow(
      expect.objectContaining({ code: 'invalid-argument', facts: { pivot: 1, size: 2 } }),
    );
  });
});

describe('eigen-decomposition', () => {
  test('V·Λ·Vᵀ is the matrix, VᵀV the identity, and the values descend', () => {
    fc.assert(
      fc.property(features, (matrix) => {
        const symmetric = gram(matrix);
        const size = matrix.columns;
        const { values, vectors } = symmetricEigen(symmetric);
        const scale = Math.max(1, ...symmetric.map(Math.abs));
        expect(largestDifference(compose(values, vectors), symmetric)).toBeLessThan(1e-12 * scale);
        const identity = gram({ rows: size, columns: size, values: vectors });
        const expected = withRidge(new Float64Array(size * size), 1);
        expect(largestDifference(identity, expected)).toBeLessThan(1e-12);
        for (let k = 1; k < size; k++) expect(values[k]!).toBeLessThanOrEqual(values[k - 1]!);
      }),
    );
  });

  test('known values: 3 and 1; and a diagonal matrix in another order', () => {
    expect([...symmetricEigen(Float64Array.of(2, 1, 1, 2)).values]).toEqual([
      expect.closeTo(3, 14),
      expect.closeTo(1, 14),
    ]);
    const { values, vectors } = symmetricEigen(Float64Array.of(1, 0, 0, 0, 5, 0, 0, 0, -2));
    expect([...values]).toEqual([5, 1, -2]);
    expect([...vectors]).toEqual([0, 1, 0, 1, 0, 0, 0, 0, 1]);
  });

  test('two equal columns give an eigenvalue of zero', () => {
    const column = numbers(50, 13);
    const values = Float64Array.from([...column, ...column, ...numbers(50, 17)]);
    const decomposition = symmetricEigen(gram({ rows: 50, columns: 3, values }));
    expect(Math.abs(decomposition.values[2]!)).toBeLessThan(1e-12);
  });

  test('200 features: reconstructed to 12 digits', () => {
    const size = 200;
    const symmetric = gram({ rows: 400, columns: size, values: numbers(400 * size, 23) });
    const { values, vectors } = symmetricEigen(symmetric);
    const scale = values[0]!;
    expect(largestDifference(compose(values, vectors), symmetric)).toBeLessThan(1e-12 * scale);
  });
});

describe('rows by position', () => {
  test('are taken in the order asked for, with their categories', () => {
    const positions = Uint32Array.of(2, 0);
    const columns = pickRows(
      [
        { name: 'a', kind: 'numeric', values: Float64Array.of(1, 2, Number.NaN) },
        { name: 'b', kind: 'categorical', codes: Int32Array.of(0, 1, -1), categories: ['x', 'y'] },
      ],
      positions,
    );
    expect(columns).toEqual([
      { name: 'a', kind: 'numeric', values: Float64Array.of(Number.NaN, 1) },
      { name: 'b', kind: 'categorical', codes: Int32Array.of(-1, 0), categories: ['x', 'y'] },
    ]);
  });
});
