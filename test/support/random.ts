/** Coins that can be tossed again. */
import { createCipheriv, createHash } from 'node:crypto';
import type { Random } from '../../src/base/random.ts';

/** AES-256-CTR of zeros under a key derived from a seed. */
export function seededRandom(seed: string | number): Random {
  const key = createHash('sha256').update(`coins ${seed}`).digest();
  const stream = createCipheriv('aes-256-ctr', key, new Uint8Array(16));
  return { bytes: (length) => new Uint8Array(stream.update(new Uint8Array(length))) };
}

/**
 * The same coins in every draw. What computes with them comes to the same however often, in whatever order and after
 * whatever cut it is done; it hides nothing.
 */
export const fixedRandom = (seed: string | number): Random => ({
  bytes: (length) => seededRandom(seed).bytes(length),
});
