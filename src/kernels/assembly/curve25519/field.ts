/**
 * Arithmetic modulo p = 2^255 - 19 on two elements at once, one in each lane of an f64x2.
 *
 * An element is 5 limbs, 80 bytes, limb k of weight 2^(51 k): doubles that hold integers. A product of two
 * limbs has up to 102 bits, and two fused multiply-adds give both halves of it exactly (Emmart, Zheng, Weems,
 * "Faster modular exponentiation using double precision floating point arithmetic on the GPU", ARITH 2018):
 *
 *     high = fma(a, b, 3 * 2^102)                       its last place is 2^51
 *     low  = fma(a, b, (3 * 2^102 + 3 * 2^51) - high)   the rest, |rest| <= 2^50, to the unit
 *
 * Where |a b| <= 2^102, high stays in [2^103, 2^104] and low in [2^52, 2^53]: the difference is exact (a multiple
 * of 2^51 below 2^53 of them), and the bit patterns are a constant plus the integers high / 2^51 and rest.
 * So columns are sums of bit patterns (mod 2^64, in any order), and the constants are taken off once a column.
 *
 * Bounds. "1x" is |limb| <= 2^50 + 512; sums of 1x elements are "2x", "3x". `multiply` takes ax and bx with
 * a b <= 3: 3 (2^50 + 512)^2 < 2^102. `square` takes 1x (it doubles one factor). Before the carries, column k
 * is at most (k + 1 + 19 (4 - k)) 2^50 + (k + 19 (5 - k)) 2^51 <= 267 * 2^50 < 2^59 in magnitude, so that it
 * stays positive when BIAS is added; it carries at most 134, and column 4 at most 26, which comes back times 19
 * as 494 at most. Hence a product is 1x again.
 *
 * The multiply-add must round once: `isFused` says whether it does here. `out` may be an input everywhere.
 */

/** Bit patterns: 3 * 2^102, 3 * 2^51, and 2^60 (keeps columns positive) + 2^50 (centres what a carry leaves). */
const H: u64 = 0x4668000000000000;
const L: u64 = 0x4338000000000000;
const BIAS: u64 = 0x1004000000000000;

/** Each twice, a lane each: to load a vector is cheaper than to make it of an immediate, which V8 does at each use. */
const CONSTANTS: usize = memory.data<u64>([
  H, H,
  H + 3, H + 3, // 3 * 2^102 + 3 * 2^51
  0x0007ffffffffffff, 0x0007ffffffffffff, // 2^51 - 1
  0x4333fffffffffe00, 0x4333fffffffffe00, // 2^52 + 2^50 as a bit pattern, less the 2^9 that 2^60 carries
  0x4333ffffffffda00, 0x4333ffffffffda00, // the same, less 19 * 2^9
  0x4338000000000000, 0x4338000000000000, // 2^52 + 2^51
  0x3cc0000000000000, 0x3cc0000000000000, // 2^-51
  0x3d03000000000000, 0x3d03000000000000, // 19 * 2^-51
  0x3ff0000000400000, 0x3ff0000000400000, // 1 + 2^-30
  0xbff0000000800000, 0xbff0000000800000, // -(1 + 2^-29)
  BIAS - 77 * L - 95 * H, BIAS - 77 * L - 95 * H,
  BIAS - 59 * L - 77 * H, BIAS - 59 * L - 77 * H,
  BIAS - 41 * L - 59 * H, BIAS - 41 * L - 59 * H,
  BIAS - 23 * L - 41 * H, BIAS - 23 * L - 41 * H,
  BIAS - 5 * L - 23 * H, BIAS - 5 * L - 23 * H,
  BIAS - 39 * L - 57 * H, BIAS - 39 * L - 57 * H,
  BIAS - 39 * L - 39 * H, BIAS - 39 * L - 39 * H,
  BIAS - 21 * L - 39 * H, BIAS - 21 * L - 39 * H,
  BIAS - 21 * L - 21 * H, BIAS - 21 * L - 21 * H,
  BIAS - 3 * L - 21 * H, BIAS - 3 * L - 21 * H,
], 16);
const HIGH: usize = CONSTANTS;
const BOTH: usize = CONSTANTS + 16;
const LIMB: usize = CONSTANTS + 32;
const UNIT: usize = CONSTANTS + 48;
const UNIT_0: usize = CONSTANTS + 64;
const OFFSET: usize = CONSTANTS + 80;
const UP: usize = CONSTANTS + 96;
const WRAP: usize = CONSTANTS + 112;
const NEAR: usize = CONSTANTS + 128;
const NEAR_SQUARE: usize = CONSTANTS + 144;
/** BIAS less the constants in column k, 5 vectors each: for all 25 products, and for the 15 of a square. */
const PRODUCT: usize = CONSTANTS + 160;
const SQUARE: usize = CONSTANTS + 240;

