/** Residues as bits: packing at a fixed width (little-endian bit order), and the joining of two limbs. */
import { reduceSums } from './lanes';

const N: usize = 4096;

/** N 32-bit words at `width` <= 32 bits each -> N width / 8 bytes. */
export function pack(words: usize, width: u32, bytes: usize): void {
  let bits: u64 = 0;
  let held: u32 = 0;
  for (let at = words; at < words + N * 4; at += 4) {
    bits |= (<u64>load<u32>(at)) << held;
    held += width;
    if (held >= 32) {
      store<u32>(bytes, <u32>bits);
      bytes += 4;
      bits >>= 32;
      held -= 32;
    }
  }
}

/** The inverse of pack; reads up to 7 bytes beyond. 1 where every word is at most `limit`. */
export function unpack(bytes: usize, width: u32, words: usize, limit: u32): u32 {
  const mask: u64 = (<u64>1 << width) - 1;
  let above: u32 = 0;
  let position: usize = 0;
  for (let at = words; at < words + N * 4; at += 4) {
    const word = <u32>((load<u64>(bytes + (position >> 3)) >> (position & 7)) & mask);
    above |= u32(word > limit);
    store<u32>(at, word);
    position += width;
  }
  return above ^ 1;
}

/** N 64-bit words at `width` bits each, 32 < width < 64. */
export function packWide(words: usize, width: u32, bytes: usize): void {
  const upper = width - 32;
  let bits: u64 = 0;
  let held: u32 = 0;
  for (let at = words; at < words + N * 8; at += 8) {
    bits |= (<u64>load<u32>(at)) << held; // held < 32
    store<u32>(bytes, <u32>bits);
    bytes += 4;
    bits >>= 32;
    bits |= (<u64>load<u32>(at, 4)) << held;
    held += upper;
    if (held >= 32) {
      store<u32>(bytes, <u32>bits);
      bytes += 4;
      bits >>= 32;
      held -= 32;
    }
  }
}

/** N words of `width` < 64 bits -> 64-bit words; reads up to 8 bytes beyond. 1 where all are at most `limit`. */
export function unpackWide(bytes: usize, width: u32, words: usize, limit: u64): u32 {
  const mask: u64 = (<u64>1 << width) - 1;
  let above: u32 = 0;
  let position: usize = 0;
  for (let at = words; at < words + N * 8; at += 8) {
    const from = bytes + (position >> 3);
    const skip = position & 7;
    // Two shifts of the ninth byte, because a shift by 64 would be a shift by 0.
    const word = ((load<u64>(from) >> skip) | (((<u64>load<u8>(from, 8)) << 1) << (63 - skip))) & mask;
    above |= u32(word > limit);
    store<u64>(at, word);
    position += width;
  }
  return above ^ 1;
}

/** One limb, rounded to the nearest multiple of 2^drop, as that multiple: 64-bit words. */
export function roundOne(limb: usize, words: usize, drop: u32): void {
  const half: u64 = drop == 0 ? 0 : (<u64>1) << (drop - 1);
  for (let i: usize = 0; i < N; i++) {
    store<u64>(words + (i << 3), (<u64>load<u32>(limb + (i << 2)) + half) >> drop);
  }
}

/**
 * Two limbs joined by the Chinese remainder theorem (Garner: x = r1 + p1 ((r2 - r1)/p1 mod p2)), then
 * rounded as above. `inverse` = 1/p1 mod p2, `quotient` = floor(inverse 2^32 / p2), `lift` = a multiple of p2 >= p1.
 */
export function roundTwo(
  limb1: usize, limb2: usize, words: usize, drop: u32,
  p1: u32, p2: u32, inverse: u32, quotient: u32, lift: u32,
): void {
  const half: u64 = drop == 0 ? 0 : (<u64>1) << (drop - 1);
  for (let i: usize = 0; i < N; i++) {
    const r1 = load<u32>(limb1 + (i << 2));
    const difference = load<u32>(limb2 + (i << 2)) + lift - r1; // below 2^31
    let digit = difference * inverse - <u32>((<u64>difference * quotient) >> 32) * p2;
    if (digit >= p2) digit -= p2;
    const x = <u64>r1 + <u64>p1 * digit;
    store<u64>(words + (i << 3), (x + half) >> drop);
  }
}

/** Words times 2^drop (below 2^61), mod p. */
export function spread(
  words: usize, drop: u32, limb: usize, prime: u32, inverse: u32, radix: u32, radixQuotient: u32,
): void {
  const p = i32x4.splat(prime);
  const pInverse = i32x4.splat(inverse);
  const r = i32x4.splat(radix);
  const rq = i32x4.splat(radixQuotient);
  for (let i: usize = 0; i < N; i += 4) {
    const low = i64x2.shl(v128.load(words + (i << 3)), drop);
    const high = i64x2.shl(v128.load(words + (i << 3), 16), drop);
    v128.store(limb + (i << 2), reduceSums(low, high, p, pInverse, r, rq));
  }
}
