/** Coins that can be tossed again: AES-256-CTR of zeros under a key derived from a seed. */
import { createCipheriv, createHash } from 'node:crypto';
import type { Random } from '../../src/base/random.ts';

export function seededRandom(seed: string | number): Random {
  const key = createHash('sha256').update(`coins ${seed}`).digest();
  const stream = createCipheriv('aes-256-ctr', key, new Uint8Array(16));
  return { bytes: (length) => new Uint8Array(stream.update(new Uint8Array(length))) };
}
