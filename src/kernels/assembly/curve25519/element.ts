/** Signs, choices, powers and square roots in GF(2^255 - 19), for both lanes. A mask is a bit a lane. */
import { ELEMENT, ROOTS } from './arena';
import { fromBytes, isZeroBytes, toBytes } from './bytes';
import { add, multiply, square, subtract } from './field';

/** RFC 9496 section 4.1, as 64-bit words, least significant first. */
const WORDS: usize = memory.data<u64>([
  0x0000000000000001, 0x0000000000000000, 0x0000000000000000, 0x0000000000000000, // ONE
  0x75eb4dca135978a3, 0x00700a4d4141d8ab, 0x8cc740797779e898, 0x52036cee2b6ffe73, // D
  0x1429646bd94d0e94, 0xff1feb657d7c4ea9, 0xe6717f0d110c2ecf, 0x5bf92623a9200318, // MINUS_TWICE_D
  0xc4ee1b274a0ea0b0, 0x2f431806ad2fe478, 0x2b4d00993dfbd7a7, 0x2b8324804fc1df0b, // SQRT_M1
  0x7e97f6a0497b2e1b, 0xaf9d8e0c1b7854bd, 0x0f3cfcc931f5d1fd, 0x376931bf2b8348ac, // SQRT_AD_MINUS_ONE
  0x99c8fdaa805d40ea, 0x9d2f16175a4172be, 0x16c27b91fe01d840, 0x786c8905cfaffca2, // INVSQRT_A_MINUS_D
  0xe27c09c1945fc176, 0x2c81a138cd5e350f, 0x9994abddbe70dfe4, 0x029072a8b2b3e0d7, // ONE_MINUS_D_SQ
  0x31ad5aaa44ed4d20, 0xd29e4a2cb01e1999, 0x4cdcd32f529b4eeb, 0x5968b37af66c2241, // D_MINUS_ONE_SQ
]);
/** The same as elements, alike in both lanes, and zero. */
const CONSTANTS: usize = memory.data(720, 16);
export const ONE: usize = CONSTANTS;
export const D: usize = CONSTANTS + ELEMENT;
export const MINUS_TWICE_D: usize = CONSTANTS + 2 * ELEMENT;
export const SQRT_M1: usize = CONSTANTS + 3 * ELEMENT;
export const SQRT_AD_MINUS_ONE: usize = CONSTANTS + 4 * ELEMENT;
export const INVSQRT_A_MINUS_D: usize = CONSTANTS + 5 * ELEMENT;
export const ONE_MINUS_D_SQ: usize = CONSTANTS + 6 * ELEMENT;
export const D_MINUS_ONE_SQ: usize = CONSTANTS + 7 * ELEMENT;
export const ZERO: usize = CONSTANTS + 8 * ELEMENT; // never written

/** Lays the constants out; the module's start calls it. */
export function layConstants(): void {
  for (let i: usize = 0; i < 8; i++) {
    fromBytes(CONSTANTS + i * ELEMENT, WORDS + 32 * i, 0);
    fromBytes(CONSTANTS + i * ELEMENT, WORDS + 32 * i, 1);
  }
}

const S0: usize = ROOTS;
const S1: usize = ROOTS + ELEMENT;
const S2: usize = ROOTS + 2 * ELEMENT;
const S3: usize = ROOTS + 3 * ELEMENT;
const S4: usize = ROOTS + 4 * ELEMENT;
const S5: usize = ROOTS + 5 * ELEMENT;
/** Canonical bytes of both lanes. */
const BYTES: usize = ROOTS + 6 * ELEMENT;

/** A mask as all-ones and zeros. */
// @ts-ignore: decorator
@inline
function spread(mask: i32): v128 {
  return i64x2.replace_lane(i64x2.splat(-(<i64>(mask & 1))), 1, -(<i64>((mask >> 1) & 1)));
}

/** Lanes of `a` where the mask has their bit, of `b` elsewhere. */
export function select(out: usize, mask: i32, a: usize, b: usize): void {
  const m = spread(mask);
  for (let k: usize = 0; k < ELEMENT; k += 16) {
    v128.store(out + k, v128.bitselect(v128.load(a + k), v128.load(b + k), m));
  }
}

