/** 16-bit integers in the clear times residues: a party's own columns and its own shares, N = 4096 rows at a time. */
import { reduceOnce, reduceSums } from './lanes';

const N: usize = 4096;

/**
 * words += sum over columns of weight x integers: N signed 64-bit sums. Column k lies k strides further, its weight
 * k words further. Each product is below 2^15 p.
 */
export function addColumns(
  integers: usize, stride: usize, columns: u32, weights: usize, words: usize,
): void {
  for (let row: usize = 0; row < N; row += 8) {
    const to = words + (row << 3);
    let a = v128.load(to);
    let b = v128.load(to, 16);
    let c = v128.load(to, 32);
    let d = v128.load(to, 48);
    let at = integers + (row << 1);
    for (let k: u32 = 0; k < columns; k++, at += stride) {
      const x = v128.load(at);
      const low = i32x4.extend_low_i16x8_s(x);
      const high = i32x4.extend_high_i16x8_s(x);
      const weight = v128.load32_splat(weights + ((<usize>k) << 2));
      a = i64x2.add(a, i64x2.extmul_low_i32x4_s(low, weight));
      b = i64x2.add(b, i64x2.extmul_high_i32x4_s(low, weight));
      c = i64x2.add(c, i64x2.extmul_low_i32x4_s(high, weight));
      d = i64x2.add(d, i64x2.extmul_high_i32x4_s(high, weight));
    }
    v128.store(to, a);
    v128.store(to, b, 16);
    v128.store(to, c, 32);
    v128.store(to, d, 48);
  }
}

/** N signed words, below 2^33 p in size (2^18 columns), mod p: a multiple of p makes them positive. */
export function reduceWords(
  words: usize, residues: usize, prime: u32, inverse: u32, radix: u32, radixQuotient: u32,
): void {
  const p = i32x4.splat(prime);
  const pInverse = i32x4.splat(inverse);
  const r = i32x4.splat(radix);
  const rq = i32x4.splat(radixQuotient);
  const multiple = i64x2.splat(<u64>prime << 33);
  for (let i: usize = 0; i < N; i += 4) {
    const low = i64x2.add(v128.load(words + (i << 3)), multiple);
    const high = i64x2.add(v128.load(words + (i << 3), 16), multiple);
    v128.store(residues + (i << 2), reduceSums(low, high, p, pInverse, r, rq));
  }
}

/** sum_k integers[k] residues[k] mod p: N products below 2^44. */
export function innerInteger(integers: usize, residues: usize, prime: u32): u32 {
  let sum = i64x2.splat(0);
  for (let k: usize = 0; k < N; k += 8) {
    const x = v128.load(integers + (k << 1));
    const low = i32x4.extend_low_i16x8_s(x);
    const high = i32x4.extend_high_i16x8_s(x);
    const e = v128.load(residues + (k << 2));
    const f = v128.load(residues + (k << 2), 16);
    sum = i64x2.add(sum, i64x2.add(
      i64x2.add(i64x2.extmul_low_i32x4_s(low, e), i64x2.extmul_high_i32x4_s(low, e)),
      i64x2.add(i64x2.extmul_low_i32x4_s(high, f), i64x2.extmul_high_i32x4_s(high, f)),
    ));
  }
  const total = i64x2.extract_lane(sum, 0) + i64x2.extract_lane(sum, 1);
  const rest = total % <i64>prime;
  return <u32>(rest < 0 ? rest + prime : rest);
}

/** folded[k - 1] = residues[k] + residues[N - k] mod p for 1 <= k < N/2; the last, k = N/2, is itself. */
export function fold(residues: usize, folded: usize, prime: u32): void {
  const p = i32x4.splat(prime);
  for (let i: usize = 0; i < N / 2; i += 4) {
    const ascending = v128.load(residues + (i << 2), 4);
    const mirrored = v128.load(residues + ((N - i) << 2) - 16);
    const descending = v128.shuffle<u32>(mirrored, mirrored, 3, 2, 1, 0);
    v128.store(folded + (i << 2), reduceOnce(i32x4.add(ascending, descending), p));
  }
  store<u32>(folded + N * 2 - 4, load<u32>(residues + N * 2));
}
