/** Products of columns whose transforms are not kept: made from the integers, on the thread that needs them. */
import { N } from '../../kernels/field.ts';
import { heTasks, type InnerProductInput, type InnerProductOutput } from '../he/index.ts';
import { placeReversed } from './columns.ts';

export interface IntegerProductInput extends Omit<InnerProductInput, 'plain'> {
  /** Polynomials of N integers of at most 16 bits. */
  readonly integers: Int16Array;
  /** Where each plaintext's N integers begin: count x terms. */
  readonly starts: Uint32Array;
  /** Whether a plaintext is t(1/X) of its integers t, as the gradient needs it, or t itself. */
  readonly reversed: boolean;
}

/** As `innerProduct` of the integers' residues, at a transform a term and limb more, and 4 or 8 bytes a cell less. */
export function integerProduct(input: IntegerProductInput): InnerProductOutput {
  const { integers, starts, reversed, ...product } = input;
  const coefficients = new Int32Array(starts.length * N);
  for (const [i, from] of starts.entries()) {
    const polynomial = integers.subarray(from, from + N);
    if (reversed) placeReversed(polynomial, coefficients, i * N);
    else coefficients.set(polynomial, i * N);
  }
  const plain = heTasks.forward({ ring: product.ring, coefficients });
  return heTasks.innerProduct({ ...product, plain });
}
