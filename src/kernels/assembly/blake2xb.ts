/**
 * Uniform residues from a 64-byte seed, as SEAL draws them: Blake2Xb (blake2.net/blake2x.pdf) keyed with the
 * seed over a block counter, 4096 bytes a block, each 64-bit word reduced mod p. Two nodes at a time, a lane each.
 */
import { reduceOnce, reduceSums } from './lanes';

/** Blake2b's message schedule (RFC 7693 §2.7), as byte offsets; rounds 10 and 11 repeat 0 and 1. */
const SCHEDULE = memory.data<u8>([
  0, 8, 16, 24, 32, 40, 48, 56, 64, 72, 80, 88, 96, 104, 112, 120,
  112, 80, 32, 64, 72, 120, 104, 48, 8, 96, 0, 16, 88, 56, 40, 24,
  88, 64, 96, 0, 40, 16, 120, 104, 80, 112, 24, 48, 56, 8, 72, 32,
  56, 72, 24, 8, 104, 96, 88, 112, 16, 48, 40, 80, 32, 0, 120, 64,
  72, 0, 40, 56, 16, 32, 80, 120, 112, 8, 88, 96, 48, 64, 24, 104,
  16, 96, 48, 80, 0, 88, 64, 24, 32, 104, 56, 40, 120, 112, 8, 72,
  96, 40, 8, 120, 112, 104, 32, 80, 0, 56, 48, 24, 72, 16, 64, 88,
  104, 88, 56, 112, 96, 8, 24, 72, 40, 0, 120, 32, 64, 48, 16, 80,
  48, 120, 112, 72, 88, 24, 0, 64, 96, 16, 104, 56, 8, 32, 80, 40,
  80, 16, 64, 32, 56, 48, 8, 40, 120, 88, 72, 112, 24, 96, 104, 0,
  0, 8, 16, 24, 32, 40, 48, 56, 64, 72, 80, 88, 96, 104, 112, 120,
  112, 80, 32, 64, 72, 120, 104, 48, 8, 96, 0, 16, 88, 56, 40, 24,
]);
/** RFC 7693 §2.6. */
const START = memory.data<u64>([
  0x6a09e667f3bcc908, 0xbb67ae8584caa73b, 0x3c6ef372fe94f82b, 0xa54ff53a5f1d36f1,
  0x510e527fade682d1, 0x9b05688c2b3e6c1f, 0x1f83d9abfb41bd6b, 0x5be0cd19137e2179,
]);
const BLOCK_BYTES: u64 = 4096;

// Scratch: the chaining value (8 vectors), the working state (16 vectors), the message (128 bytes).
const CHAIN = memory.data(128, 16);
const STATE = memory.data(256, 16);
const MESSAGE = memory.data(128, 16);

// @ts-ignore: decorator
@inline
function mix(a: usize, b: usize, c: usize, d: usize, x: v128, y: v128): void {
  let va = v128.load(STATE + 16 * a);
  let vb = v128.load(STATE + 16 * b);
  let vc = v128.load(STATE + 16 * c);
  let vd = v128.load(STATE + 16 * d);
  va = i64x2.add(i64x2.add(va, vb), x);
  vd = v128.xor(vd, va);
  vd = v128.shuffle<u32>(vd, vd, 1, 0, 3, 2);
  vc = i64x2.add(vc, vd);
  vb = v128.xor(vb, vc);
  vb = v128.or(i64x2.shl(vb, 40), i64x2.shr_u(vb, 24)); // a byte shuffle would cost V8 five instructions
  va = i64x2.add(i64x2.add(va, vb), y);
  vd = v128.xor(vd, va);
  vd = v128.shuffle<u16>(vd, vd, 1, 2, 3, 0, 5, 6, 7, 4);
  vc = i64x2.add(vc, vd);
  vb = v128.xor(vb, vc);
  vb = v128.or(i64x2.add(vb, vb), i64x2.shr_u(vb, 63));
  v128.store(STATE + 16 * a, va);
  v128.store(STATE + 16 * b, vb);
  v128.store(STATE + 16 * c, vc);
  v128.store(STATE + 16 * d, vd);
}

// @ts-ignore: decorator
@inline
function word(schedule: usize, i: usize): v128 {
  return v128.load64_splat(MESSAGE + <usize>load<u8>(schedule + i));
}

