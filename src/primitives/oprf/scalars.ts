/**
 * Integers modulo the order of ristretto255: what a proof and an unblinding need besides multiples of points.
 *
 * Big integers take a time that depends on them. That is why only sums and products with a fresh random factor
 * are taken of secrets here, each at most once per factor; multiples of points by secrets are the group's.
 */
import type { Bytes } from '../../base/bytes.ts';
import { SottoError } from '../../base/errors.ts';
import { SCALAR_BYTES } from '../group/index.ts';

/** RFC 9496 section 4. */
const ORDER = 2n ** 252n + 27742317777372353535851937790883648493n;

/** Uniform bytes that make a scalar: a bias below 2^-128 (RFC 9497 section 4.7.2). */
export const COIN_BYTES = 48;

export const modulo = (value: bigint): bigint => ((value % ORDER) + ORDER) % ORDER;

export function fromBytes(bytes: Uint8Array): bigint {
  let value = 0n;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let at = bytes.length - 8; at >= 0; at -= 8) {
    value = (value << 64n) | view.getBigUint64(at, true);
  }
  return value;
}

/** 32 bytes, little-endian, of a value below the order. */
export function toBytes(value: bigint): Bytes {
  const bytes = new Uint8Array(SCALAR_BYTES);
  const view = new DataView(bytes.buffer);
  for (let at = 0, left = value; at < SCALAR_BYTES; at += 8, left >>= 64n) {
    view.setBigUint64(at, left & 0xffff_ffff_ffff_ffffn, true);
  }
  return bytes;
}

/** A scalar of a batch, which must be in [0, order): section 2.1's DeserializeScalar. */
export function scalarAt(batch: Uint8Array, index: number): bigint | undefined {
  const value = fromBytes(batch.subarray(SCALAR_BYTES * index, SCALAR_BYTES * (index + 1)));
  return value < ORDER ? value : undefined;
}

/** `COIN_BYTES` uniform bytes each -> nonzero scalars: RandomScalar. */
export function scalarsFromCoins(coins: Uint8Array, count: number): bigint[] {
  if (coins.length !== COIN_BYTES * count) {
    throw new SottoError('invalid-argument', 'another number of coins than scalars need', {
      expected: COIN_BYTES * count,
      received: coins.length,
    });
  }
  return Array.from({ length: count }, (_, i) => {
    const scalar = fromBytes(coins.subarray(COIN_BYTES * i, COIN_BYTES * (i + 1))) % ORDER;
    // One in 2^252 coins; coins of zeros, if somebody forgot to toss them.
    if (scalar === 0n) throw new SottoError('invalid-argument', 'coins give the scalar 0', { i });
    return scalar;
  });
}
