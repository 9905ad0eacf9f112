/** A scalar's digits, by steps that are the same for all scalars. */
import { WINDOWS } from './point';

/** The group's order (RFC 9496 section 4), 32-bit words, least significant first. */
export const ORDER: usize = memory.data<u32>([
  0x5cf5d3ed, 0x5812631a, 0xa2f79cd6, 0x14def9de, 0x00000000, 0x00000000, 0x00000000, 0x10000000,
]);

/** Adds the order to a scalar where this bit is 1. */
function addOrderIf(bit: u32, scalar: usize): void {
  const mask = 0 - bit;
  let sum: u64 = 0;
  for (let i: usize = 0; i < 32; i += 4) {
    sum += <u64>load<u32>(scalar + i) + <u64>(load<u32>(ORDER + i) & mask);
    store<u32>(scalar + i, <u32>sum);
    sum >>= 32;
  }
}

/**
 * A scalar below the order, which is overwritten, -> digits of half of it mod the order, plus the order where that
 * is even: so the number k recoded is odd and below 2^254, and k = sum of digit_i 32^i with all digits odd. Where k_i
 * is what is left after i digits, digit_i = k_i mod 64 - 32 leaves k_(i+1) = 2 floor(k_i / 64) + 1; hence all can be
 * read off k.
 */
export function recodeHalf(scalar: usize, digits: usize): void {
  addOrderIf(load<u32>(scalar) & 1, scalar);
  for (let i: usize = 0; i < 32; i += 4) {
    const above = i < 28 ? load<u32>(scalar + i + 4) : 0;
    store<u32>(scalar + i, (load<u32>(scalar + i) >> 1) | (above << 31));
  }
  addOrderIf(1 - (load<u32>(scalar) & 1), scalar);
  for (let i: u32 = 0; i < <u32>WINDOWS; i++) {
    const bit = 5 * i + 1;
    const window = (load<u32>(scalar + (bit >> 3)) >> (bit & 7)) & 31;
    store<i8>(digits + i, <i8>(2 * window + 1) - (i < <u32>WINDOWS - 1 ? 32 : 0));
  }
}