/** RFC 7693 §3.2 on both lanes: the same message, each lane its own chaining value. */
function compress(length: u64, last: bool): void {
  for (let i: usize = 0; i < 8; i++) {
    v128.store(STATE + 16 * i, v128.load(CHAIN + 16 * i));
    v128.store(STATE + 128 + 16 * i, v128.load64_splat(START + 8 * i));
  }
  v128.store(STATE + 192, v128.xor(v128.load(STATE + 192), i64x2.splat(length)));
  if (last) v128.store(STATE + 224, v128.not(v128.load(STATE + 224)));
  for (let s = SCHEDULE; s < SCHEDULE + 192; s += 16) {
    mix(0, 4, 8, 12, word(s, 0), word(s, 1));
    mix(1, 5, 9, 13, word(s, 2), word(s, 3));
    mix(2, 6, 10, 14, word(s, 4), word(s, 5));
    mix(3, 7, 11, 15, word(s, 6), word(s, 7));
    mix(0, 5, 10, 15, word(s, 8), word(s, 9));
    mix(1, 6, 11, 12, word(s, 10), word(s, 11));
    mix(2, 7, 8, 13, word(s, 12), word(s, 13));
    mix(3, 4, 9, 14, word(s, 14), word(s, 15));
  }
  for (let i: usize = 0; i < 8; i++) {
    const halves = v128.xor(v128.load(STATE + 16 * i), v128.load(STATE + 128 + 16 * i));
    v128.store(CHAIN + 16 * i, v128.xor(v128.load(CHAIN + 16 * i), halves));
  }
}

/** The chaining value from the first three words of the parameter block; the others are 0. */
function begin(word0: u64, word1: v128, word2: u64): void {
  for (let i: usize = 0; i < 8; i++) v128.store(CHAIN + 16 * i, v128.load64_splat(START + 8 * i));
  v128.store(CHAIN, v128.xor(v128.load(CHAIN), i64x2.splat(word0)));
  v128.store(CHAIN + 16, v128.xor(v128.load(CHAIN + 16), word1));
  v128.store(CHAIN + 32, v128.xor(v128.load(CHAIN + 32), i64x2.splat(word2)));
}

/** MESSAGE = the root hash of a block, padded: digest and key of 64 bytes, fanout and depth 1. */
function root(seed: usize, counter: u64): void {
  begin(64 | (64 << 8) | (1 << 16) | (1 << 24), i64x2.splat(BLOCK_BYTES << 32), 0);
  memory.copy(MESSAGE, seed, 64);
  memory.fill(MESSAGE + 64, 0, 64);
  compress(128, false);
  memory.fill(MESSAGE, 0, 64);
  store<u64>(MESSAGE, counter);
  compress(136, true);
  for (let i: usize = 0; i < 8; i++) store<u64>(MESSAGE + 8 * i, load<u64>(CHAIN + 16 * i));
}

/**
 * 4096 residues from blocks first..first + 7 of a seed's stream. SEAL draws another word for one within p of
 * 2^64; where a half of any word is all ones (once in 2^18 polynomials) the answer is 0, and the caller asks SEAL.
 */
export function expand(
  seed: usize, first: u32, residues: usize,
  prime: u32, inverse: u32, radix: u32, radixQuotient: u32,
): u32 {
  const p = i32x4.splat(prime);
  const pInverse = i32x4.splat(inverse);
  const r = i32x4.splat(radix);
  const rq = i32x4.splat(radixQuotient);
  // A multiple of p near 2^31: subtracted from an upper half, it brings any word below 2^64 - 2^32 p.
  const fold = i64x2.splat((<u64>((0x80000000 / prime) * prime)) << 32);
  const ones = i32x4.splat(-1);
  let near = i32x4.splat(0);
  for (let block: u32 = 0; block < 8; block++) {
    root(seed, <u64>first + block);
    for (let node: u64 = 0; node < 64; node += 2) {
      const place = i64x2.add(i64x2.splat((BLOCK_BYTES << 32) | node), i64x2(0, 1));
      begin(64 | ((<u64>64) << 32), place, 64 << 8);
      compress(64, true);
      for (let i: usize = 0; i < 8; i += 4) {
        const a = v128.load(CHAIN + 16 * i);
        const b = v128.load(CHAIN + 16 * i, 16);
        const c = v128.load(CHAIN + 16 * i, 32);
        const d = v128.load(CHAIN + 16 * i, 48);
        near = v128.or(near, v128.or(
          v128.or(i32x4.eq(a, ones), i32x4.eq(b, ones)),
          v128.or(i32x4.eq(c, ones), i32x4.eq(d, ones)),
        ));
        const a1 = reduceOnce(a, fold);
        const b1 = reduceOnce(b, fold);
        const c1 = reduceOnce(c, fold);
        const d1 = reduceOnce(d, fold);
        v128.store(residues + 4 * i, reduceSums(
          v128.shuffle<u64>(a1, b1, 0, 2), v128.shuffle<u64>(c1, d1, 0, 2), p, pInverse, r, rq));
        v128.store(residues + 32 + 4 * i, reduceSums(
          v128.shuffle<u64>(a1, b1, 1, 3), v128.shuffle<u64>(c1, d1, 1, 3), p, pInverse, r, rq));
      }
      residues += 64;
    }
  }
  return v128.any_true(near) ? 0 : 1;
}