// @ts-ignore: decorator
@inline
function at(p: usize, k: usize): v128 {
  return v128.load(p + 16 * k);
}
// @ts-ignore: decorator
@inline
function high(a: v128, b: v128): v128 {
  return f64x2.relaxed_madd(a, b, v128.load(HIGH));
}
// @ts-ignore: decorator
@inline
function low(a: v128, b: v128, h: v128): v128 {
  return f64x2.relaxed_madd(a, b, f64x2.sub(v128.load(BOTH), h));
}
// @ts-ignore: decorator
@inline
function times19(x: v128): v128 {
  return i64x2.add(i64x2.add(i64x2.shl(x, 4), i64x2.shl(x, 1)), x);
}
/** Column k with what lies 255 bits above it, less the constants of both. */
// @ts-ignore: decorator
@inline
function settle(c: v128, above: v128, constants: usize, k: usize): v128 {
  return i64x2.add(i64x2.add(c, times19(above)), at(constants, k));
}
/** What stays in a column and what the one before carries, as a double: the sum is in [-2^10, 2^51 + 2^10]. */
// @ts-ignore: decorator
@inline
function limb(c: v128, carried: v128, unit: usize): v128 {
  const sum = i64x2.add(v128.and(c, v128.load(LIMB)), carried);
  return f64x2.sub(i64x2.add(sum, v128.load(unit)), v128.load(OFFSET));
}
// @ts-ignore: decorator
@inline
function store5(out: usize, c0: v128, c1: v128, c2: v128, c3: v128, c4: v128): void {
  v128.store(out, limb(c0, times19(i64x2.shr_u(c4, 51)), UNIT_0));
  v128.store(out + 16, limb(c1, i64x2.shr_u(c0, 51), UNIT));
  v128.store(out + 32, limb(c2, i64x2.shr_u(c1, 51), UNIT));
  v128.store(out + 48, limb(c3, i64x2.shr_u(c2, 51), UNIT));
  v128.store(out + 64, limb(c4, i64x2.shr_u(c3, 51), UNIT));
}

/** out = a b. Operands are loaded where they are used: there are not registers enough to keep them. */
export function multiply(out: usize, a: usize, b: usize): void {
  let h: v128, c0: v128, c1: v128, c2: v128, c3: v128, c4: v128, c5: v128, c6: v128, c7: v128, c8: v128, c9: v128;
  h = high(at(a, 0), at(b, 0)); c0 = low(at(a, 0), at(b, 0), h); c1 = h;
  h = high(at(a, 0), at(b, 1)); c1 = i64x2.add(c1, low(at(a, 0), at(b, 1), h)); c2 = h;
  h = high(at(a, 1), at(b, 0)); c1 = i64x2.add(c1, low(at(a, 1), at(b, 0), h)); c2 = i64x2.add(c2, h);
  h = high(at(a, 0), at(b, 2)); c2 = i64x2.add(c2, low(at(a, 0), at(b, 2), h)); c3 = h;
  h = high(at(a, 1), at(b, 1)); c2 = i64x2.add(c2, low(at(a, 1), at(b, 1), h)); c3 = i64x2.add(c3, h);
  h = high(at(a, 2), at(b, 0)); c2 = i64x2.add(c2, low(at(a, 2), at(b, 0), h)); c3 = i64x2.add(c3, h);
  h = high(at(a, 0), at(b, 3)); c3 = i64x2.add(c3, low(at(a, 0), at(b, 3), h)); c4 = h;
  h = high(at(a, 1), at(b, 2)); c3 = i64x2.add(c3, low(at(a, 1), at(b, 2), h)); c4 = i64x2.add(c4, h);
  h = high(at(a, 2), at(b, 1)); c3 = i64x2.add(c3, low(at(a, 2), at(b, 1), h)); c4 = i64x2.add(c4, h);
  h = high(at(a, 3), at(b, 0)); c3 = i64x2.add(c3, low(at(a, 3), at(b, 0), h)); c4 = i64x2.add(c4, h);
  h = high(at(a, 0), at(b, 4)); c4 = i64x2.add(c4, low(at(a, 0), at(b, 4), h)); c5 = h;
  h = high(at(a, 1), at(b, 3)); c4 = i64x2.add(c4, low(at(a, 1), at(b, 3), h)); c5 = i64x2.add(c5, h);
  h = high(at(a, 2), at(b, 2)); c4 = i64x2.add(c4, low(at(a, 2), at(b, 2), h)); c5 = i64x2.add(c5, h);
  h = high(at(a, 3), at(b, 1)); c4 = i64x2.add(c4, low(at(a, 3), at(b, 1), h)); c5 = i64x2.add(c5, h);
  h = high(at(a, 4), at(b, 0)); c4 = i64x2.add(c4, low(at(a, 4), at(b, 0), h)); c5 = i64x2.add(c5, h);
  h = high(at(a, 1), at(b, 4)); c5 = i64x2.add(c5, low(at(a, 1), at(b, 4), h)); c6 = h;
  h = high(at(a, 2), at(b, 3)); c5 = i64x2.add(c5, low(at(a, 2), at(b, 3), h)); c6 = i64x2.add(c6, h);
  h = high(at(a, 3), at(b, 2)); c5 = i64x2.add(c5, low(at(a, 3), at(b, 2), h)); c6 = i64x2.add(c6, h);
  h = high(at(a, 4), at(b, 1)); c5 = i64x2.add(c5, low(at(a, 4), at(b, 1), h)); c6 = i64x2.add(c6, h);
  h = high(at(a, 2), at(b, 4)); c6 = i64x2.add(c6, low(at(a, 2), at(b, 4), h)); c7 = h;
  h = high(at(a, 3), at(b, 3)); c6 = i64x2.add(c6, low(at(a, 3), at(b, 3), h)); c7 = i64x2.add(c7, h);
  h = high(at(a, 4), at(b, 2)); c6 = i64x2.add(c6, low(at(a, 4), at(b, 2), h)); c7 = i64x2.add(c7, h);
  h = high(at(a, 3), at(b, 4)); c7 = i64x2.add(c7, low(at(a, 3), at(b, 4), h)); c8 = h;
  h = high(at(a, 4), at(b, 3)); c7 = i64x2.add(c7, low(at(a, 4), at(b, 3), h)); c8 = i64x2.add(c8, h);
  h = high(at(a, 4), at(b, 4)); c8 = i64x2.add(c8, low(at(a, 4), at(b, 4), h)); c9 = h;
  c0 = settle(c0, c5, PRODUCT, 0);
  c1 = settle(c1, c6, PRODUCT, 1);
  c2 = settle(c2, c7, PRODUCT, 2);
  c3 = settle(c3, c8, PRODUCT, 3);
  c4 = settle(c4, c9, PRODUCT, 4);
  store5(out, c0, c1, c2, c3, c4);
}

