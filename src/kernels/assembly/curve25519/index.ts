/**
 * Everything that ristretto.wasm exports: batches of at most MOST points, n of them, in the arena. An odd n is
 * calculated as n + 1, with whatever the arena holds there.
 */
import { INPUT, OUTPUT, PAIR, POINT, VERDICTS } from './arena';
import { fromBytes, isCanonicalNonNegative, isZeroBytes, toBytes } from './bytes';
import { layConstants } from './element';
import { decode, encode, map } from './encoding';
import { encodeDoubles, halve } from './halved';
import { addPoints, multiplyPoint } from './point';

export { DIGITS, INPUT, MOST, OUTPUT, PAIR, SCALAR, VERDICTS, wipe } from './arena';
export { carry, isFused, multiply as multiplyElements, square as squareElements } from './field';
export { recodeHalf } from './scalar';

const P: usize = PAIR;
const Q: usize = PAIR + POINT;
const ELEMENTS: usize = PAIR + 2 * POINT;

layConstants();

/** P = points number i and i + 1 of the input; their verdicts: 0 an element, 1 the identity, 2 neither. */
function decodePair(i: usize): void {
  const input = INPUT + 32 * i;
  let valid = <i32>isCanonicalNonNegative(input) | (<i32>isCanonicalNonNegative(input + 32) << 1);
  fromBytes(ELEMENTS, input, 0);
  fromBytes(ELEMENTS, input + 32, 1);
  valid &= decode(P, ELEMENTS);
  store<u8>(VERDICTS + i, valid & 1 ? <u8>isZeroBytes(input) : 2);
  store<u8>(VERDICTS + i + 1, valid & 2 ? <u8>isZeroBytes(input + 32) : 2);
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

/** Encodings -> verdicts, and encodings of the multiples by the recoded scalar. */
export function multiplyDecoded(n: usize): void {
  for (let i: usize = 0; i < n; i += 2) {
    decodePair(i);
    multiplyPoint(P, P);
    halve(i >> 1, P);
  }
  encodeDoubles((n + 1) >> 1);
}

/** Strings of 64 bytes -> encodings of their elements' multiples by the recoded scalar. */
export function multiplyDerived(n: usize): void {
  for (let i: usize = 0; i < n; i += 2) {
    derivePair(i);
    multiplyPoint(P, P);
    halve(i >> 1, P);
  }
  encodeDoubles((n + 1) >> 1);
}
