/** The other implementations of ristretto255 that ours is held against, and what they take. */

import { readFileSync } from 'node:fs';
import { ristretto255 } from '@noble/curves/ed25519.js';
import sodium from 'libsodium-wrappers-sumo';
import { concat, toHex } from '../../src/base/bytes.ts';
import { seededRandom } from './random.ts';

export const P = 2n ** 255n - 19n;
export const ORDER = 2n ** 252n + 27742317777372353535851937790883648493n;

interface Vectors {
  readonly multiplesOfGenerator: readonly string[];
  readonly invalidEncodings: readonly string[];
  readonly fromUniformBytes: readonly { readonly input: string; readonly output: string }[];
}

/** RFC 9496 appendices A.1 to A.3. */
export const vectors = JSON.parse(
  readFileSync(new URL('../vectors/rfc9496.json', import.meta.url), 'utf8'),
) as Vectors;

export const fromHex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'hex'));
export const littleEndian = (bytes: Uint8Array): bigint => BigInt(`0x${toHex(bytes.toReversed())}`);
export const bytesOf = (value: bigint): Uint8Array =>
  fromHex(value.toString(16).padStart(64, '0')).toReversed();

/** The 32-byte items of a batch. */
export const items = (batch: Uint8Array): Uint8Array[] =>
  Array.from({ length: batch.length / 32 }, (_, i) => batch.subarray(32 * i, 32 * i + 32));

/** n uniform strings. */
export const uniformStrings = (seed: string | number, n: number): Uint8Array =>
  seededRandom(seed).bytes(64 * n);

/** libsodium's answers: elements, and the multiples of points (undefined where it refuses one). */
export async function libsodium() {
  await sodium.ready;
  return {
    derive: (uniform: Uint8Array): Uint8Array =>
      concat(
        ...Array.from({ length: uniform.length / 64 }, (_, i) =>
          sodium.crypto_core_ristretto255_from_hash(uniform.subarray(64 * i, 64 * i + 64)),
        ),
      ),
    multiply: (scalar: Uint8Array, points: Uint8Array): Uint8Array =>
      concat(...items(points).map((each) => sodium.crypto_scalarmult_ristretto255(scalar, each))),
    isElement: (point: Uint8Array): boolean =>
      sodium.crypto_core_ristretto255_is_valid_point(point),
  };
}

/** Whether noble decodes it (it takes the identity, which libsodium refuses). */
export function isEncoding(bytes: Uint8Array): boolean {
  try {
    ristretto255.Point.fromBytes(bytes);
    return true;
  } catch {
    return false;
  }
}
