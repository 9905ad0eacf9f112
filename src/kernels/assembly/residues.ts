/** Entrywise arithmetic on polynomials of N = 4096 residues mod p < 2^29. */
import { multiplyByConstant, multiplyHigh, reduceOnce, reduceSums } from './lanes';

const N: usize = 4096;
const BYTES: usize = N * 4;
/** Coefficients whose sums are held in L1 while all terms pass by. */
const TILE: usize = 128;

/** result = a b mod p. */
export function multiply(
  a: usize, b: usize, result: usize, prime: u32, inverse: u32, radix: u32, radixQuotient: u32,
): void {
  const p = i32x4.splat(prime);
  const pInverse = i32x4.splat(inverse);
  const r = i32x4.splat(radix);
  const rq = i32x4.splat(radixQuotient);
  for (let at: usize = 0; at < BYTES; at += 16) {
    const x = v128.load(a + at);
    const y = v128.load(b + at);
    const low = i64x2.extmul_low_i32x4_u(x, y);
    const high = i64x2.extmul_high_i32x4_u(x, y);
    v128.store(result + at, reduceSums(low, high, p, pInverse, r, rq));
  }
}

/** result = a + b mod p. */
export function add(a: usize, b: usize, result: usize, prime: u32): void {
  const p = i32x4.splat(prime);
  for (let at: usize = 0; at < BYTES; at += 16) {
    v128.store(result + at, reduceOnce(i32x4.add(v128.load(a + at), v128.load(b + at)), p));
  }
}

/** result = a - b mod p. */
export function subtract(a: usize, b: usize, result: usize, prime: u32): void {
  const p = i32x4.splat(prime);
  for (let at: usize = 0; at < BYTES; at += 16) {
    const difference = i32x4.add(i32x4.sub(v128.load(a + at), v128.load(b + at)), p);
    v128.store(result + at, reduceOnce(difference, p));
  }
}

/** Signed 32-bit integers, in place, to residues. reciprocal = floor(2^32 / p), offset = 2^31 mod p. */
export function lift(data: usize, prime: u32, reciprocal: u32, offset: u32): void {
  const p = i32x4.splat(prime);
  const quotient = i32x4.splat(reciprocal);
  const sign = i32x4.splat(0x80000000);
  const shift = i32x4.splat(prime - offset);
  for (let at = data; at < data + BYTES; at += 16) {
    const x = v128.xor(v128.load(at), sign); // x + 2^31, unsigned
    const residue = reduceOnce(i32x4.sub(x, i32x4.mul(multiplyHigh(x, quotient), p)), p);
    v128.store(at, reduceOnce(i32x4.add(residue, shift), p));
  }
}

/** Sum of the N residues, times 1/N: the constant coefficient of a polynomial in transformed order. */
export function mean(data: usize, prime: u32, degree: u32): u32 {
  let sum: u64 = 0;
  for (let at = data; at < data + BYTES; at += 4) sum += load<u32>(at);
  return <u32>(((sum % prime) * degree) % prime);
}

/** 1 where every one of the N residues is below p. */
export function inRange(data: usize, prime: u32): u32 {
  const last = i32x4.splat(prime - 1);
  let above = i32x4.splat(0);
  for (let at = data; at < data + BYTES; at += 16) {
    above = v128.or(above, i32x4.gt_u(v128.load(at), last));
  }
  return v128.any_true(above) ? 0 : 1;
}

/**
 * Constant coefficient of the product with a ternary polynomial (N signed bytes), mod p:
 * a_0 s_0 - sum a_j s_{N-j}, since X^N = -1. |sum| < 2^41.
 */
export function ternaryConstant(a: usize, ternary: usize, prime: u32): u32 {
  let sum: i64 = <i64>load<u32>(a) * <i64>load<i8>(ternary);
  for (let j: usize = 1; j < N; j++) {
    sum -= <i64>load<u32>(a + (j << 2)) * <i64>load<i8>(ternary + N - j);
  }
  const residue = sum % <i64>prime;
  return <u32>(residue < 0 ? residue + prime : residue);
}

