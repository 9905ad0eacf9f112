/**
 * Complex slots into real polynomials mod X^N + 1, N = 4096: the canonical embedding of Cheon, Kim, Kim and Song
 * (CKKS, Asiacrypt 2017) in doubles. M = N/2 slots v_j <-> the m with m(zeta_j) = v_j, zeta_j = e^(i pi (4j + 1)/N):
 * as zeta_j^M = i, m_k + i m_(k+M) = (1/M) e^(-i pi k/N) sum_j v_j e^(-2 pi i jk/M), a transform and a twist.
 *
 * Complex numbers lie in pairs of 32 bytes: two real parts, then two imaginary ones.
 */
const N: usize = 4096;
const M: usize = N / 2;
const PAIR: usize = 32;
const BYTES: usize = M * 16;
/** Three roots to each four numbers of a layer; layers of 2048, 512, 128, 32 and 8. */
const ROOT_BYTES: usize = 3 * (BYTES / 4 + BYTES / 16 + BYTES / 64 + BYTES / 256 + BYTES / 1024);
/** Added to a double below 2^31, it leaves the nearest integer (ties to even) in the low word. */
const INTEGER: f64 = 6755399441055744; // 3 * 2^51

const ROOTS = memory.data(ROOT_BYTES, 16);
/** e^(-i pi k/N) / M. */
const TWIST = memory.data(BYTES, 16);
/** Where the transform leaves number k and k + 1: byte offsets of the pairs of every even k < M/2. */
const PLACES = memory.data(M, 16);
const SLOTS = memory.data(BYTES, 16);
/** e^(i (2k + 1) theta) of each slot, for the k in hand, and e^(2 i theta). */
const PHASORS = memory.data(BYTES, 16);
const STEPS = memory.data(BYTES, 16);

/** (1 / n!, n odd or even) with alternating signs, by Taylor: the first term left out is below 2^-54 at pi/4. */
// @ts-ignore: decorator
@inline
function sine(x: v128, square: v128): v128 {
  let y = f64x2.splat(-1 / 1307674368000.0);
  y = f64x2.add(f64x2.mul(y, square), f64x2.splat(1 / 6227020800.0));
  y = f64x2.add(f64x2.mul(y, square), f64x2.splat(-1 / 39916800.0));
  y = f64x2.add(f64x2.mul(y, square), f64x2.splat(1 / 362880.0));
  y = f64x2.add(f64x2.mul(y, square), f64x2.splat(-1 / 5040.0));
  y = f64x2.add(f64x2.mul(y, square), f64x2.splat(1 / 120.0));
  y = f64x2.add(f64x2.mul(y, square), f64x2.splat(-1 / 6.0));
  return f64x2.add(x, f64x2.mul(f64x2.mul(y, square), x));
}

// @ts-ignore: decorator
@inline
function cosine(square: v128): v128 {
  let y = f64x2.splat(1 / 20922789888000.0);
  y = f64x2.add(f64x2.mul(y, square), f64x2.splat(-1 / 87178291200.0));
  y = f64x2.add(f64x2.mul(y, square), f64x2.splat(1 / 479001600.0));
  y = f64x2.add(f64x2.mul(y, square), f64x2.splat(-1 / 3628800.0));
  y = f64x2.add(f64x2.mul(y, square), f64x2.splat(1 / 40320.0));
  y = f64x2.add(f64x2.mul(y, square), f64x2.splat(-1 / 720.0));
  y = f64x2.add(f64x2.mul(y, square), f64x2.splat(1 / 24.0));
  y = f64x2.add(f64x2.mul(y, square), f64x2.splat(-1 / 2.0));
  return f64x2.add(f64x2.splat(1), f64x2.mul(y, square));
}

/** e^(2 pi i t) of two fractions of a turn, |t| <= 2, to a pair. */
// @ts-ignore: decorator
@inline
function storePhasor(turns: v128, at: usize): void {
  const integer = f64x2.splat(INTEGER);
  const quarters = f64x2.mul(turns, f64x2.splat(4));
  const shifted = f64x2.add(quarters, integer); // the quarter turn nearest, in its low bits
  const x = f64x2.mul(
    f64x2.sub(quarters, f64x2.sub(shifted, integer)), f64x2.splat(1.5707963267948966)); // pi / 2
  const square = f64x2.mul(x, x);
  const sin = sine(x, square);
  const cos = cosine(square);
  const odd = i64x2.sub(i64x2.splat(0), v128.and(shifted, i64x2.splat(1)));
  const two = i64x2.splat(2);
  const sinSign = i64x2.shl(v128.and(shifted, two), 62);
  const cosSign = i64x2.shl(v128.and(i64x2.add(shifted, i64x2.splat(1)), two), 62);
  v128.store(at, v128.xor(v128.bitselect(sin, cos, odd), cosSign));
  v128.store(at, v128.xor(v128.bitselect(cos, sin, odd), sinSign), 16);
}

