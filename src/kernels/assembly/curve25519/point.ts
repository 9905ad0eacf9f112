/**
 * Sums and multiples of points, two at once. A point is X, Y, Z, T of extended twisted Edwards coordinates with
 * a = -1 (Hisil, Wong, Carter, Dawson, "Twisted Edwards curves revisited", ASIACRYPT 2008), each 1x.
 *
 * Neither an address nor a branch depends on a scalar: its digits are odd, so that each window is five
 * doublings and one addition, and all multiples are read to choose one.
 */
import { CHOSEN, DIGITS, DIGITS_BYTES, ELEMENT, MULTIPLES, POINT, RUNNING, TEMPORARIES } from './arena';
import { MINUS_TWICE_D, negateWhere } from './element';
import { add, addSubtract, carry, multiply, square, subtract } from './field';

const A: usize = TEMPORARIES;
const B: usize = TEMPORARIES + ELEMENT;
const C: usize = TEMPORARIES + 2 * ELEMENT;
const E: usize = TEMPORARIES + 3 * ELEMENT;
const F: usize = TEMPORARIES + 4 * ELEMENT;
const G: usize = TEMPORARIES + 5 * ELEMENT;
const H: usize = TEMPORARIES + 6 * ELEMENT;

/** Digits of a scalar: 50 in {-31, -29 .. 31}, and the highest in {1, 3 .. 31}. */
export const WINDOWS: usize = 51;

/** out = E F, G H, F G and, where asked for, E H. F and H may be 2x. */
// @ts-ignore: decorator
@inline
function complete(out: usize, withT: bool): void {
  multiply(out, E, F);
  multiply(out + ELEMENT, G, H);
  multiply(out + 2 * ELEMENT, F, G);
  if (withT) multiply(out + 3 * ELEMENT, E, H);
}

/** out = 2 p by dbl-2008-hwcd, all four coordinates negated, which is the same point. T of p is not read. */
export function double(out: usize, p: usize, withT: bool): void {
  square(A, p);
  square(B, p + ELEMENT);
  add(C, p + ELEMENT, p + ELEMENT);
  multiply(E, p, C); // 2 X Y rather than (X + Y)^2 - A - B: it comes out carried
  add(C, p + 2 * ELEMENT, p + 2 * ELEMENT);
  multiply(C, p + 2 * ELEMENT, C); // 2 Z^2
  addSubtract(H, G, B, A);
  subtract(F, C, G);
  complete(out, withT);
}

/** out = (Y - X, Y + X, -2 d T, 2 Z): what an addition needs of its second point. */
export function prepare(out: usize, p: usize): void {
  addSubtract(out + ELEMENT, out, p + ELEMENT, p);
  carry(out + ELEMENT, out + ELEMENT);
  multiply(out + 2 * ELEMENT, p + 3 * ELEMENT, MINUS_TWICE_D);
  add(out + 3 * ELEMENT, p + 2 * ELEMENT, p + 2 * ELEMENT);
  carry(out + 3 * ELEMENT, out + 3 * ELEMENT);
}

/** out = p + a prepared point, by add-2008-hwcd-3. */
export function addPrepared(out: usize, p: usize, prepared: usize, withT: bool): void {
  subtract(A, p + ELEMENT, p);
  multiply(A, A, prepared);
  add(B, p + ELEMENT, p);
  multiply(B, B, prepared + ELEMENT);
  multiply(C, p + 3 * ELEMENT, prepared + 2 * ELEMENT); // minus the paper's C
  multiply(F, p + 2 * ELEMENT, prepared + 3 * ELEMENT);
  addSubtract(H, E, B, A);
  addSubtract(F, G, F, C);
  complete(out, withT);
}

/** out = p + q; `out` may be either. */
export function addPoints(out: usize, p: usize, q: usize): void {
  prepare(CHOSEN, q);
  addPrepared(out, p, CHOSEN, true);
}

/** out = -p. */
export function negate(out: usize, p: usize): void {
  memory.copy(out, p, POINT);
  negateWhere(out, 3, out);
  negateWhere(out + 3 * ELEMENT, 3, out + 3 * ELEMENT);
}

/** table = p, 3 p, 5 p .. 31 p, prepared. */
export function prepareMultiples(table: usize, p: usize): void {
  const twice = CHOSEN;
  double(RUNNING, p, true);
  prepare(twice, RUNNING);
  memory.copy(RUNNING, p, POINT);
  prepare(table, p);
  for (let i: usize = 1; i < 16; i++) {
    addPrepared(RUNNING, RUNNING, twice, true);
    prepare(table + i * POINT, RUNNING);
  }
}

