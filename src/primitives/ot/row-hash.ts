/**
 * The hash that breaks the correlation between the rows of a transfer: TMMO of Guo, Katz, Wang and Yu ("Efficient
 * and Secure Multiparty Computation from Fixed-Key Block Ciphers", IEEE S&P 2020),
 * H(x, i) = P(P(x) ^ i) ^ P(x), tweakable and correlation robust where P is an ideal permutation.
 *
 * P is AES-128 under a key that both parties know and that belongs to the session, so that work on one session
 * does not help against another.
 */
import { createCipheriv } from 'node:crypto';
import type { Bytes } from '../../base/bytes.ts';
import { sha256 } from '../hashing/index.ts';
import { ROW_BYTES, xorInto } from './bits.ts';

export const permutationKey = (session: Uint8Array): Bytes =>
  sha256('sotto.ot.v1.permutation', session).slice(0, 16);

/** H of each row; the tweak of row r is (batch, r): a pair that no other row of the session has; both are below 2^32. */
export function hashRows(key: Uint8Array, batch: number, rows: Uint8Array): Bytes {
  const cipher = createCipheriv('aes-128-ecb', key, null).setAutoPadding(false);
  const inner = cipher.update(rows);
  const tweaked = new Uint32Array(new Uint8Array(inner).buffer);
  for (let at = 0, row = 0; at < tweaked.length; at += ROW_BYTES / 4, row += 1) {
    tweaked[at]! ^= batch;
    tweaked[at + 3]! ^= row;
  }
  const outer = new Uint8Array(cipher.update(new Uint8Array(tweaked.buffer)));
  xorInto(outer, inner);
  return outer;
}
