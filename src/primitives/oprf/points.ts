/** Points that may come from anybody, each with its own scalar, added or summed up: refused by their place. */
import { type Bytes, concat } from '../../base/bytes.ts';
import { SottoError } from '../../base/errors.ts';
import type { Products } from '../../kernels/ristretto.ts';
import { engine, POINT_BYTES } from '../group/index.ts';
import { toBytes } from './scalars.ts';

/** RFC 9496 appendix A.1. */
export const GENERATOR: Uint8Array = Buffer.from(
  'e2f2ae0a6abc4e71a884a961c500515f58e30b6aa582dd8db6a65945e08d2d76',
  'hex',
);

export const pointAt = (batch: Uint8Array, index: number): Uint8Array =>
  batch.subarray(POINT_BYTES * index, POINT_BYTES * (index + 1));

/** Each point times the scalar of its place: 32 n bytes. Of a larger batch, `first` points came before. */
export const multiplyEach = (scalars: readonly bigint[], points: Uint8Array, first = 0): Bytes =>
  withColumn(scalars, (column) =>
    accepted(engine().multiply(column, points), first + scalars.length, first),
  );

/** The generator times each scalar: 32 n bytes. */
export const multiplyGenerator = (scalars: readonly bigint[]): Bytes =>
  withColumn(scalars, (column) => engine().multiplyGenerator(column));

/** Each point times the inverse of the scalar of its place, 32 n bytes in (0, order): 32 n bytes. */
export function divideEach(points: Uint8Array, scalars: Uint8Array): Bytes {
  const inverses = engine().invert(scalars);
  try {
    return accepted(engine().multiply(inverses, points), points.length / POINT_BYTES);
  } finally {
    inverses.fill(0);
  }
}

/** The elements of uniform strings, each times the scalar of its place: 32 n bytes. */
export const deriveAndMultiplyEach = (scalars: readonly bigint[], uniform: Uint8Array): Bytes =>
  withColumn(scalars, (column) => engine().deriveAndMultiply(column, uniform));

/** The sum of each column's points times the scalars of their places, 32 bytes a column: all of it public. */
export const sumsOfMultiples = (
  scalars: readonly bigint[],
  ...columns: readonly [Uint8Array, Uint8Array?]
): Bytes =>
  withColumn(scalars, (column) =>
    accepted(engine().sumsOfMultiples(column, ...columns), scalars.length),
  );

/** a_i + b_i for each i, or a_i - b_i: 32 n bytes. */
export const combineEach = (a: Uint8Array, sign: '+' | '-', b: Uint8Array): Bytes =>
  accepted(engine().combine(a, sign, b), a.length / POINT_BYTES);

export const isIdentity = (point: Uint8Array): boolean => point.every((byte) => byte === 0);

/** Works with scalars as a column of 32 n bytes, which is wiped. */
function withColumn(scalars: readonly bigint[], work: (column: Uint8Array) => Bytes): Bytes {
  const column = concat(...scalars.map(toBytes));
  try {
    return work(column);
  } finally {
    column.fill(0);
  }
}

function accepted({ products, refused }: Products, of: number, first = 0): Bytes {
  if (refused === undefined) return products;
  throw new SottoError('protocol-violation', 'not the encoding of a usable group element', {
    position: first + refused,
    of,
  });
}
