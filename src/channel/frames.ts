/**
 * The layout of a frame, and the running hash that makes each frame depend on all before it.
 *
 *   kind 1 B | sequence number 4 B, big-endian | tag 16 B | body
 *
 * The tag is the first half of SHA-256 over everything its sender has said up to and including this
 * frame, so a frame that was dropped, repeated, moved, changed or taken from another conversation
 * is caught before anybody reads its body. It has no key: against an attacker on the wire there is TLS.
 */
import { createHash, type Hash } from 'node:crypto';
import type { Bytes } from '../base/bytes.ts';
import { lengthPrefixed, utf8 } from '../base/bytes.ts';
import { type ErrorCode, isErrorCode, SottoError } from '../base/errors.ts';
import { MAX_FRAME_BYTES } from './transport.ts';

export const KIND = {
  open: 1, // format version, nonce, what both are bound to
  head: 2, // the first part of a message: type name, total length
  more: 3, // a further part of it
  finish: 4, // what I said and what I heard, as hashes
  verified: 5, // your hashes hold
  abort: 6, // why I end this
} as const;

export type Kind = (typeof KIND)[keyof typeof KIND];

const VERSION = 1;
const TAG_AT = 5;
const TAG_BYTES = 16;
export const HEADER_BYTES = TAG_AT + TAG_BYTES;
export const MAX_BODY_BYTES = MAX_FRAME_BYTES - HEADER_BYTES;
export const NONCE_BYTES = 16;
export const DIGEST_BYTES = 32;

/** Everything said in one direction, hashed in the order in which it was said. */
export class Transcript {
  readonly #hash: Hash;
  #frames = 0;

  constructor(nonce: Uint8Array, context: Uint8Array) {
    this.#hash = createHash('sha256').update(lengthPrefixed('sotto.channel.v1', nonce, context));
  }

