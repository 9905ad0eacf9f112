/** Small random polynomials from uniform bytes that the caller draws, in the slots of ring.ts. */
import { SottoError } from '../base/errors.ts';
import { type Field, N } from './field.ts';
import { claim, kernels } from './instance.ts';
import type { Slot } from './ring.ts';

/**
 * Bytes for one ternary polynomial. 820 of them must be below 243, as 243 in 256 are: fewer among
 * 1024 have a probability below 2^-190 (Chernoff), so that this is no more than a bound.
 */
export const TERNARY_BYTES = 1024;
/** Bytes for one error: 42 coins a coefficient, each 21 in a word of their own. */
export const ERROR_BYTES = 8 * N;

const coins = claim(ERROR_BYTES);

/** Uniform coefficients in -1, 0, 1 as signed words; false where the bytes did not suffice and nothing was drawn. */
export function drawTernary(slot: Slot, bytes: Uint8Array): boolean {
  expectBytes(bytes, TERNARY_BYTES);
  return withCoins(bytes, () => kernels.ternary(coins, TERNARY_BYTES, slot) > 0);
}

/** Centred binomial coefficients (42 coins, variance 10.5, at most 21) as signed words. */
export function drawError(slot: Slot, bytes: Uint8Array): void {
  expectBytes(bytes, ERROR_BYTES);
  withCoins(bytes, () => kernels.binomial(coins, slot));
}

/** Small signed words of one slot as residues in another: the first stays for the other limbs. */
export function embed(small: Slot, residues: Slot, { p }: Field): void {
  kernels.embed(small, residues, p);
}

/** The bytes go where kernels read, and are gone after. */
function withCoins<T>(bytes: Uint8Array, draw: () => T): T {
  const target = new Uint8Array(kernels.memory.buffer, coins, bytes.length);
  target.set(bytes);
  try {
    return draw();
  } finally {
    target.fill(0);
  }
}

function expectBytes(bytes: Uint8Array, expected: number): void {
  if (bytes.length !== expected) {
    const facts = { expected, actual: bytes.length };
    throw new SottoError('internal', 'a sampler has so many bytes', facts);
  }
}
