/** Elements of GF(2^255 - 19) to and from their 32 little-endian bytes, one lane at a time. */
import { carry } from './field';

const BITS: u64 = (1 << 51) - 1;

/** Reads 32 bytes into one lane, without bit 255, and brings both lanes to 1x. */
export function fromBytes(out: usize, input: usize, lane: usize): void {
  const w0 = load<u64>(input), w1 = load<u64>(input, 8), w2 = load<u64>(input, 16), w3 = load<u64>(input, 24);
  const at = out + (lane << 3);
  store<f64>(at, <f64>(w0 & BITS));
  store<f64>(at, <f64>(((w0 >> 51) | (w1 << 13)) & BITS), 16);
  store<f64>(at, <f64>(((w1 >> 38) | (w2 << 26)) & BITS), 32);
  store<f64>(at, <f64>(((w2 >> 25) | (w3 << 39)) & BITS), 48);
  store<f64>(at, <f64>((w3 >> 12) & BITS), 64);
  carry(out, out);
}

/** Writes the canonical 32 bytes of one lane of an element of at most 4x. */
export function toBytes(out: usize, a: usize, lane: usize): void {
  const at = a + (lane << 3);
  let d0 = <i64>load<f64>(at), d1 = <i64>load<f64>(at, 16), d2 = <i64>load<f64>(at, 32);
  let d3 = <i64>load<f64>(at, 48), d4 = <i64>load<f64>(at, 64);
  // |value| < 2^258. Shifts round down, so the first time round leaves a value in [-19 * 8, 2^255 + 19 * 8),
  // the second one in [0, 2^255), and the third all digits in [0, 2^51).
  for (let i = 0; i < 3; i++) {
    d1 += d0 >> 51;
    d0 &= BITS;
    d2 += d1 >> 51;
    d1 &= BITS;
    d3 += d2 >> 51;
    d2 &= BITS;
    d4 += d3 >> 51;
    d3 &= BITS;
    d0 += 19 * (d4 >> 51);
    d4 &= BITS;
  }
  // 1 where the value is p or more: then p = 2^255 - 19 is taken off.
  const over = (d4 + ((d3 + ((d2 + ((d1 + ((d0 + 19) >> 51)) >> 51)) >> 51)) >> 51)) >> 51;
  d0 += 19 * over;
  d1 += d0 >> 51;
  d0 &= BITS;
  d2 += d1 >> 51;
  d1 &= BITS;
  d3 += d2 >> 51;
  d2 &= BITS;
  d4 += d3 >> 51;
  d3 &= BITS;
  d4 &= BITS;
  store<u64>(out, d0 | (d1 << 51));
  store<u64>(out, (d1 >> 13) | (d2 << 38), 8);
  store<u64>(out, (d2 >> 26) | (d3 << 25), 16);
  store<u64>(out, (d3 >> 39) | (d4 << 12), 24);
}

/** Whether 32 bytes are the canonical form of an element that is not negative: below p, and even. */
export function isCanonicalNonNegative(input: usize): bool {
  const w0 = load<u64>(input), w1 = load<u64>(input, 8), w2 = load<u64>(input, 16), w3 = load<u64>(input, 24);
  if ((w0 & 1) != 0 || w3 > 0x7fffffffffffffff) return false;
  return !(w3 == 0x7fffffffffffffff && (w2 & w1) == u64.MAX_VALUE && w0 >= 0xffffffffffffffed);
}

/** Whether 32 bytes are all zero. */
export function isZeroBytes(input: usize): bool {
  return (load<u64>(input) | load<u64>(input, 8) | load<u64>(input, 16) | load<u64>(input, 24)) == 0;
}