  /** A frame of the given parts of a body, tagged. */
  seal(kind: Kind, ...parts: readonly Uint8Array[]): Bytes {
    const length = parts.reduce((total, part) => total + part.length, 0);
    const frame = new Uint8Array(HEADER_BYTES + length);
    frame[0] = kind;
    new DataView(frame.buffer).setUint32(1, this.#frames);
    let at = HEADER_BYTES;
    for (const part of parts) {
      frame.set(part, at);
      at += part.length;
    }
    frame.set(this.#absorb(frame), TAG_AT);
    return frame;
  }

  /** Checks the tag of a frame that was heard. */
  verify(frame: Uint8Array): void {
    const sequence = viewOf(frame).getUint32(1);
    if (sequence !== this.#frames) {
      throw new SottoError('verification-failed', 'a frame is missing, repeated or out of order', {
        expected: this.#frames,
        received: sequence,
      });
    }
    const tag = this.#absorb(frame);
    if (Buffer.compare(tag, frame.subarray(TAG_AT, HEADER_BYTES)) !== 0) {
      throw new SottoError('verification-failed', 'a frame is not what its sender said', {
        frame: sequence,
      });
    }
  }

  digest(): Bytes {
    return new Uint8Array(this.#hash.copy().digest());
  }

  #absorb(frame: Uint8Array): Buffer {
    // The length goes first, or two frames could share out the same bytes differently.
    const length = new Uint8Array(4);
    viewOf(length).setUint32(0, frame.length);
    this.#hash
      .update(length)
      .update(frame.subarray(0, TAG_AT))
      .update(frame.subarray(HEADER_BYTES));
    this.#frames += 1;
    return this.#hash.copy().digest().subarray(0, TAG_BYTES);
  }
}

/** The length and kind of a frame that was heard, before anything else of it is looked at. */
export function kindOf(frame: Uint8Array): Kind {
  if (frame.length < HEADER_BYTES || frame.length > MAX_FRAME_BYTES) {
    throw new SottoError('protocol-violation', 'a frame has an impossible length', {
      atLeast: HEADER_BYTES,
      atMost: MAX_FRAME_BYTES,
      received: frame.length,
    });
  }
  const kind = frame[0]!;
  if (kind < KIND.open || kind > KIND.abort) {
    throw new SottoError('protocol-violation', 'a frame is of no known kind', { received: kind });
  }
  return kind as Kind;
}

export const bodyOf = (frame: Uint8Array): Uint8Array => frame.subarray(HEADER_BYTES);

/** The body of the opening frame: a nonce against reflection, and what the conversation is bound to. */
export function openingBody(nonce: Uint8Array, context: Uint8Array): Bytes {
  const body = new Uint8Array(1 + NONCE_BYTES + DIGEST_BYTES);
  body[0] = VERSION;
  body.set(nonce, 1);
  body.set(binding(nonce, context), 1 + NONCE_BYTES);
  return body;
}

/** The peer's nonce, once its opening was found to be of our version, our context and not our own. */
export function checkOpening(body: Uint8Array, own: Uint8Array, context: Uint8Array): Uint8Array {
  if (body[0] !== VERSION) {
    throw new SottoError('parameters-rejected', 'the peer speaks another format version', {
      field: 'version',
      expected: VERSION,
      received: body[0] ?? -1,
    });
  }
  if (body.length !== 1 + NONCE_BYTES + DIGEST_BYTES) {
    throw new SottoError('protocol-violation', 'the opening frame has the wrong length', {
      expected: 1 + NONCE_BYTES + DIGEST_BYTES,
      received: body.length,
    });
  }
  const nonce = body.slice(1, 1 + NONCE_BYTES);
  if (Buffer.compare(nonce, own) === 0) {
    throw new SottoError('verification-failed', 'our own frames came back to us');
  }
  if (Buffer.compare(body.subarray(1 + NONCE_BYTES), binding(nonce, context)) !== 0) {
    throw new SottoError('verification-failed', 'the peer is bound to another agreement');
  }
  return nonce;
}

/** Salted by the nonce, so that the hash of a context that is easy to guess does not give it away. */
const binding = (nonce: Uint8Array, context: Uint8Array): Buffer =>
  createHash('sha256')
    .update(lengthPrefixed('sotto.channel.context.v1', nonce, context))
    .digest();

/** What comes before the payload in the first frame of a message. */
export function headOf(typeName: string, totalBytes: number): Bytes {
  const name = utf8(typeName);
  const head = new Uint8Array(5 + name.length);
  const view = viewOf(head);
  view.setUint32(0, totalBytes);
  view.setUint8(4, name.length);
  head.set(name, 5);
  return head;
}

export interface Head {
  readonly typeName: string;
  readonly totalBytes: number;
  /** The payload that is already here. */
  readonly first: Uint8Array;
}

export function parseHead(body: Uint8Array): Head {
  const nameBytes = body[4] ?? 0;
  if (body.length < 5 + nameBytes || nameBytes === 0) {
    throw new SottoError('protocol-violation', 'the first frame of a message is too short', {
      received: body.length,
    });
  }
  return {
    typeName: Buffer.from(body.subarray(5, 5 + nameBytes)).toString('latin1'),
    totalBytes: viewOf(body).getUint32(0),
    first: body.subarray(5 + nameBytes),
  };
}

/** A name of a field as it may cross: letters, digits and the punctuation of a path, nothing that could be data. */
const FIELD = /^[A-Za-z][A-Za-z0-9_.[\]-]{0,99}$/;

/** Why we end: the code, and for rejected parameters which field; never the message, which may be an oracle. */
export function abortBody(error: SottoError): Bytes {
  const field = error.code === 'parameters-rejected' ? error.facts.field : undefined;
  return utf8(
    typeof field === 'string' && FIELD.test(field) ? `${error.code} ${field}` : error.code,
  );
}

/** The peer's reason as an error of ours. What cannot be read is the peer's fault. */
export function parseAbort(body: Uint8Array): SottoError {
  const [code = '', field = ''] = Buffer.from(body.subarray(0, 200)).toString('latin1').split(' ');
  const known: ErrorCode = isErrorCode(code) ? code : 'protocol-violation';
  return new SottoError(known, 'the peer ended the conversation', {
    reportedBy: 'peer',
    ...(known === 'parameters-rejected' && FIELD.test(field) ? { field } : {}),
  });
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