/** Fills the tables: once, before anything is embedded. */
export function fillEmbedding(): void {
  let at = ROOTS;
  for (let size = M; size >= 8; size >>= 2) {
    for (let k: usize = 0; k < size / 4; k += 2) {
      for (let power: usize = 1; power <= 3; power++, at += PAIR) {
        const unit = <f64>power / -<f64>size;
        storePhasor(f64x2(<f64>k * unit, <f64>(k + 1) * unit), at);
      }
    }
  }
  const scale = f64x2.splat(1 / <f64>M);
  for (let k: usize = 0; k < M; k += 2) {
    const to = TWIST + k * 16;
    storePhasor(f64x2(<f64>k / -<f64>(2 * N), <f64>(k + 1) / -<f64>(2 * N)), to);
    v128.store(to, f64x2.mul(v128.load(to), scale));
    v128.store(to, f64x2.mul(v128.load(to, 16), scale), 16);
  }
  for (let k: u32 = 0; k < <u32>M / 2; k += 2) {
    let reversed: u32 = 0;
    for (let bit = 0; bit < 10; bit++) reversed |= ((k >> bit) & 1) << (9 - bit);
    store<u16>(PLACES + k, <u16>(reversed * PAIR));
  }
}

/** (re, im) of a product of pairs is stored at `at`. */
// @ts-ignore: decorator
@inline
function storeProduct(re: v128, im: v128, wRe: v128, wIm: v128, at: usize): void {
  v128.store(at, f64x2.sub(f64x2.mul(re, wRe), f64x2.mul(im, wIm)));
  v128.store(at, f64x2.add(f64x2.mul(re, wIm), f64x2.mul(im, wRe)), 16);
}

/**
 * SLOTS, in place: all layers of the transform but the last, two at a time (radix 4, decimation in
 * frequency). The order is left with its bits reversed, so the third quarter holds what radix 4 calls its second.
 */
function layers(): void {
  let roots = ROOTS;
  for (let quarter = BYTES / 4; quarter >= PAIR; quarter >>= 2) {
    for (let start = SLOTS; start < SLOTS + BYTES; start += 4 * quarter) {
      let root = roots;
      for (let at = start; at < start + quarter; at += PAIR, root += 3 * PAIR) {
        const b = at + quarter;
        const c = b + quarter;
        const d = c + quarter;
        const acRe = f64x2.add(v128.load(at), v128.load(c));
        const acIm = f64x2.add(v128.load(at, 16), v128.load(c, 16));
        const bdRe = f64x2.add(v128.load(b), v128.load(d));
        const bdIm = f64x2.add(v128.load(b, 16), v128.load(d, 16));
        const aRe = f64x2.sub(v128.load(at), v128.load(c));
        const aIm = f64x2.sub(v128.load(at, 16), v128.load(c, 16));
        const bRe = f64x2.sub(v128.load(b), v128.load(d));
        const bIm = f64x2.sub(v128.load(b, 16), v128.load(d, 16));
        v128.store(at, f64x2.add(acRe, bdRe));
        v128.store(at, f64x2.add(acIm, bdIm), 16);
        storeProduct(f64x2.sub(acRe, bdRe), f64x2.sub(acIm, bdIm),
          v128.load(root, 32), v128.load(root, 48), b);
        storeProduct(f64x2.add(aRe, bIm), f64x2.sub(aIm, bRe), v128.load(root), v128.load(root, 16), c);
        storeProduct(f64x2.sub(aRe, bIm), f64x2.add(aIm, bRe), v128.load(root, 64), v128.load(root, 80), d);
      }
    }
    roots += 3 * quarter;
  }
}

