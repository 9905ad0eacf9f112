/** Which aligned rows are held out from training: a keyed hash of the id, so both parties agree without a word. */
import { createHmac } from 'node:crypto';
import { utf8 } from '../base/bytes.ts';
import { SottoError } from '../base/errors.ts';

export interface Split {
  /** Positions in the given order, ascending. */
  readonly train: Uint32Array;
  readonly heldOut: Uint32Array;
}

/** 48 bits of the hash: the most that a double compares exactly with a share of them. */
const HASH_BITS = 48;

/**
 * A row is held out when the first 48 bits of HMAC-SHA256(seed, id), as a share of 2^48, lie below
 * `fraction` (0..1). Whoever knows the seed and an id knows its side: the seed must be joint and
 * public, and never depend on labels. An id keeps its side in every table and at both parties; the
 * held-out share of n rows is binomial, not exact.
 *
 * @param seed the agreement's, at least 16 bytes
 * @param ids normalised, in the common order
 */
export function splitRows(seed: Uint8Array, ids: readonly string[], fraction: number): Split {
  if (!(fraction >= 0 && fraction <= 1)) {
    throw new SottoError('invalid-argument', 'the held-out fraction lies outside 0..1', {
      fraction,
    });
  }
  if (seed.length < 16) {
    throw new SottoError('invalid-argument', 'the split seed is too short', {
      expected: 16,
      received: seed.length,
    });
  }
  const bound = Math.floor(fraction * 2 ** HASH_BITS);
  const train: number[] = [];
  const heldOut: number[] = [];
  for (const [position, id] of ids.entries()) {
    const hash = createHmac('sha256', seed).update(utf8(id)).digest();
    (hash.readUIntBE(0, HASH_BITS / 8) < bound ? heldOut : train).push(position);
  }
  return { train: Uint32Array.from(train), heldOut: Uint32Array.from(heldOut) };
}
