/**
 * Negacyclic number-theoretic transform of N = 4096 points with Harvey's lazy butterflies
 * (arXiv:1205.2926): values stay below 4p < 2^31, and are reduced once at the end.
 */
import { multiplyByConstant, reduceOnce } from './lanes';

const N: usize = 4096;
const BYTES: usize = N * 4;

/** A modulus' tables, one after the other: roots, their quotients, inverse roots, their quotients. */
function quotientOf(w: u64, p: u64): u32 {
  return <u32>((w << 32) / p);
}

function reverseBits(x: u32): u32 {
  let reversed: u32 = 0;
  for (let i = 0; i < 12; i++) {
    reversed = (reversed << 1) | ((x >> i) & 1);
  }
  return reversed;
}

/** Fills 4 N words at `tables`: entry bitrev(i) is psi^i, as in SEAL. */
export function fillTables(tables: usize, p: u32, psi: u32, psiInverse: u32): void {
  let power: u64 = 1;
  let inversePower: u64 = 1;
  for (let i: u32 = 0; i < <u32>N; i++) {
    const at = tables + ((<usize>reverseBits(i)) << 2);
    store<u32>(at, <u32>power);
    store<u32>(at + BYTES, quotientOf(power, p));
    store<u32>(at + 2 * BYTES, <u32>inversePower);
    store<u32>(at + 3 * BYTES, quotientOf(inversePower, p));
    power = (power * psi) % p;
    inversePower = (inversePower * psiInverse) % p;
  }
}

/** In place, coefficients below 4p -> values below p. */
export function forwardTransform(data: usize, tables: usize, prime: u32): void {
  const p = i32x4.splat(prime);
  const p2 = i32x4.splat(2 * prime);
  for (let m: usize = 1, t: usize = N >> 1; t >= 4; m <<= 1, t >>= 1) {
    const half = t << 2;
    for (let i: usize = 0; i < m; i++) {
      const root = tables + ((m + i) << 2);
      const w = v128.load32_splat(root);
      const quotient = v128.load32_splat(root, BYTES);
      const start = data + ((2 * i * t) << 2);
      for (let at = start; at < start + half; at += 16) {
        const x = reduceOnce(v128.load(at), p2);
        const y = multiplyByConstant(v128.load(at + half), w, quotient, p);
        v128.store(at, i32x4.add(x, y));
        v128.store(at + half, i32x4.add(i32x4.sub(x, y), p2));
      }
    }
  }
  // The last two layers pair neighbours inside a vector: both at once on eight values.
  const pairs = tables + N;
  const singles = tables + 2 * N;
  for (let i: usize = 0; i < N / 8; i++) {
    const at = data + (i << 5);
    const a = v128.load(at);
    const b = v128.load(at, 16);
    const wPair = v128.load64_zero(pairs + (i << 3));
    const qPair = v128.load64_zero(pairs + (i << 3), BYTES);
    let x = reduceOnce(v128.shuffle<u32>(a, b, 0, 1, 4, 5), p2);
    let y = multiplyByConstant(
      v128.shuffle<u32>(a, b, 2, 3, 6, 7),
      v128.shuffle<u32>(wPair, wPair, 0, 0, 1, 1),
      v128.shuffle<u32>(qPair, qPair, 0, 0, 1, 1),
      p,
    );
    const sum = i32x4.add(x, y);
    const difference = i32x4.add(i32x4.sub(x, y), p2);
    // sum = a0 a1 | b0 b1, difference = a2 a3 | b2 b3: now neighbours are a0 a1, a2 a3, b0 b1, b2 b3
    const even = v128.shuffle<u32>(sum, difference, 0, 4, 2, 6);
    const odd = v128.shuffle<u32>(sum, difference, 1, 5, 3, 7);
    x = reduceOnce(even, p2);
    y = multiplyByConstant(
      odd,
      v128.load(singles + (i << 4)),
      v128.load(singles + (i << 4), BYTES),
      p,
    );
    const first = reduceOnce(reduceOnce(i32x4.add(x, y), p2), p);
    const second = reduceOnce(reduceOnce(i32x4.add(i32x4.sub(x, y), p2), p2), p);
    v128.store(at, v128.shuffle<u32>(first, second, 0, 4, 1, 5));
    v128.store(at, v128.shuffle<u32>(first, second, 2, 6, 3, 7), 16);
  }
}

/** In place, values below 2p -> coefficients below p; degree = 1/N mod p and its quotient. */
export function inverseTransform(
  data: usize, tables: usize, prime: u32, degree: u32, degreeQuotient: u32,
): void {
  const p = i32x4.splat(prime);
  const p2 = i32x4.splat(2 * prime);
  const inverses = tables + 2 * BYTES;
  const pairs = inverses + N;
  const singles = inverses + 2 * N;
  for (let i: usize = 0; i < N / 8; i++) {
    const at = data + (i << 5);
    const a = v128.load(at);
    const b = v128.load(at, 16);
    let x = v128.shuffle<u32>(a, b, 0, 2, 4, 6);
    let y = v128.shuffle<u32>(a, b, 1, 3, 5, 7);
    const sum = reduceOnce(i32x4.add(x, y), p2);
    const difference = multiplyByConstant(
      i32x4.add(i32x4.sub(x, y), p2),
      v128.load(singles + (i << 4)),
      v128.load(singles + (i << 4), BYTES),
      p,
    );
    // sum = s0 s1 | s2 s3, difference = d0 d1 | d2 d3: partners are (s0, s1), (d0, d1), (s2, s3), (d2, d3)
    const wPair = v128.load64_zero(pairs + (i << 3));
    const qPair = v128.load64_zero(pairs + (i << 3), BYTES);
    x = v128.shuffle<u32>(sum, difference, 0, 4, 2, 6);
    y = v128.shuffle<u32>(sum, difference, 1, 5, 3, 7);
    const first = reduceOnce(i32x4.add(x, y), p2);
    const second = multiplyByConstant(
      i32x4.add(i32x4.sub(x, y), p2),
      v128.shuffle<u32>(wPair, wPair, 0, 0, 1, 1),
      v128.shuffle<u32>(qPair, qPair, 0, 0, 1, 1),
      p,
    );
    v128.store(at, v128.shuffle<u32>(first, second, 0, 1, 4, 5));
    v128.store(at, v128.shuffle<u32>(first, second, 2, 3, 6, 7), 16);
  }
  for (let m: usize = N >> 3, t: usize = 4; m >= 1; m >>= 1, t <<= 1) {
    const half = t << 2;
    for (let i: usize = 0; i < m; i++) {
      const root = inverses + ((m + i) << 2);
      const w = v128.load32_splat(root);
      const quotient = v128.load32_splat(root, BYTES);
      const start = data + ((2 * i * t) << 2);
      for (let at = start; at < start + half; at += 16) {
        const x = v128.load(at);
        const y = v128.load(at + half);
        v128.store(at, reduceOnce(i32x4.add(x, y), p2));
        v128.store(at + half, multiplyByConstant(i32x4.add(i32x4.sub(x, y), p2), w, quotient, p));
      }
    }
  }
  const scale = i32x4.splat(degree);
  const scaleQuotient = i32x4.splat(degreeQuotient);
  for (let at = data; at < data + BYTES; at += 16) {
    v128.store(at, reduceOnce(multiplyByConstant(v128.load(at), scale, scaleQuotient, p), p));
  }
}
