/** The suite ristretto255-SHA512 of RFC 9497: contexts, hashing to the group and to scalars, keys. */
import { hash } from 'node:crypto';
import { type Bytes, concat, utf8 } from '../../base/bytes.ts';
import { SottoError } from '../../base/errors.ts';
import { UNIFORM_BYTES } from '../../kernels/ristretto.ts';
import { fromBytes, modulo } from './scalars.ts';

/** Base mode (no proof), verifiable, and partially oblivious (verifiable, with a public input): section 3. */
export type Mode = 'OPRF' | 'VOPRF' | 'POPRF';

/** Section 3.1: an input, or public information, has fewer than 2^16 bytes. */
export const INPUT_BYTES_MAX = 65535;
/** An item's number within its batch has two bytes (section 2.2.1). */
export const BATCH_MAX = 65535;
/** What an evaluation gives. */
export const OUTPUT_BYTES = 64;

const MODES: Readonly<Record<Mode, number>> = { OPRF: 0, VOPRF: 1, POPRF: 2 };
const BLOCK_BYTES = 128;

/** CreateContextString of section 3.1. */
export const contextOf = (mode: Mode): Bytes =>
  concat(utf8('OPRFV1-'), Uint8Array.of(MODES[mode]), utf8('-ristretto255-SHA512'));

export const sha512 = (...parts: readonly Uint8Array[]): Bytes =>
  new Uint8Array(hash('sha512', concat(...parts), 'buffer'));

/** I2OSP(n, 2). */
export const twoBytes = (n: number): Bytes => Uint8Array.of(n >> 8, n & 255);

/** A field and its length before it. */
export const prefixed = (field: Uint8Array): Bytes => concat(twoBytes(field.length), field);

/** expand_message_xmd with SHA-512 of RFC 9380 section 5.3.1, for 64 bytes: a single block. */
export function expandMessage(message: Uint8Array, tag: Uint8Array): Bytes {
  const tagPrime = concat(tag, Uint8Array.of(tag.length));
  const length = twoBytes(UNIFORM_BYTES);
  const b0 = sha512(new Uint8Array(BLOCK_BYTES), message, length, Uint8Array.of(0), tagPrime);
  return sha512(b0, Uint8Array.of(1), tagPrime);
}

/** What HashToGroup derives the elements of a batch of inputs from (section 4.1): 64 bytes each. */
export function hashToUniform(inputs: readonly Uint8Array[], context: Uint8Array): Bytes {
  const tag = concat(utf8('HashToGroup-'), context);
  const uniform = new Uint8Array(UNIFORM_BYTES * inputs.length);
  inputs.forEach((input, position) => {
    checkLength(input, position);
    uniform.set(expandMessage(input, tag), UNIFORM_BYTES * position);
  });
  return uniform;
}

/** HashToScalar of section 4.1; `tag` names another purpose than the usual. */
export function hashToScalar(message: Uint8Array, context: Uint8Array, tag = 'HashToScalar-') {
  return modulo(fromBytes(expandMessage(message, concat(utf8(tag), context))));
}

/** The hash that ends Finalize and Evaluate: of the fields and the unblinded element. */
export const outputOf = (...fields: readonly Uint8Array[]): Bytes =>
  sha512(...fields.map(prefixed), utf8('Finalize'));

export function checkLength(input: Uint8Array, position: number): void {
  if (input.length <= INPUT_BYTES_MAX) return;
  throw new SottoError('invalid-argument', 'an input is too long', {
    position,
    limit: INPUT_BYTES_MAX,
    received: input.length,
  });
}
