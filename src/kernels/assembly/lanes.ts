/** Arithmetic mod p < 2^29 on four 32-bit lanes: Shoup's product by a constant, Montgomery's reduction. */

/** High 32 bits of the four products. */
// @ts-ignore: decorator
@inline
export function multiplyHigh(a: v128, b: v128): v128 {
  return v128.shuffle<u32>(
    i64x2.extmul_low_i32x4_u(a, b),
    i64x2.extmul_high_i32x4_u(a, b),
    1, 3, 5, 7,
  );
}

/** x w mod p in [0, 2p) for any 32-bit x, with quotient = floor(w 2^32 / p). */
// @ts-ignore: decorator
@inline
export function multiplyByConstant(x: v128, w: v128, quotient: v128, p: v128): v128 {
  return i32x4.sub(i32x4.mul(x, w), i32x4.mul(multiplyHigh(x, quotient), p));
}

/** [0, 2m) -> [0, m): where x < m the difference wraps round and loses the comparison. */
// @ts-ignore: decorator
@inline
export function reduceOnce(x: v128, m: v128): v128 {
  return i32x4.min_u(x, i32x4.sub(x, m));
}

/**
 * Four sums (two a vector, each below 2^64 - 2^32 p) -> residues in [0, p).
 * Montgomery's division by 2^32, then the product by 2^32 mod p that undoes it.
 */
// @ts-ignore: decorator
@inline
export function reduceSums(
  low: v128, high: v128, p: v128, inverse: v128, radix: v128, radixQuotient: v128,
): v128 {
  const bottom = v128.shuffle<u32>(low, high, 0, 2, 4, 6);
  const top = v128.shuffle<u32>(low, high, 1, 3, 5, 7);
  const multiple = i32x4.mul(bottom, inverse);
  // bottom - multiple p = 0 mod 2^32, so only the upper halves are subtracted; + p keeps it positive.
  const quotient = i32x4.sub(i32x4.add(top, p), multiplyHigh(multiple, p));
  return reduceOnce(multiplyByConstant(quotient, radix, radixQuotient, p), p);
}