/** One coordinate of the multiples with these indices: all 16 are read. */
function gather(indices: v128, coordinate: usize): void {
  let s0 = i64x2.splat(0), s1 = s0, s2 = s0, s3 = s0, s4 = s0, each = s0;
  for (let i: usize = 0; i < 16; i++) {
    const p = MULTIPLES + i * POINT + coordinate;
    const mask = i64x2.eq(each, indices);
    s0 = v128.or(s0, v128.and(mask, v128.load(p)));
    s1 = v128.or(s1, v128.and(mask, v128.load(p, 16)));
    s2 = v128.or(s2, v128.and(mask, v128.load(p, 32)));
    s3 = v128.or(s3, v128.and(mask, v128.load(p, 48)));
    s4 = v128.or(s4, v128.and(mask, v128.load(p, 64)));
    each = i64x2.add(each, i64x2.splat(1));
  }
  v128.store(CHOSEN + coordinate, s0);
  v128.store(CHOSEN + coordinate, s1, 16);
  v128.store(CHOSEN + coordinate, s2, 32);
  v128.store(CHOSEN + coordinate, s3, 48);
  v128.store(CHOSEN + coordinate, s4, 64);
}

/** The digits of both lanes at one place. */
// @ts-ignore: decorator
@inline
export function digitsAt(digits: usize, place: usize): v128 {
  const low = <i64>load<i8>(digits + place), high = <i64>load<i8>(digits + DIGITS_BYTES + place);
  return i64x2.replace_lane(i64x2.splat(low), 1, high);
}

/** Which multiple a digit's size asks for. */
// @ts-ignore: decorator
@inline
export function indicesOf(digits: v128, signs: v128): v128 {
  return i64x2.shr_u(i64x2.sub(v128.xor(digits, signs), signs), 1);
}

/** Negates CHOSEN where asked for: a prepared point has Y - X and Y + X exchanged, and the other sign at T. */
export function signChosen(signs: v128): void {
  for (let at: usize = CHOSEN; at < CHOSEN + ELEMENT; at += 16) {
    const minus = v128.load(at), plus = v128.load(at, <usize>ELEMENT);
    const difference = v128.and(v128.xor(minus, plus), signs);
    v128.store(at, v128.xor(minus, difference));
    v128.store(at, v128.xor(plus, difference), <usize>ELEMENT);
    const t = v128.load(at, 2 * <usize>ELEMENT);
    v128.store(at, v128.xor(t, v128.and(signs, i64x2.splat(i64.MIN_VALUE))), 2 * <usize>ELEMENT);
  }
}

/** CHOSEN = digit p in each lane, of MULTIPLES. */
function choose(digits: v128): void {
  const signs = i64x2.shr_s(digits, 63); // 0 or -1
  const indices = indicesOf(digits, signs);
  for (let coordinate: usize = 0; coordinate < POINT; coordinate += ELEMENT) gather(indices, coordinate);
  signChosen(signs);
}

/** The same of any table, by address: for digits and points that everybody may know. */
export function choosePublic(table: usize, digits: usize, place: usize): void {
  const both = digitsAt(digits, place);
  const signs = i64x2.shr_s(both, 63);
  const indices = indicesOf(both, signs);
  const low = table + <usize>i64x2.extract_lane(indices, 0) * POINT;
  const high = table + <usize>i64x2.extract_lane(indices, 1) * POINT + 8;
  for (let at: usize = 0; at < POINT; at += 16) {
    v128.store(CHOSEN + at, v128.load64_lane(high + at, v128.load64_zero(low + at), 1));
  }
  signChosen(signs);
}

/** out = p in each lane times the scalar whose digits are in DIGITS; `out` may be p. */
export function multiplyPoint(out: usize, p: usize): void {
  prepareMultiples(MULTIPLES, p);
  choose(digitsAt(DIGITS, WINDOWS - 1));
  // A prepared point stands for 2 X, 2 Y, 2 Z: the start. A doubling does not read T.
  addSubtract(out + 3 * ELEMENT, out, CHOSEN + ELEMENT, CHOSEN);
  carry(out + ELEMENT, out + 3 * ELEMENT);
  memory.copy(out + 2 * ELEMENT, CHOSEN + 3 * ELEMENT, ELEMENT);
  for (let i: usize = WINDOWS - 1; i > 0; i--) {
    for (let b = 0; b < 4; b++) double(out, out, false);
    double(out, out, true);
    choose(digitsAt(DIGITS, i - 1));
    addPrepared(out, out, CHOSEN, i == 1);
  }
}
