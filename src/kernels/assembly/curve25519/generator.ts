/**
 * Multiples of the generator: a sum of one prepared multiple for each digit, without doublings. The multiples are
 * made once, when they are first needed; to choose one, all 16 of its digit are read.
 */
import { CHOSEN, DIGITS, ELEMENT, MULTIPLES, POINT } from './arena';
import { WINDOWS, addPrepared, digitsAt, double, indicesOf, prepareMultiples, signChosen } from './point';

/** RFC 9496 appendix A.1. */
export const GENERATOR: usize = memory.data<u64>([
  0x714ebc6a0aaef2e2, 0x5f5100c561a984a8, 0x8ddd82a56a0be358, 0x762d8de04559a6b6,
]);
/** Multiples 1, 3 .. 31 of 32^i times the generator; both lanes would be alike, so one is kept. */
const ENTRY: usize = POINT / 2;
const PLACE: usize = 16 * ENTRY;
const TABLE: usize = memory.data(130560, 64);

export let isPrepared: bool = false;

/** Lays the table out of the generator in both lanes of `base`, which is overwritten. */
export function prepareGenerator(base: usize): void {
  for (let place: usize = 0; place < WINDOWS; place++) {
    prepareMultiples(MULTIPLES, base);
    for (let at: usize = 0; at < 16 * POINT; at += 16) {
      store<u64>(TABLE + place * PLACE + (at >> 1), load<u64>(MULTIPLES + at));
    }
    for (let b = 0; b < 5; b++) double(base, base, b == 4);
  }
  isPrepared = true;
}

/** CHOSEN = the multiple that the digits at one place ask for. */
function chooseOfGenerator(place: usize): void {
  const digits = digitsAt(DIGITS, place);
  const signs = i64x2.shr_s(digits, 63);
  const indices = indicesOf(digits, signs);
  for (let coordinate: usize = 0; coordinate < ENTRY; coordinate += ELEMENT / 2) {
    let s0 = i64x2.splat(0), s1 = s0, s2 = s0, s3 = s0, s4 = s0, each = s0;
    for (let i: usize = 0; i < 16; i++) {
      const p = TABLE + place * PLACE + i * ENTRY + coordinate;
      const mask = i64x2.eq(each, indices);
      s0 = v128.or(s0, v128.and(mask, v128.load64_splat(p)));
      s1 = v128.or(s1, v128.and(mask, v128.load64_splat(p, 8)));
      s2 = v128.or(s2, v128.and(mask, v128.load64_splat(p, 16)));
      s3 = v128.or(s3, v128.and(mask, v128.load64_splat(p, 24)));
      s4 = v128.or(s4, v128.and(mask, v128.load64_splat(p, 32)));
      each = i64x2.add(each, i64x2.splat(1));
    }
    const out = CHOSEN + 2 * coordinate;
    v128.store(out, s0);
    v128.store(out, s1, 16);
    v128.store(out, s2, 32);
    v128.store(out, s3, 48);
    v128.store(out, s4, 64);
  }
  signChosen(signs);
}

/** sum, which is the identity, + the generator in each lane times the scalar whose digits are in DIGITS. */
export function addGenerators(sum: usize): void {
  for (let place: usize = 0; place < WINDOWS; place++) {
    chooseOfGenerator(place);
    addPrepared(sum, sum, CHOSEN, true);
  }
}
