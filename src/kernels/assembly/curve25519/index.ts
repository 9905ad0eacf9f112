/**
 * Everything that ristretto.wasm exports: batches of at most MOST points, n of them, in the arena. An odd n is
 * calculated as n + 1, with whatever the arena holds there.
 */
import { DIGITS, DIGITS_BYTES, INPUT, OUTPUT, PAIR, POINT, SCALARS, TOTAL, VERDICTS } from './arena';
import { fromBytes, isCanonicalNonNegative, isZeroBytes, toBytes } from './bytes';
import { layConstants } from './element';
import { decode, encode, map } from './encoding';
import { GENERATOR, addGenerators, isPrepared, prepareGenerator } from './generator';
import { encodeDoubles, halve } from './halved';
import { addPoints, multiplyPoint, negate } from './point';
import { recodeHalf } from './scalar';
import { addMultiples, clear, foldLanes, noteMultiples } from './sums';

export { INPUT, MOST, OUTPUT, PAIR, SCALARS, VERDICTS, wipe } from './arena';
export { invertScalars } from './inverse';
export { carry, isFused, multiply as multiplyElements, square as squareElements } from './field';

const P: usize = PAIR;
const Q: usize = PAIR + POINT;
const ELEMENTS: usize = PAIR + 2 * POINT;

layConstants();

/** 0 an element, 1 the identity, 2 neither. */
function verdict(valid: i32, input: usize): u8 {
  return valid ? <u8>isZeroBytes(input) : 2;
}

/** point = what the bytes at a and b encode, and their verdicts at `verdicts` and so far behind it. */
function decodeTwo(point: usize, a: usize, b: usize, verdicts: usize, apart: usize): void {
  let valid = <i32>isCanonicalNonNegative(a) | (<i32>isCanonicalNonNegative(b) << 1);
  fromBytes(ELEMENTS, a, 0);
  fromBytes(ELEMENTS, b, 1);
  valid &= decode(point, ELEMENTS);
  store<u8>(verdicts, verdict(valid & 1, a));
  store<u8>(verdicts + apart, verdict(valid & 2, b));
}

/** P = points number i and i + 1 of the input. */
function decodePair(i: usize): void {
  const input = INPUT + 32 * i;
  decodeTwo(P, input, input + 32, VERDICTS + i, 1);
}

/** P = the elements of two strings of 64 bytes (RFC 9496 section 4.3.4): the sum of the maps of their halves. */
function derivePair(i: usize): void {
  const input = INPUT + 64 * i;
  fromBytes(ELEMENTS, input, 0);
  fromBytes(ELEMENTS, input + 64, 1);
  map(P, ELEMENTS);
  fromBytes(ELEMENTS, input + 32, 0);
  fromBytes(ELEMENTS, input + 96, 1);
  map(Q, ELEMENTS);
  addPoints(P, P, Q);
}

function encodePair(i: usize): void {
  encode(ELEMENTS, P);
  toBytes(OUTPUT + 32 * i, ELEMENTS, 0);
  toBytes(OUTPUT + 32 * i + 32, ELEMENTS, 1);
}

function recodePair(i: usize): void {
  recodeHalf(SCALARS + 32 * i, DIGITS);
  recodeHalf(SCALARS + 32 * i + 32, DIGITS + DIGITS_BYTES);
}

/** Notes P times the scalars number i and i + 1, or times the one that is recoded already. */
function multiplyPair(i: usize, isOneForAll: bool): void {
  if (!isOneForAll) recodePair(i);
  multiplyPoint(P, P);
  halve(i >> 1, P);
}

/** The first scalar is the one for all that follows. */
export function recodeForAll(): void {
  recodeHalf(SCALARS, DIGITS);
  memory.copy(DIGITS + DIGITS_BYTES, DIGITS, DIGITS_BYTES);
}

/** Encodings -> verdicts. */
export function decodeAll(n: usize): void {
  for (let i: usize = 0; i < n; i += 2) decodePair(i);
}

/** Encodings -> verdicts, and the encodings of what was decoded: to test one by the other. */
export function decodeAndEncode(n: usize): void {
  for (let i: usize = 0; i < n; i += 2) {
    decodePair(i);
    encodePair(i);
  }
}

/** Strings of 64 bytes -> encodings of their elements. */
export function derive(n: usize): void {
  for (let i: usize = 0; i < n; i += 2) {
    derivePair(i);
    encodePair(i);
  }
}

/** Encodings -> verdicts, and encodings of the multiples. */
export function multiplyDecoded(n: usize, isOneForAll: bool): void {
  for (let i: usize = 0; i < n; i += 2) {
    decodePair(i);
    multiplyPair(i, isOneForAll);
  }
  encodeDoubles((n + 1) >> 1);
}

/** Strings of 64 bytes -> encodings of their elements' multiples. */
export function multiplyDerived(n: usize, isOneForAll: bool): void {
  for (let i: usize = 0; i < n; i += 2) {
    derivePair(i);
    multiplyPair(i, isOneForAll);
  }
  encodeDoubles((n + 1) >> 1);
}

/** Scalars -> encodings of the generator's multiples by them. */
export function multiplyGenerator(n: usize): void {
  if (!isPrepared) {
    decodeTwo(P, GENERATOR, GENERATOR, VERDICTS, 1);
    prepareGenerator(P);
  }
  for (let i: usize = 0; i < n; i += 2) {
    recodePair(i);
    clear(P);
    addGenerators(P);
    halve(i >> 1, P);
  }
  encodeDoubles((n + 1) >> 1);
}

/** Two encodings each, back to back -> a verdict for each of them, and encodings of their sums or differences. */
export function combine(n: usize, isDifference: bool): void {
  for (let i: usize = 0; i < n; i += 2) {
    const input = INPUT + 64 * i;
    decodeTwo(P, input, input + 64, VERDICTS + 2 * i, 2);
    decodeTwo(Q, input + 32, input + 96, VERDICTS + 2 * i + 1, 2);
    if (isDifference) negate(Q, Q);
    addPoints(P, P, Q);
    encodePair(i);
  }
}

export function clearTotal(): void {
  clear(TOTAL);
}

/** Encodings, an even number of them -> verdicts, and their multiples into the totals of even and odd places. */
export function sumDecoded(n: usize): void {
  for (let i: usize = 0; i < n; i += 2) {
    decodePair(i);
    noteMultiples(i >> 1, P, SCALARS + 32 * i);
  }
  addMultiples(Q, n >> 1);
}

/** The encodings of both totals, or of their sum twice. */
export function encodeTotal(isOne: bool): void {
  if (isOne) foldLanes(TOTAL, Q);
  halve(0, TOTAL);
  encodeDoubles(1);
}
