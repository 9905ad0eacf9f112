/** ristretto255 (RFC 9496): two points at once to and from field elements. Multiples of x in remarks are bounds. */
import { ELEMENT, TEMPORARIES } from './arena';
import {
  D, D_MINUS_ONE_SQ, INVSQRT_A_MINUS_D, ONE, ONE_MINUS_D_SQ, SQRT_AD_MINUS_ONE, SQRT_M1, ZERO,
  absolute, isNegative, isZero, negateWhere, select, squareRootOfRatio,
} from './element';
import { add, addSubtract, carry, multiply, square, subtract } from './field';

const T0: usize = TEMPORARIES;
const T1: usize = TEMPORARIES + ELEMENT;
const T2: usize = TEMPORARIES + 2 * ELEMENT;
const T3: usize = TEMPORARIES + 3 * ELEMENT;
const T4: usize = TEMPORARIES + 4 * ELEMENT;
const T5: usize = TEMPORARIES + 5 * ELEMENT;
const T6: usize = TEMPORARIES + 6 * ELEMENT;
const T7: usize = TEMPORARIES + 7 * ELEMENT;

/** DECODE of section 4.3.1 after the check of the bytes: returns the lanes whose s is the encoding of a point. */
export function decode(point: usize, s: usize): i32 {
  const x = point, y = point + ELEMENT, z = point + 2 * ELEMENT, t = point + 3 * ELEMENT;
  square(T0, s);
  addSubtract(T2, T1, ONE, T0); // u2 = 1 + s^2 (one more than 1x), u1 = 1 - s^2
  square(T3, T2); // u2^2
  square(T4, T1);
  multiply(T4, D, T4);
  add(T5, T4, T3);
  subtract(T5, ZERO, T5);
  carry(T5, T5); // v = -(D u1^2) - u2^2
  multiply(T6, T5, T3);
  const wasSquare = squareRootOfRatio(T7, ONE, T6);
  multiply(T4, T7, T2); // den_x
  multiply(T6, T7, T4);
  multiply(T6, T6, T5); // den_y
  add(T0, s, s);
  multiply(x, T0, T4);
  absolute(x, x);
  multiply(y, T1, T6);
  memory.copy(z, ONE, ELEMENT);
  multiply(t, x, y);
  return wasSquare & ~isNegative(t) & ~isZero(y);
}

/** ENCODE of section 4.3.2: the element s whose canonical bytes stand for the point. */
export function encode(s: usize, point: usize): void {
  const x = point, y = point + ELEMENT, z = point + 2 * ELEMENT, t = point + 3 * ELEMENT;
  addSubtract(T0, T1, z, y);
  multiply(T0, T0, T1); // u1
  multiply(T1, x, y); // u2
  square(T2, T1);
  multiply(T2, T0, T2);
  squareRootOfRatio(T3, ONE, T2);
  multiply(T4, T3, T0); // den1
  multiply(T5, T3, T1); // den2
  multiply(T6, T4, T5);
  multiply(T6, T6, t); // z_inv
  multiply(T0, t, T6);
  const rotate = isNegative(T0);
  multiply(T1, y, SQRT_M1);
  select(T1, rotate, T1, x);
  multiply(T2, x, SQRT_M1);
  select(T2, rotate, T2, y);
  multiply(T3, T4, INVSQRT_A_MINUS_D);
  select(T3, rotate, T3, T5);
  multiply(T0, T1, T6);
  negateWhere(T2, isNegative(T0), T2);
  subtract(T0, z, T2); // 2x
  multiply(s, T3, T0);
  absolute(s, s);
}

/** MAP of section 4.3.4: the points of an element in each lane. */
export function map(point: usize, element: usize): void {
  square(T0, element);
  multiply(T0, SQRT_M1, T0); // r
  add(T1, T0, ONE);
  multiply(T1, T1, ONE_MINUS_D_SQ); // u
  multiply(T2, T0, D);
  add(T2, T2, ONE);
  negateWhere(T2, 3, T2); // -1 - r D
  add(T3, T0, D); // 2x
  multiply(T2, T2, T3); // v
  const wasSquare = squareRootOfRatio(T4, T1, T2);
  multiply(T5, T4, element);
  negateWhere(T5, ~isNegative(T5), T5); // -|s r0|
  select(T4, wasSquare, T4, T5); // s
  subtract(T6, T0, ONE);
  negateWhere(T1, 3, ONE);
  select(T5, wasSquare, T1, T0); // c
  multiply(T5, T5, T6);
  multiply(T5, T5, D_MINUS_ONE_SQ);
  subtract(T5, T5, T2); // N, 2x
  add(T6, T4, T4); // 2x
  multiply(T6, T6, T2); // w0
  multiply(T5, T5, SQRT_AD_MINUS_ONE); // w1
  square(T4, T4);
  addSubtract(T3, T2, ONE, T4); // w3 = 1 + s^2 (one more than 1x), w2 = 1 - s^2
  multiply(point, T6, T3);
  multiply(point + ELEMENT, T2, T5);
  multiply(point + 2 * ELEMENT, T5, T3);
  multiply(point + 3 * ELEMENT, T6, T2);
}
