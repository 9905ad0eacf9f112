/**
 * A group in which discrete logarithms are easy, for tests of what surrounds the group: integers
 * modulo 2^255 - 19 under multiplication by the scalar. As fast as a hash.
 */
import { createHash } from 'node:crypto';
import { lengthPrefixed, toHex } from '../../src/base/bytes.ts';
import type { Tasks } from '../../src/compute/tasks.ts';

const PRIME = 2n ** 255n - 19n;

const decode = (bytes: Uint8Array): bigint => BigInt(`0x${toHex(bytes)}`);
const encode = (value: bigint): Uint8Array =>
  Uint8Array.from(Buffer.from(value.toString(16).padStart(64, '0'), 'hex'));
const digest = (...fields: (string | Uint8Array)[]): Uint8Array =>
  new Uint8Array(
    createHash('sha256')
      .update(lengthPrefixed(...fields))
      .digest(),
  );

function columns(bytes: Uint8Array): Uint8Array[] {
  return Array.from({ length: bytes.length / 32 }, (_, i) => bytes.subarray(32 * i, 32 * (i + 1)));
}

function multiplied(scalar: Uint8Array, points: readonly Uint8Array[]): Uint8Array[] {
  const factor = decode(scalar);
  return points.map((point) => encode((decode(point) * factor) % PRIME));
}

const joined = (parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(Buffer.concat(parts));

/** For `inlineCompute`: the group's tasks, without its security. */
export const toyGroup: Pick<Tasks, 'hashAndMultiply' | 'multiplyToFingerprints'> = {
  hashAndMultiply: ({ domain, session, ids, scalar }) =>
    joined(
      multiplied(
        scalar,
        ids.map((id) => digest(domain, session, id)),
      ),
    ),
  multiplyToFingerprints: ({ domain, scalar, points, width }) =>
    joined(multiplied(scalar, columns(points)).map((p) => digest(domain, p).subarray(0, width))),
};
