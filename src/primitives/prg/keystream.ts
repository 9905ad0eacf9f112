/**
 * A pseudorandom generator: AES-128 in counter mode (NIST SP 800-38A section 6.5).
 *
 * A fresh cipher object costs as much as some 60 KiB of output, so a seed is expanded once, to all that is
 * needed of it.
 */
import { createCipheriv } from 'node:crypto';
import type { Bytes } from '../../base/bytes.ts';
import { SottoError } from '../../base/errors.ts';

export const SEED_BYTES = 16;
const BLOCK_BYTES = 16;

/** The blocks of AES of `counter`, `counter` + 1 and so on (mod 2^128, big-endian), cut at `length` bytes. */
export function keystream(seed: Uint8Array, counter: Uint8Array, length: number): Bytes {
  if (seed.length !== SEED_BYTES || counter.length !== BLOCK_BYTES) {
    throw new SottoError('invalid-argument', 'a seed or counter has another length', {
      expected: SEED_BYTES,
      seed: seed.length,
      counter: counter.length,
    });
  }
  const stream = createCipheriv('aes-128-ctr', seed, counter).update(new Uint8Array(length));
  return new Uint8Array(stream.buffer as ArrayBuffer, stream.byteOffset, length);
}

/** Stream number `stream`, below 2^53, of the seed: streams of one seed do not meet before 2^68 bytes. */
export function expand(seed: Uint8Array, stream: number, length: number): Bytes {
  const counter = new Uint8Array(BLOCK_BYTES);
  new DataView(counter.buffer).setBigUint64(0, BigInt(stream));
  return keystream(seed, counter, length);
}