/** Numbers k, k + 1 and k + M/2, k + M/2 + 1 of the transform become coefficients, there and M further. */
// @ts-ignore: decorator
@inline
function storeCoefficients(re: v128, im: v128, re2: v128, im2: v128, k: usize, to: usize): void {
  const integer = f64x2.splat(INTEGER);
  const at = TWIST + k * 16;
  const c = v128.load(at);
  const s = v128.load(at, 16);
  const c2 = v128.load(at, BYTES / 2);
  const s2 = v128.load(at, BYTES / 2 + 16);
  const lower = f64x2.add(f64x2.sub(f64x2.mul(re, c), f64x2.mul(im, s)), integer);
  const upper = f64x2.add(f64x2.add(f64x2.mul(re, s), f64x2.mul(im, c)), integer);
  const lower2 = f64x2.add(f64x2.sub(f64x2.mul(re2, c2), f64x2.mul(im2, s2)), integer);
  const upper2 = f64x2.add(f64x2.add(f64x2.mul(re2, s2), f64x2.mul(im2, c2)), integer);
  const first = v128.shuffle<u32>(lower, lower2, 0, 2, 4, 6);
  const second = v128.shuffle<u32>(upper, upper2, 0, 2, 4, 6);
  const place = to + k * 4;
  v128.store64_lane(place, first, 0);
  v128.store64_lane(place, first, 1, M * 2);
  v128.store64_lane(place, second, 0, M * 4);
  v128.store64_lane(place, second, 1, M * 6);
}

/** SLOTS, which are lost -> N integers: the polynomial's coefficients, |m_k| < 2^31, each rounded to nearest. */
function embedSlots(coefficients: usize): void {
  layers();
  for (let k: usize = 0; k < M / 2; k += 2) {
    const a = SLOTS + load<u16>(PLACES + k);
    const b = a + BYTES / 2;
    const re = v128.shuffle<u64>(v128.load(a), v128.load(b), 0, 2);
    const re2 = v128.shuffle<u64>(v128.load(a), v128.load(b), 1, 3);
    const im = v128.shuffle<u64>(v128.load(a, 16), v128.load(b, 16), 0, 2);
    const im2 = v128.shuffle<u64>(v128.load(a, 16), v128.load(b, 16), 1, 3);
    storeCoefficients(
      f64x2.add(re, re2), f64x2.add(im, im2), f64x2.sub(re, re2), f64x2.sub(im, im2), k, coefficients);
  }
}

/** Pair by pair, target = source times the complex number (re, im). */
function scale(source: usize, re: f64, im: f64, target: usize): void {
  const wRe = f64x2.splat(re);
  const wIm = f64x2.splat(im);
  for (let at: usize = 0; at < BYTES; at += PAIR) {
    storeProduct(v128.load(source + at), v128.load(source + at, 16), wRe, wIm, target + at);
  }
}

/** theta_j = 2 pi shares_j / prime for the first `rows` of M slots; the phasors of the others are 0. */
function begin(shares: usize, rows: u32, prime: u32): void {
  const unit = f64x2.splat(1 / <f64>prime);
  for (let at: usize = 0; at < BYTES; at += PAIR) {
    const share = f64x2.convert_low_i32x4_s(v128.load64_zero(shares + (at >> 2)));
    const phasor = PHASORS + at;
    storePhasor(f64x2.mul(share, unit), phasor);
    const re = v128.load(phasor);
    const im = v128.load(phasor, 16);
    storeProduct(re, im, re, im, STEPS + at);
  }
  for (let row: usize = rows; row < M; row++) {
    const place = PHASORS + (row >> 1) * PAIR + ((row & 1) << 3);
    store<f64>(place, 0);
    store<f64>(place, 0, 16);
  }
}

/**
 * For each odd harmonic 2k + 1 the N coefficients of embed(factor_k e^(i (2k + 1) theta)). Shares are below
 * 2^31; factors are complex numbers, one after the other.
 */
export function embedPhasors(
  shares: usize, rows: u32, prime: u32, factors: usize, harmonics: u32, coefficients: usize,
): void {
  begin(shares, rows, prime);
  for (let k: u32 = 0; k < harmonics; k++) {
    if (k > 0) {
      for (let at: usize = 0; at < BYTES; at += PAIR) {
        const phasor = PHASORS + at;
        const step = STEPS + at;
        storeProduct(v128.load(phasor), v128.load(phasor, 16), v128.load(step), v128.load(step, 16), phasor);
      }
    }
    const factor = factors + ((<usize>k) << 4);
    scale(PHASORS, load<f64>(factor), load<f64>(factor, 8), SLOTS);
    embedSlots(coefficients + ((<usize>k) << 14));
  }
}

/** The N coefficients of embed(i scale x) of M reals x. */
export function embedReals(reals: usize, scale: f64, coefficients: usize): void {
  const zero = f64x2.splat(0);
  const factor = f64x2.splat(scale);
  for (let at: usize = 0; at < BYTES; at += PAIR) {
    v128.store(SLOTS + at, zero);
    v128.store(SLOTS + at, f64x2.mul(v128.load(reals + (at >> 1)), factor), 16);
  }
  embedSlots(coefficients);
}