/** out = a^2: cross products have one factor doubled. */
export function square(out: usize, a: usize): void {
  let h: v128, c0: v128, c1: v128, c2: v128, c3: v128, c4: v128, c5: v128, c6: v128, c7: v128, c8: v128, c9: v128;
  const d1 = f64x2.add(at(a, 1), at(a, 1));
  const d2 = f64x2.add(at(a, 2), at(a, 2));
  const d3 = f64x2.add(at(a, 3), at(a, 3));
  const d4 = f64x2.add(at(a, 4), at(a, 4));
  h = high(at(a, 0), at(a, 0)); c0 = low(at(a, 0), at(a, 0), h); c1 = h;
  h = high(at(a, 0), d1); c1 = i64x2.add(c1, low(at(a, 0), d1, h)); c2 = h;
  h = high(at(a, 0), d2); c2 = i64x2.add(c2, low(at(a, 0), d2, h)); c3 = h;
  h = high(at(a, 1), at(a, 1)); c2 = i64x2.add(c2, low(at(a, 1), at(a, 1), h)); c3 = i64x2.add(c3, h);
  h = high(at(a, 0), d3); c3 = i64x2.add(c3, low(at(a, 0), d3, h)); c4 = h;
  h = high(at(a, 1), d2); c3 = i64x2.add(c3, low(at(a, 1), d2, h)); c4 = i64x2.add(c4, h);
  h = high(at(a, 0), d4); c4 = i64x2.add(c4, low(at(a, 0), d4, h)); c5 = h;
  h = high(at(a, 1), d3); c4 = i64x2.add(c4, low(at(a, 1), d3, h)); c5 = i64x2.add(c5, h);
  h = high(at(a, 2), at(a, 2)); c4 = i64x2.add(c4, low(at(a, 2), at(a, 2), h)); c5 = i64x2.add(c5, h);
  h = high(at(a, 1), d4); c5 = i64x2.add(c5, low(at(a, 1), d4, h)); c6 = h;
  h = high(at(a, 2), d3); c5 = i64x2.add(c5, low(at(a, 2), d3, h)); c6 = i64x2.add(c6, h);
  h = high(at(a, 2), d4); c6 = i64x2.add(c6, low(at(a, 2), d4, h)); c7 = h;
  h = high(at(a, 3), at(a, 3)); c6 = i64x2.add(c6, low(at(a, 3), at(a, 3), h)); c7 = i64x2.add(c7, h);
  h = high(at(a, 3), d4); c7 = i64x2.add(c7, low(at(a, 3), d4, h)); c8 = h;
  h = high(at(a, 4), at(a, 4)); c8 = i64x2.add(c8, low(at(a, 4), at(a, 4), h)); c9 = h;
  c0 = settle(c0, c5, SQUARE, 0);
  c1 = settle(c1, c6, SQUARE, 1);
  c2 = settle(c2, c7, SQUARE, 2);
  c3 = settle(c3, c8, SQUARE, 3);
  c4 = settle(c4, c9, SQUARE, 4);
  store5(out, c0, c1, c2, c3, c4);
}

