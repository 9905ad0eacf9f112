/**
 * Multiples of several points by a scalar each, and sums of points.
 *
 * Sums are of points that both parties know, and by big integers, whose time depends on them.
 */
import { type Bytes, concat } from '../../base/bytes.ts';
import { SottoError } from '../../base/errors.ts';
import { UNIFORM_BYTES } from '../../kernels/ristretto.ts';
import { engine, POINT_BYTES } from '../group/index.ts';
import { toBytes } from './scalars.ts';

/** RFC 9496 section 4.1, and the generator of appendix A.1. */
const P = 2n ** 255n - 19n;
const D = 37095705934669439343138083508754565189542113879843219016388785533085940283555n;
const SQRT_M1 = 19681161376707505956807079304988542015446066515923890162744021073123829784752n;
const INVSQRT_A_MINUS_D =
  54469307008909316920995813868745141605393597292927456921205312896311721017578n;
export const GENERATOR: Uint8Array = Buffer.from(
  'e2f2ae0a6abc4e71a884a961c500515f58e30b6aa582dd8db6a65945e08d2d76',
  'hex',
);

/** X, Y, Z, T of extended coordinates, a = -1. */
type Point = readonly [x: bigint, y: bigint, z: bigint, t: bigint];

export const pointAt = (batch: Uint8Array, index: number): Uint8Array =>
  batch.subarray(POINT_BYTES * index, POINT_BYTES * (index + 1));

/** Each point, which may come from anybody, times the scalar of its place: 32 n bytes. */
export function multiplyEach(scalars: readonly bigint[], points: Uint8Array): Bytes {
  const products = scalars.map((scalar, position) => {
    const one = engine().multiply(toBytes(scalar), pointAt(points, position));
    if (one.refused !== undefined) throw refused(position, scalars.length);
    return one.products;
  });
  return concat(...products);
}

/** The elements of uniform strings, each times the scalar of its place: 32 n bytes. */
export function deriveAndMultiplyEach(scalars: readonly bigint[], uniform: Uint8Array): Bytes {
  const products = scalars.map((scalar, i) =>
    engine().deriveAndMultiply(
      toBytes(scalar),
      uniform.subarray(UNIFORM_BYTES * i, UNIFORM_BYTES * (i + 1)),
    ),
  );
  return concat(...products);
}

/** The sum of all points, each times the scalar of its place: 32 bytes. */
export function sumOfMultiples(scalars: readonly bigint[], points: Uint8Array): Bytes {
  const products = multiplyEach(scalars, points);
  return scalars.length === 1 ? products : sum(products);
}

/** The sum of n points: 32 bytes. */
export function sum(points: Uint8Array): Bytes {
  const count = points.length / POINT_BYTES;
  let total: Point = [0n, 1n, 1n, 0n];
  for (let i = 0; i < count; i += 1) {
    const point = decode(pointAt(points, i));
    if (point === undefined) throw refused(i, count);
    total = add(total, point);
  }
  return encode(total);
}

/** a_i + b_i for each i, or a_i - b_i: 32 n bytes. */
export function combineEach(a: Uint8Array, sign: '+' | '-', b: Uint8Array): Bytes {
  const count = a.length / POINT_BYTES;
  const sums = Array.from({ length: count }, (_, i) => {
    const [left, right] = [decode(pointAt(a, i)), decode(pointAt(b, i))];
    if (left === undefined || right === undefined) throw refused(i, count);
    const [x, y, z, t] = right;
    return encode(add(left, sign === '+' ? right : [P - x, y, z, P - t]));
  });
  return concat(...sums);
}

export const isIdentity = (point: Uint8Array): boolean => point.every((byte) => byte === 0);

const refused = (position: number, of: number): SottoError =>
  new SottoError('protocol-violation', 'not the encoding of a usable group element', {
    position,
    of,
  });

const mod = (a: bigint): bigint => {
  const rest = a % P;
  return rest < 0n ? rest + P : rest;
};
const isNegative = (a: bigint): boolean => (a & 1n) === 1n;
const absolute = (a: bigint): bigint => (isNegative(a) ? P - a : a);

