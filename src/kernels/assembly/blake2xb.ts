/**
 * Uniform residues from a 64-byte seed, as SEAL draws them: Blake2Xb (blake2.net/blake2x.pdf) keyed with the
 * seed over a block counter, 4096 bytes a block, each 64-bit word reduced mod p. Two hashes at a time, a lane each.
 */
import { finish, prepare } from './compression';
import { reduceOnce, reduceSums } from './lanes';

/** RFC 7693 §2.6. */
const START = memory.data<u64>([
  0x6a09e667f3bcc908, 0xbb67ae8584caa73b, 0x3c6ef372fe94f82b, 0xa54ff53a5f1d36f1,
  0x510e527fade682d1, 0x9b05688c2b3e6c1f, 0x1f83d9abfb41bd6b, 0x5be0cd19137e2179,
]);
const BLOCK_BYTES: u64 = 4096;

/** Marks the last of a message's blocks. */
const LAST: u64 = 0xffffffffffffffff;

// Scratch of two lanes each: chaining value, state, the message's first 64 bytes (no message here is longer), hash.
const CHAIN = memory.data(128, 16);
const STATE = memory.data(256, 16);
const MESSAGE = memory.data(128, 16);
const HASH = memory.data(128, 16);
/** The chaining value after a root hash's key, and the root hashes of two blocks. */
const KEYED = memory.data(128, 16);
const ROOTS = memory.data(128, 16);

/** CHAIN from the parameter block's first three words; the others are 0. */
function parameters(word0: u64, word1: u64, word2: u64): void {
  for (let i: usize = 0; i < 8; i++) v128.store(CHAIN + 16 * i, v128.load64_splat(START + 8 * i));
  v128.store(CHAIN, v128.xor(v128.load(CHAIN), i64x2.splat(word0)));
  v128.store(CHAIN + 16, v128.xor(v128.load(CHAIN + 16), i64x2.splat(word1)));
  v128.store(CHAIN + 32, v128.xor(v128.load(CHAIN + 32), i64x2.splat(word2)));
}

/** STATE from CHAIN and the number of bytes with MESSAGE. */
function begin(length: u64, last: u64): void {
  memory.copy(STATE, CHAIN, 128);
  for (let i: usize = 0; i < 8; i++) {
    v128.store(STATE + 128 + 16 * i, v128.load64_splat(START + 8 * i));
  }
  v128.store(STATE + 192, v128.xor(v128.load(STATE + 192), i64x2.splat(length)));
  v128.store(STATE + 224, v128.xor(v128.load(STATE + 224), i64x2.splat(last)));
  prepare(STATE, MESSAGE);
}

/** KEYED, of a root hash: digest and key of 64 bytes, fanout and depth 1. */
function absorbKey(seed: usize): void {
  parameters(64 | (64 << 8) | (1 << 16) | (1 << 24), BLOCK_BYTES << 32, 0);
  for (let i: usize = 0; i < 8; i++) v128.store(MESSAGE + 16 * i, v128.load64_splat(seed + 8 * i));
  begin(128, 0);
  finish(STATE, CHAIN, MESSAGE, KEYED);
}

/** ROOTS of blocks `counter` and `counter` + 1. */
function hashRoots(counter: u64): void {
  memory.copy(CHAIN, KEYED, 128);
  memory.fill(MESSAGE, 0, 128);
  v128.store(MESSAGE, i64x2.add(i64x2.splat(counter), i64x2(0, 1)));
  begin(136, LAST);
  finish(STATE, CHAIN, MESSAGE, ROOTS);
}

/** What the nodes under root number `lane` have in common: all but the place of each, in the second word. */
function beginNodes(lane: usize): void {
  parameters(64 | ((<u64>64) << 32), 0, 64 << 8);
  for (let i: usize = 0; i < 8; i++) {
    v128.store(MESSAGE + 16 * i, v128.load64_splat(ROOTS + 16 * i + 8 * lane));
  }
  begin(64, LAST);
}

/** HASH of nodes `node` and `node` + 1. */
function hashNodes(node: u64): void {
  const place = i64x2.add(i64x2.splat((BLOCK_BYTES << 32) | node), i64x2(0, 1));
  const word = v128.xor(v128.load64_splat(START + 8), place);
  v128.store(CHAIN + 16, word);
  v128.store(STATE + 16, word);
  finish(STATE, CHAIN, MESSAGE, HASH);
}

/** Four words of both lanes -> four residues of each, 16 words apart. */
// @ts-ignore: decorator
@inline
function reduceWords(
  words: usize, fold: v128, residues: usize, p: v128, inverse: v128, radix: v128, quotient: v128,
): void {
  const a = reduceOnce(v128.load(words), fold);
  const b = reduceOnce(v128.load(words, 16), fold);
  const c = reduceOnce(v128.load(words, 32), fold);
  const d = reduceOnce(v128.load(words, 48), fold);
  v128.store(residues, reduceSums(
    v128.shuffle<u64>(a, b, 0, 2), v128.shuffle<u64>(c, d, 0, 2), p, inverse, radix, quotient));
  v128.store(residues, reduceSums(
    v128.shuffle<u64>(a, b, 1, 3), v128.shuffle<u64>(c, d, 1, 3), p, inverse, radix, quotient), 32);
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
  let largest = i32x4.splat(0);
  absorbKey(seed);
  for (let block: u32 = 0; block < 8; block++) {
    if ((block & 1) === 0) hashRoots(<u64>first + block);
    beginNodes(block & 1);
    for (let node: u64 = 0; node < 64; node += 2, residues += 64) {
      hashNodes(node);
      for (let at = HASH; at < HASH + 128; at += 16) largest = i32x4.max_u(largest, v128.load(at));
      reduceWords(HASH, fold, residues, p, pInverse, r, rq);
      reduceWords(HASH + 64, fold, residues + 16, p, pInverse, r, rq);
    }
  }
  return v128.any_true(i32x4.eq(largest, i32x4.splat(-1))) ? 0 : 1;
}
