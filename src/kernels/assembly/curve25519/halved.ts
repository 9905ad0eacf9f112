/**
 * Encodes the doubles of many points with one inversion for all, instead of an inverse square root each: Hamburg's
 * formulas for 2P (ristretto.group, "Batched double-and-encode"). Who wants P encoded multiplies by half the scalar.
 */
import { ELEMENT, HALVED, OUTPUT, POINT, TEMPORARIES } from './arena';
import { toBytes } from './bytes';
import {
  D, INVSQRT_A_MINUS_D, ONE, SQRT_M1, ZERO, absolute, invert, isNegative, isZero, negateWhere, select,
} from './element';
import { add, addSubtract, multiply, square, subtract } from './field';

// Of each pair: E = 2 X Y, F = Z^2 + d T^2 (2x), G = Y^2 + X^2 (2x), H = Z^2 - d T^2, two products of these,
// their product (1 where it is 0), and the product of all that came before.
const BYTES: usize = 8 * ELEMENT;
const F: usize = ELEMENT;
const G: usize = 2 * ELEMENT;
const H: usize = 3 * ELEMENT;
const EG: usize = 4 * ELEMENT;
const FH: usize = 5 * ELEMENT;
const EFGH: usize = 6 * ELEMENT;
const BEFORE: usize = 7 * ELEMENT;

const T0: usize = TEMPORARIES;
const T1: usize = TEMPORARIES + ELEMENT;
const T2: usize = TEMPORARIES + 2 * ELEMENT;
const T3: usize = TEMPORARIES + 3 * ELEMENT;
const MAGIC: usize = TEMPORARIES + 4 * ELEMENT;
const INVERSE: usize = TEMPORARIES + 5 * ELEMENT;

/** Notes a pair of points; pairs come in order from 0. */
export function halve(pair: usize, point: usize): void {
  const e = HALVED + pair * BYTES;
  const x = point, y = point + ELEMENT, z = point + 2 * ELEMENT, t = point + 3 * ELEMENT;
  add(T0, y, y);
  multiply(e, x, T0);
  square(T0, z);
  square(T1, t);
  multiply(T1, T1, D);
  addSubtract(e + F, e + H, T0, T1);
  square(T0, y);
  square(T1, x);
  add(e + G, T0, T1);
  multiply(e + EG, e, e + G);
  multiply(e + FH, e + F, e + H);
  multiply(T0, e + EG, e + FH);
  // The identity, and what ristretto255 does not tell from it: 0 in both factors makes its s 0 below.
  const zero = isZero(T0);
  select(e + EFGH, zero, ONE, T0);
  select(e + EG, zero, ZERO, e + EG);
  select(e + FH, zero, ZERO, e + FH);
  if (pair == 0) memory.copy(e + BEFORE, ONE, ELEMENT);
  else multiply(e + BEFORE, e + BEFORE - BYTES, e + EFGH - BYTES);
}

/** Writes the encodings of the doubles of all pairs noted, 32 bytes a point, to OUTPUT. */
export function encodeDoubles(pairs: usize): void {
  const last = HALVED + (pairs - 1) * BYTES;
  multiply(T0, last + BEFORE, last + EFGH);
  invert(INVERSE, T0);
  for (let pair: usize = pairs; pair > 0; pair--) {
    const e = HALVED + (pair - 1) * BYTES;
    multiply(T0, INVERSE, e + BEFORE); // 1 / (E F G H)
    multiply(INVERSE, INVERSE, e + EFGH);
    encodeDouble(e);
    toBytes(OUTPUT + 64 * (pair - 1), T0, 0);
    toBytes(OUTPUT + 64 * (pair - 1) + 32, T0, 1);
  }
}

/** T0 = 1 / (E F G H) -> T0 = the element that encodes 2P. */
function encodeDouble(e: usize): void {
  multiply(T1, e + EG, T0); // 1 / Z of 2P
  multiply(T0, e + FH, T0); // 1 / T of 2P
  multiply(T2, e + EG, T1);
  const rotate = isNegative(T2);
  multiply(T2, e + F, SQRT_M1);
  select(T2, rotate, T2, e + H); // h
  negateWhere(T3, 3, e);
  select(T3, rotate, T3, e + G); // g, 2x
  select(MAGIC, rotate, SQRT_M1, INVSQRT_A_MINUS_D);
  select(e, rotate, e + G, e); // e, 2x
  multiply(e, e, T2);
  multiply(e, e, T1);
  negateWhere(T3, isNegative(e), T3);
  subtract(T2, T2, T3); // h - g, 3x
  multiply(T0, T3, T0);
  multiply(T0, T0, MAGIC);
  multiply(T0, T0, T2);
  absolute(T0, T0);
}
