/**
 * Sums of multiples of many points, a sum in each lane, which share their doublings: Straus, "Addition chains of
 * vectors" (problem 5125), American Mathematical Monthly 71, 1964. Points and scalars are public: what they are
 * is told by the addresses that are read.
 */
import { CHOSEN, DIGITS_BYTES, ELEMENT, POINT, SUM_DIGITS, SUM_TABLES, TABLE, TOTAL } from './arena';
import { ONE, ZERO } from './element';
import { WINDOWS, addPoints, addPrepared, choosePublic, double, prepareMultiples } from './point';
import { recodeHalf } from './scalar';

/** p = the identity. */
export function clear(p: usize): void {
  memory.copy(p, ZERO, ELEMENT);
  memory.copy(p + ELEMENT, ONE, ELEMENT);
  memory.copy(p + 2 * ELEMENT, ONE, ELEMENT);
  memory.copy(p + 3 * ELEMENT, ZERO, ELEMENT);
}

/** Notes a pair of points and the scalars that belong to them; pairs come in order from 0. */
export function noteMultiples(pair: usize, point: usize, scalars: usize): void {
  const digits = SUM_DIGITS + 2 * pair * DIGITS_BYTES;
  recodeHalf(scalars, digits);
  recodeHalf(scalars + 32, digits + DIGITS_BYTES);
  prepareMultiples(SUM_TABLES + pair * TABLE, point);
}

/** TOTAL += half of the sum of all pairs noted. `sum` is scratch. */
export function addMultiples(sum: usize, pairs: usize): void {
  clear(sum);
  for (let place = WINDOWS; place > 0; place--) {
    for (let b = 0; b < 5; b++) double(sum, sum, b == 4);
    for (let pair: usize = 0; pair < pairs; pair++) {
      choosePublic(SUM_TABLES + pair * TABLE, SUM_DIGITS + 2 * pair * DIGITS_BYTES, place - 1);
      addPrepared(sum, sum, CHOSEN, true);
    }
  }
  addPoints(TOTAL, TOTAL, sum);
}

/** p = the sum of its lanes, in both. `swapped` is scratch. */
export function foldLanes(p: usize, swapped: usize): void {
  for (let at: usize = 0; at < POINT; at += 16) {
    const both = v128.load(p + at);
    v128.store(swapped + at, i64x2.shuffle(both, both, 1, 0));
  }
  addPoints(p, p, swapped);
}
