/** Rotations of both 64-bit lanes to the right, as Blake2b needs them. */
const BYTES3 = memory.data<u8>([3, 4, 5, 6, 7, 0, 1, 2, 11, 12, 13, 14, 15, 8, 9, 10], 16);
const BYTES2 = memory.data<u8>([2, 3, 4, 5, 6, 7, 0, 1, 10, 11, 12, 13, 14, 15, 8, 9], 16);


// @ts-ignore: decorator
@inline
export function rotate32(x: v128): v128 {
  return v128.shuffle<u32>(x, x, 1, 0, 3, 2);
}

// @ts-ignore: decorator
@inline
export function rotate24(x: v128): v128 {
  return i8x16.relaxed_swizzle(x, v128.load(BYTES3));
}

// @ts-ignore: decorator
@inline
export function rotate16(x: v128): v128 {
  return i8x16.relaxed_swizzle(x, v128.load(BYTES2));
}

// @ts-ignore: decorator
@inline
export function rotate63(x: v128): v128 {
  return v128.or(i64x2.add(x, x), i64x2.shr_u(x, 63));
}
