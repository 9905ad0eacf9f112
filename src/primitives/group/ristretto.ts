/**
 * ristretto255 (RFC 9496), a batch at a time.
 *
 * Points and scalars are 32-byte encodings laid back to back: a batch of n points is 32 n bytes.
 */
import { hash } from 'node:crypto';
import { inspect } from 'node:util';
import { type Bytes, lengthPrefixed } from '../../base/bytes.ts';
import { SottoError } from '../../base/errors.ts';
import type { Random } from '../../base/random.ts';
import { isScalar } from '../../kernels/ristretto.ts';
import { engine } from './engine.ts';
import { POINT_BYTES, SCALAR_BYTES, UNIFORM_BYTES } from './sodium.ts';

/** A secret scalar in memory that threads share: no copies to wipe but this one. Wiped by `using`. */
export class Scalar implements Disposable {
  readonly bytes: Uint8Array<SharedArrayBuffer>;

  constructor(bytes: Uint8Array) {
    this.bytes = new Uint8Array(new SharedArrayBuffer(SCALAR_BYTES));
    this.bytes.set(bytes);
  }

  [Symbol.dispose](): void {
    this.bytes.fill(0);
  }

  toString(): string {
    return `Scalar(${SCALAR_BYTES} bytes)`;
  }

  toJSON(): string {
    return this.toString();
  }

  [inspect.custom](): string {
    return this.toString();
  }
}

/** A uniform nonzero scalar: 253 random bits, drawn again until they are in range (every second time). */
export function randomScalar(random: Random): Scalar {
  for (;;) {
    const candidate = random.bytes(SCALAR_BYTES);
    candidate[SCALAR_BYTES - 1]! &= 0x1f;
    const scalar = isScalar(candidate) ? new Scalar(candidate) : undefined;
    candidate.fill(0);
    if (scalar !== undefined) return scalar;
  }
}

/** RFC 9496 section 4.3.4: 64 uniform bytes an element. Returns 32 n bytes. */
export function pointsFromUniform(uniform: Uint8Array): Bytes {
  wholeCount(uniform, UNIFORM_BYTES);
  return engine().derive(uniform);
}

export interface HashInput {
  /** Which protocol and role of an id this hash is for: hashes of different domains never meet. */
  readonly domain: string;
  /** Public and fresh for each run, so that no two runs can be compared. */
  readonly session: Uint8Array;
  readonly ids: readonly string[];
}

/** SHA-512 of the length-prefixed domain, session and id, mapped to an element. Returns 32 n bytes. */
export function hashToGroup(input: HashInput): Bytes {
  const uniform = hashToUniform(input);
  const points = engine().derive(uniform);
  uniform.fill(0);
  return points;
}

function hashToUniform({ domain, session, ids }: HashInput): Bytes {
  const uniform = new Uint8Array(UNIFORM_BYTES * ids.length);
  ids.forEach((id, i) => {
    uniform.set(hash('sha512', lengthPrefixed(domain, session, id), 'buffer'), i * UNIFORM_BYTES);
  });
  return uniform;
}

export interface MultiplyInput {
  /** In (0, order), or else invalid-argument. */
  readonly scalar: Uint8Array;
  /** 32 n bytes that may come from anybody. */
  readonly points: Uint8Array;
}

/**
 * Each point times the scalar: 32 n bytes. A point that is not canonically encoded (RFC 9496
 * section 4.3.1), or is the identity, is a protocol-violation.
 */
export function multiply({ scalar, points }: MultiplyInput): Bytes {
  const count = wholeCount(points, POINT_BYTES);
  const { products, refused } = engine().multiply(usable(scalar), points);
  if (refused !== undefined) {
    throw new SottoError('protocol-violation', 'not the encoding of a usable group element', {
      position: refused,
      of: count,
    });
  }
  return products;
}

/** Hashes ids to the group and blinds them by the scalar: 32 n bytes. */
export function hashAndMultiply(input: HashInput & { readonly scalar: Uint8Array }): Bytes {
  const uniform = hashToUniform(input);
  const products = engine().deriveAndMultiply(usable(input.scalar), uniform);
  uniform.fill(0);
  return products;
}

export interface FingerprintInput extends MultiplyInput {
  readonly domain: string;
  /** How long a fingerprint is: 1 to 64. */
  readonly width: number;
}

/** As `multiply`, and each product hashed to `width` bytes: width n bytes. */
export function multiplyToFingerprints({ domain, width, ...input }: FingerprintInput): Bytes {
  const products = multiply(input);
  const count = products.length / POINT_BYTES;
  const fingerprints = new Uint8Array(width * count);
  for (let i = 0; i < count; i += 1) {
    const product = products.subarray(i * POINT_BYTES, (i + 1) * POINT_BYTES);
    const digest = hash('sha512', lengthPrefixed(domain, product), 'buffer');
    fingerprints.set(digest.subarray(0, width), i * width);
  }
  products.fill(0);
  return fingerprints;
}

function usable(scalar: Uint8Array): Uint8Array {
  if (isScalar(scalar)) return scalar;
  throw new SottoError('invalid-argument', 'a scalar is not between 0 and the order', {
    bytes: scalar.length,
    expected: SCALAR_BYTES,
  });
}

function wholeCount(bytes: Uint8Array, each: number): number {
  if (bytes.length % each !== 0) {
    throw new SottoError('protocol-violation', 'a batch is not a whole number of elements', {
      each,
      received: bytes.length,
    });
  }
  return bytes.length / each;
}