/** Negates the lanes of the mask: a sign bit flipped is exact, and -0 is as good as 0. */
export function negateWhere(out: usize, mask: i32, a: usize): void {
  const signs = v128.and(spread(mask), i64x2.splat(i64.MIN_VALUE));
  for (let k: usize = 0; k < ELEMENT; k += 16) v128.store(out + k, v128.xor(v128.load(a + k), signs));
}

/** Lanes whose canonical form is odd: "negative" in RFC 9496 section 4.1. */
export function isNegative(a: usize): i32 {
  toBytes(BYTES, a, 0);
  toBytes(BYTES + 32, a, 1);
  return (load<u8>(BYTES) & 1) | ((load<u8>(BYTES, 32) & 1) << 1);
}

/** Lanes that are zero modulo p. */
export function isZero(a: usize): i32 {
  toBytes(BYTES, a, 0);
  toBytes(BYTES + 32, a, 1);
  return <i32>isZeroBytes(BYTES) | (<i32>isZeroBytes(BYTES + 32) << 1);
}

/** out = |a|. */
export function absolute(out: usize, a: usize): void {
  negateWhere(out, isNegative(a), a);
}

/** out = a^(2^times). */
function squareTimes(out: usize, a: usize, times: i32): void {
  square(out, a);
  for (let i = 1; i < times; i++) square(out, out);
}

/** S0 = a^(2^250 - 1), S2 = a^11; uses S1 and S3. `a` is none of them. */
function powerOfOnes(a: usize): void {
  square(S0, a); // 2
  squareTimes(S1, S0, 2); // 8
  multiply(S1, a, S1); // 9
  multiply(S2, S0, S1); // 11
  square(S0, S2); // 22
  multiply(S0, S1, S0); // 2^5 - 1
  squareTimes(S1, S0, 5);
  multiply(S0, S1, S0); // 2^10 - 1
  squareTimes(S1, S0, 10);
  multiply(S1, S1, S0); // 2^20 - 1
  squareTimes(S3, S1, 20);
  multiply(S1, S3, S1); // 2^40 - 1
  squareTimes(S1, S1, 10);
  multiply(S0, S1, S0); // 2^50 - 1
  squareTimes(S1, S0, 50);
  multiply(S1, S1, S0); // 2^100 - 1
  squareTimes(S3, S1, 100);
  multiply(S1, S3, S1); // 2^200 - 1
  squareTimes(S1, S1, 50);
  multiply(S0, S1, S0); // 2^250 - 1
}

/** out = 1 / a, or 0 where a is 0: a^(p-2) = a^(2^255 - 21). */
export function invert(out: usize, a: usize): void {
  powerOfOnes(a);
  squareTimes(S0, S0, 5);
  multiply(out, S0, S2);
}

/**
 * SQRT_RATIO_M1 of RFC 9496 section 4.2: out = |sqrt(u / v)| where that exists (lanes of the mask returned),
 * |sqrt(sqrt(-1) u / v)| elsewhere. u and v are 1x, and `out` is neither.
 */
export function squareRootOfRatio(out: usize, u: usize, v: usize): i32 {
  square(S4, v);
  multiply(S4, S4, v); // v^3
  multiply(out, S4, u); // u v^3
  square(S4, S4);
  multiply(S4, S4, v);
  multiply(S4, S4, u); // u v^7
  powerOfOnes(S4);
  squareTimes(S0, S0, 2);
  multiply(S0, S0, S4); // (u v^7)^((p - 5) / 8), the exponent being 2^252 - 3
  multiply(out, out, S0);
  square(S4, out);
  multiply(S4, S4, v); // v r^2
  subtract(S5, S4, u);
  const correct = isZero(S5);
  add(S5, S4, u);
  const flipped = isZero(S5);
  multiply(S5, SQRT_M1, u);
  add(S5, S4, S5);
  const flippedTwice = isZero(S5);
  multiply(S4, SQRT_M1, out);
  select(out, flipped | flippedTwice, S4, out);
  absolute(out, out);
  return correct | flipped;
}
