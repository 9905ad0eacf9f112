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
import { POINT_BYTES, SCALAR_BYTES, Scratch, sodium, UNIFORM_BYTES } from './sodium.ts';

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

/** The group's order 2^252 + 27742317777372353535851937790883648493 (RFC 9496 section 4.4), little-endian. */
const ORDER = Uint8Array.from(
  Buffer.from('edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010', 'hex'),
);

/** A uniform nonzero scalar: 253 random bits, drawn again until they are in range (every second time). */
export function randomScalar(random: Random): Scalar {
  for (;;) {
    const candidate = random.bytes(SCALAR_BYTES);
    candidate[SCALAR_BYTES - 1]! &= 0x1f;
    const scalar = inRange(candidate) ? new Scalar(candidate) : undefined;
    candidate.fill(0);
    if (scalar !== undefined) return scalar;
  }
}

/** 0 < candidate < order. */
function inRange(candidate: Uint8Array): boolean {
  let at = SCALAR_BYTES - 1;
  while (at >= 0 && candidate[at] === ORDER[at]) at -= 1;
  return at >= 0 && candidate[at]! < ORDER[at]! && candidate.some((byte) => byte !== 0);
}

/** RFC 9496 section 4.3.4: 64 uniform bytes an element. Returns 32 n bytes. */
export function pointsFromUniform(uniform: Uint8Array): Bytes {
  const count = wholeCount(uniform, UNIFORM_BYTES);
  using input = new Scratch(UNIFORM_BYTES * count + 1); // never an empty allocation
  using output = new Scratch(POINT_BYTES * count + 1);
  input.write(uniform);
  for (let i = 0; i < count; i += 1) {
    sodium()._crypto_core_ristretto255_from_hash(
      output.at + i * POINT_BYTES,
      input.at + i * UNIFORM_BYTES,
    );
  }
  return output.read(POINT_BYTES * count);
}

export interface HashInput {
  /** Which protocol and role of an id this hash is for: hashes of different domains never meet. */
  readonly domain: string;
  /** Public and fresh for each run, so that no two runs can be compared. */
  readonly session: Uint8Array;
  readonly ids: readonly string[];
}

/** SHA-512 of the length-prefixed domain, session and id, mapped to an element. Returns 32 n bytes. */
export function hashToGroup({ domain, session, ids }: HashInput): Bytes {
  const uniform = new Uint8Array(UNIFORM_BYTES * ids.length);
  ids.forEach((id, i) => {
    uniform.set(hash('sha512', lengthPrefixed(domain, session, id), 'buffer'), i * UNIFORM_BYTES);
  });
  const points = pointsFromUniform(uniform);
  uniform.fill(0);
  return points;
}

export interface MultiplyInput {
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
  using factor = new Scratch(SCALAR_BYTES);
  using input = new Scratch(POINT_BYTES * count + 1);
  using output = new Scratch(POINT_BYTES * count + 1);
  factor.write(scalar);
  input.write(points);
  for (let i = 0; i < count; i += 1) {
    const at = i * POINT_BYTES;
    // -1 for what does not decode and for a result that is the identity; the group's order is
    // prime and the scalar is not zero, so the latter means that the point was the identity.
    if (sodium()._crypto_scalarmult_ristretto255(output.at + at, factor.at, input.at + at) !== 0) {
      throw new SottoError('protocol-violation', 'not the encoding of a usable group element', {
        position: i,
        of: count,
      });
    }
  }
  return output.read(POINT_BYTES * count);
}

/** Hashes ids to the group and blinds them by the scalar: 32 n bytes. */
export function hashAndMultiply(input: HashInput & { readonly scalar: Uint8Array }): Bytes {
  return multiply({ scalar: input.scalar, points: hashToGroup(input) });
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

function wholeCount(bytes: Uint8Array, each: number): number {
  if (bytes.length % each !== 0) {
    throw new SottoError('protocol-violation', 'a batch is not a whole number of elements', {
      each,
      received: bytes.length,
    });
  }
  return bytes.length / each;
}
