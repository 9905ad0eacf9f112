/** Feature columns as the integers that multiply ciphertexts: by row for the forward product, transformed for the gradient. */
import { HALF, sineTransform } from '../../kernels/embedding.ts';
import { N } from '../../kernels/field.ts';

export interface ColumnInput {
  /** One column, a number a row. */
  readonly values: Float64Array;
  /** Integers are x * 2^fractionBits; |x| * 2^fractionBits < 2^15. */
  readonly fractionBits: number;
  /** D_x of the sine transform; |x| * D_x < 2^15. */
  readonly transformScale: number;
}

export interface EncodedColumn {
  /** round(x * 2^fractionBits), padded with zeros to whole blocks of N rows. */
  readonly integers: Int16Array;
  /** The rounded sine transform of each HALF rows, side by side, as long as `integers`. */
  readonly transforms: Int16Array;
  /** `integers` as the coefficients of polynomials. */
  readonly rowPolynomials: Int32Array;
  /**
   * t(1/X) for each N entries t of `transforms`: multiplied by a polynomial E, its constant coefficient
   * becomes the inner product of t and E (mod X^N + 1, 1/X = -X^(N-1)).
   */
  readonly reversedTransforms: Int32Array;
}

export function encodeColumn(input: ColumnInput): EncodedColumn {
  const { values, fractionBits, transformScale } = input;
  const padded = Math.ceil(values.length / N) * N;
  const integers = new Int16Array(padded);
  const transforms = new Int16Array(padded);
  const unit = 2 ** fractionBits;
  for (let row = 0; row < values.length; row++) integers[row] = Math.round(values[row]! * unit);
  for (let from = 0; from < values.length; from += HALF) {
    const rows = values.subarray(from, from + HALF);
    sineTransform(rows, transformScale, transforms.subarray(from, from + HALF));
  }
  return {
    integers,
    transforms,
    rowPolynomials: new Int32Array(integers),
    reversedTransforms: reverse(transforms),
  };
}

function reverse(integers: Int16Array): Int32Array {
  const result = new Int32Array(integers.length);
  for (let from = 0; from < integers.length; from += N) {
    placeReversed(integers.subarray(from, from + N), result, from);
  }
  return result;
}

/** t(1/X) of N integers t, from number `at` of `target` on. */
export function placeReversed(integers: Int16Array, target: Int32Array, at: number): void {
  target[at] = integers[0]!;
  for (let i = 1; i < N; i++) target[at + N - i] = -integers[i]!;
}
