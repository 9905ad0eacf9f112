/**
 * The small polynomials of RLWE from uniform bytes: N = 4096 signed 32-bit coefficients. No branch and no address
 * depends on a coefficient: only on bytes that were rejected, which say nothing of those that were kept.
 */
const N: usize = 4096;
const BYTES: usize = N * 4;
/** 3^5: a byte below it is five independent uniform digits to base 3; one at or above it is rejected. */
const FIVE_DIGITS: u32 = 243;
const DIGITS: u32 = 5;
/** 21 coins of a word. */
const COINS: i32 = 0x1fffff;

/**
 * Uniform in {-1, 0, 1}. Returns how many of the bytes were read, or 0 where they ended first:
 * then `small` is incomplete, and the caller begins anew.
 */
export function ternary(bytes: usize, length: u32, small: usize): u32 {
  const end = small + BYTES;
  let at = small;
  for (let read: u32 = 0; read < length; read++) {
    let digits: u32 = load<u8>(bytes + read);
    if (digits >= FIVE_DIGITS) continue;
    for (let digit: u32 = 0; digit < DIGITS; digit++) {
      const rest = (digits * 171) >> 9; // digits / 3, exact below 256
      store<i32>(at, <i32>(digits - 3 * rest) - 1);
      digits = rest;
      at += 4;
      if (at === end) return read + 1;
    }
  }
  return 0;
}

/** Heads among the coins of each of four words. */
// @ts-ignore: decorator
@inline
function heads(words: v128): v128 {
  return i8x16.popcnt(v128.and(words, i32x4.splat(COINS)));
}

/** Centred binomial of 42 coins, variance 10.5 as SEAL's error: 21 coins of one word minus 21 of another, from 8 N bytes. */
export function binomial(bytes: usize, small: usize): void {
  for (let at: usize = 0; at < BYTES; at += 16) {
    const words = bytes + 2 * at;
    const difference = i8x16.sub(heads(v128.load(words)), heads(v128.load(words, 16)));
    v128.store(small + at, i32x4.extadd_pairwise_i16x8_s(i16x8.extadd_pairwise_i8x16_s(difference)));
  }
}

/** Coefficients in (-p, p) -> residues, elsewhere: the same integers go into every limb. */
export function embed(small: usize, residues: usize, prime: u32): void {
  const p = i32x4.splat(prime);
  for (let at: usize = 0; at < BYTES; at += 16) {
    const x = v128.load(small + at);
    v128.store(residues + at, i32x4.add(x, v128.and(p, i32x4.shr_s(x, 31))));
  }
}