/**
 * sum0 += sum over terms of plain cipher0 mod p, and sum1 likewise with cipher1; term k lies k strides
 * further. Products are summed unreduced in 64 bits: terms (p-1)^2 must stay below 2^64 - 2^32 p.
 */
export function accumulate(
  plain: usize, cipher0: usize, cipher1: usize, terms: u32, stride: usize,
  sum0: usize, sum1: usize, tile: usize,
  prime: u32, inverse: u32, radix: u32, radixQuotient: u32,
): void {
  const p = i32x4.splat(prime);
  const pInverse = i32x4.splat(inverse);
  const r = i32x4.splat(radix);
  const rq = i32x4.splat(radixQuotient);
  const pairs = terms >> 1;
  for (let offset: usize = 0; offset < BYTES; offset += TILE * 4) {
    memory.fill(tile, 0, TILE * 16);
    let x = plain + offset;
    let y = cipher0 + offset;
    let z = cipher1 + offset;
    for (let k: u32 = 0; k < pairs; k++) {
      let sums = tile;
      for (let at: usize = 0; at < TILE * 4; at += 16) {
        const a = v128.load(x + at);
        const b = v128.load(x + stride + at);
        const c = v128.load(y + at);
        const d = v128.load(y + stride + at);
        v128.store(sums, i64x2.add(v128.load(sums),
          i64x2.add(i64x2.extmul_low_i32x4_u(a, c), i64x2.extmul_low_i32x4_u(b, d))));
        v128.store(sums, i64x2.add(v128.load(sums, 16),
          i64x2.add(i64x2.extmul_high_i32x4_u(a, c), i64x2.extmul_high_i32x4_u(b, d))), 16);
        const e = v128.load(z + at);
        const f = v128.load(z + stride + at);
        v128.store(sums, i64x2.add(v128.load(sums, 32),
          i64x2.add(i64x2.extmul_low_i32x4_u(a, e), i64x2.extmul_low_i32x4_u(b, f))), 32);
        v128.store(sums, i64x2.add(v128.load(sums, 48),
          i64x2.add(i64x2.extmul_high_i32x4_u(a, e), i64x2.extmul_high_i32x4_u(b, f))), 48);
        sums += 64;
      }
      x += 2 * stride;
      y += 2 * stride;
      z += 2 * stride;
    }
    if (terms & 1) {
      let sums = tile;
      for (let at: usize = 0; at < TILE * 4; at += 16) {
        const a = v128.load(x + at);
        const c = v128.load(y + at);
        const e = v128.load(z + at);
        v128.store(sums, i64x2.add(v128.load(sums), i64x2.extmul_low_i32x4_u(a, c)));
        v128.store(sums, i64x2.add(v128.load(sums, 16), i64x2.extmul_high_i32x4_u(a, c)), 16);
        v128.store(sums, i64x2.add(v128.load(sums, 32), i64x2.extmul_low_i32x4_u(a, e)), 32);
        v128.store(sums, i64x2.add(v128.load(sums, 48), i64x2.extmul_high_i32x4_u(a, e)), 48);
        sums += 64;
      }
    }
    let sums = tile;
    for (let at: usize = 0; at < TILE * 4; at += 16) {
      const to0 = sum0 + offset + at;
      const to1 = sum1 + offset + at;
      const s0 = reduceSums(v128.load(sums), v128.load(sums, 16), p, pInverse, r, rq);
      const s1 = reduceSums(v128.load(sums, 32), v128.load(sums, 48), p, pInverse, r, rq);
      v128.store(to0, reduceOnce(i32x4.add(v128.load(to0), s0), p));
      v128.store(to1, reduceOnce(i32x4.add(v128.load(to1), s1), p));
      sums += 64;
    }
  }
}