/** Whole multiples of 2^51: adding and taking off 3 * 2^102 rounds to nearest, so that at most 2^50 is left. */
// @ts-ignore: decorator
@inline
function excess(x: v128): v128 {
  return f64x2.sub(f64x2.add(x, v128.load(HIGH)), v128.load(HIGH));
}
// @ts-ignore: decorator
@inline
function carry5(out: usize, a0: v128, a1: v128, a2: v128, a3: v128, a4: v128): void {
  const q0 = excess(a0), q1 = excess(a1), q2 = excess(a2), q3 = excess(a3), q4 = excess(a4);
  v128.store(out, f64x2.relaxed_madd(q4, v128.load(WRAP), f64x2.sub(a0, q0)));
  v128.store(out + 16, f64x2.relaxed_madd(q0, v128.load(UP), f64x2.sub(a1, q1)));
  v128.store(out + 32, f64x2.relaxed_madd(q1, v128.load(UP), f64x2.sub(a2, q2)));
  v128.store(out + 48, f64x2.relaxed_madd(q2, v128.load(UP), f64x2.sub(a3, q3)));
  v128.store(out + 64, f64x2.relaxed_madd(q3, v128.load(UP), f64x2.sub(a4, q4)));
}

/** Brings up to 8x back to 1x: a limb carries at most 5. */
export function carry(out: usize, a: usize): void {
  carry5(out, at(a, 0), at(a, 1), at(a, 2), at(a, 3), at(a, 4));
}

/** sum = a + b as it is, difference = a - b carried. */
export function addSubtract(sum: usize, difference: usize, a: usize, b: usize): void {
  const a0 = at(a, 0), a1 = at(a, 1), a2 = at(a, 2), a3 = at(a, 3), a4 = at(a, 4);
  const b0 = at(b, 0), b1 = at(b, 1), b2 = at(b, 2), b3 = at(b, 3), b4 = at(b, 4);
  v128.store(sum, f64x2.add(a0, b0));
  v128.store(sum + 16, f64x2.add(a1, b1));
  v128.store(sum + 32, f64x2.add(a2, b2));
  v128.store(sum + 48, f64x2.add(a3, b3));
  v128.store(sum + 64, f64x2.add(a4, b4));
  carry5(
    difference,
    f64x2.sub(a0, b0), f64x2.sub(a1, b1), f64x2.sub(a2, b2), f64x2.sub(a3, b3), f64x2.sub(a4, b4),
  );
}

/** out = a + b, not carried. */
// @ts-ignore: decorator
@inline
export function add(out: usize, a: usize, b: usize): void {
  v128.store(out, f64x2.add(at(a, 0), at(b, 0)));
  v128.store(out + 16, f64x2.add(at(a, 1), at(b, 1)));
  v128.store(out + 32, f64x2.add(at(a, 2), at(b, 2)));
  v128.store(out + 48, f64x2.add(at(a, 3), at(b, 3)));
  v128.store(out + 64, f64x2.add(at(a, 4), at(b, 4)));
}

/** out = a - b, not carried. */
// @ts-ignore: decorator
@inline
export function subtract(out: usize, a: usize, b: usize): void {
  v128.store(out, f64x2.sub(at(a, 0), at(b, 0)));
  v128.store(out + 16, f64x2.sub(at(a, 1), at(b, 1)));
  v128.store(out + 32, f64x2.sub(at(a, 2), at(b, 2)));
  v128.store(out + 48, f64x2.sub(at(a, 3), at(b, 3)));
  v128.store(out + 64, f64x2.sub(at(a, 4), at(b, 4)));
}

/** Whether multiply-adds round once on this machine: (1 + 2^-30)^2 - (1 + 2^-29) is 2^-60, or else 0. */
export function isFused(): bool {
  const rest = f64x2.relaxed_madd(v128.load(NEAR), v128.load(NEAR), v128.load(NEAR_SQUARE));
  return f64x2.extract_lane(rest, 0) != 0.0;
}