/** add-2008-hwcd-3 of "Twisted Edwards curves revisited" (Hisil, Wong, Carter, Dawson, ASIACRYPT 2008). */
function add([x1, y1, z1, t1]: Point, [x2, y2, z2, t2]: Point): Point {
  const a = mod((y1 - x1) * (y2 - x2));
  const b = mod((y1 + x1) * (y2 + x2));
  const c = mod(mod(2n * D * t1) * t2);
  const d = mod(2n * z1 * z2);
  const [e, f, g, h] = [b - a, d - c, d + c, b + a];
  return [mod(e * f), mod(g * h), mod(f * g), mod(e * h)];
}

/** |1 / sqrt(v)| where v is a square: SQRT_RATIO_M1(1, v) of RFC 9496 section 4.2. */
function inverseRoot(v: bigint): { root: bigint; wasSquare: boolean } {
  const v3 = mod(mod(v * v) * v);
  const r = mod(v3 * rootPower(mod(mod(v3 * v3) * v)));
  const check = mod(v * mod(r * r));
  const flipped = check === P - 1n || check === P - SQRT_M1;
  return {
    root: absolute(flipped ? mod(r * SQRT_M1) : r),
    wasSquare: check === 1n || check === P - 1n,
  };
}

/** a^(2^252 - 3), which is a^((p - 5) / 8): runs of ones, each from two shorter ones. */
function rootPower(a: bigint): bigint {
  const ones: Record<number, bigint> = { 1: a };
  const join = (high: number, low: number): void => {
    ones[high + low] = mod(squareTimes(ones[high]!, low) * ones[low]!);
  };
  for (const [high, low] of RUNS) join(high, low);
  return mod(squareTimes(ones[250]!, 2) * a);
}

/** 2^(high + low) - 1 of 2^high - 1 and 2^low - 1. */
const RUNS = [
  [1, 1],
  [2, 2],
  [4, 1],
  [5, 5],
  [10, 10],
  [20, 20],
  [40, 10],
  [50, 50],
  [100, 100],
  [200, 50],
] as const;

function squareTimes(a: bigint, times: number): bigint {
  let square = a;
  for (let i = 0; i < times; i += 1) square = mod(square * square);
  return square;
}

/** RFC 9496 section 4.3.1; undefined for what encodes nothing. */
function decode(bytes: Uint8Array): Point | undefined {
  const s = BigInt(`0x${Buffer.from(bytes).reverse().toString('hex')}`);
  if (s >= P || isNegative(s)) return undefined;
  const ss = mod(s * s);
  const [u1, u2] = [mod(1n - ss), mod(1n + ss)];
  const u22 = mod(u2 * u2);
  const v = mod(-D * mod(u1 * u1) - u22);
  const { root, wasSquare } = inverseRoot(mod(v * u22));
  const denX = mod(root * u2);
  const x = absolute(mod(2n * s * denX));
  const y = mod(u1 * mod(mod(root * denX) * v));
  const t = mod(x * y);
  return wasSquare && !isNegative(t) && y !== 0n ? [x, y, 1n, t] : undefined;
}

/** RFC 9496 section 4.3.2. */
function encode([x0, y0, z0, t0]: Point): Bytes {
  const u1 = mod((z0 + y0) * (z0 - y0));
  const u2 = mod(x0 * y0);
  const { root } = inverseRoot(mod(u1 * mod(u2 * u2)));
  const [den1, den2] = [mod(root * u1), mod(root * u2)];
  const zInverse = mod(mod(den1 * den2) * t0);
  const rotate = isNegative(mod(t0 * zInverse));
  const x = rotate ? mod(y0 * SQRT_M1) : x0;
  const y = rotate ? mod(x0 * SQRT_M1) : y0;
  const denominator = rotate ? mod(den1 * INVSQRT_A_MINUS_D) : den2;
  const positive = isNegative(mod(x * zInverse)) ? mod(-y) : y;
  const s = absolute(mod(denominator * mod(z0 - positive)));
  return toBytes(s);
}
