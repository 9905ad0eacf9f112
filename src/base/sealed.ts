/**
 * Records sealed at rest: AES-256-GCM (NIST SP 800-38D) under keys derived from one data key, each bound to the place
 * where it belongs. Who finds the disk reads nothing; who changes, swaps or moves a record is noticed when it is opened.
 *
 *   record = version (1) | nonce (12) | ciphertext | tag (16)
 */
import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes } from 'node:crypto';
import { type Bytes, concat, lengthPrefixed } from './bytes.ts';
import { SottoError } from './errors.ts';
import { Secret } from './secret.ts';

/** What a record is for. A record of one purpose does not open as one of another. */
export type Purpose =
  | 'data-key'
  | 'party-keys'
  | 'ledger-key'
  | 'tag-epoch'
  | 'tag-checkpoint'
  | 'tag-receipt'
  | 'model'
  | 'artifact'
  | 'answer'
  | 'journal'
  | 'audit';

/** Where a record belongs: it opens in no other place. Absent fields differ from zero and from empty ones. */
export interface Place {
  readonly purpose: Purpose;
  /** The job, or whatever else the purpose is divided by: a model, a table. */
  readonly job?: string;
  readonly epoch?: number;
  readonly step?: number;
}

export const KEY_BYTES = 32;
const VERSION = 1;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const DOMAIN = 'sotto sealed 1';
/** Bytes that a sealed record is longer than its content. */
export const SEAL_BYTES = 1 + NONCE_BYTES + TAG_BYTES;

/**
 * Seals and opens records under one data key. Each purpose and job has a key of its own, so that the 2^32 records
 * which random nonces of 96 bits allow (SP 800-38D §8.3) count for each of them apart.
 */
export class Vault implements Disposable {
  readonly #key: Secret;

  /** Takes the key over: 32 bytes. */
  constructor(key: Secret) {
    if (key.bytes.length !== KEY_BYTES) {
      throw new SottoError('invalid-argument', 'a wrapping key must have 32 bytes', {
        expected: KEY_BYTES,
        found: key.bytes.length,
      });
    }
    this.#key = key;
  }

  /** Under fresh coins of the operating system each time: never those of a run, which a test may repeat. */
  seal(record: Uint8Array, place: Place): Bytes {
    const nonce = Uint8Array.from(randomBytes(NONCE_BYTES));
    using key = this.#keyOf(place);
    const cipher = createCipheriv('aes-256-gcm', key.bytes, nonce).setAAD(additional(place));
    const content = cipher.update(record);
    cipher.final();
    return concat(Uint8Array.of(VERSION), nonce, content, cipher.getAuthTag());
  }

  /** @throws verification-failed for a record that was changed, or that was sealed elsewhere or under another key. */
  open(sealed: Uint8Array, place: Place): Bytes {
    if (sealed.length < SEAL_BYTES || sealed[0] !== VERSION) throw unopened(place);
    const tagAt = sealed.length - TAG_BYTES;
    using key = this.#keyOf(place);
    const cipher = createDecipheriv('aes-256-gcm', key.bytes, sealed.subarray(1, 1 + NONCE_BYTES), {
      authTagLength: TAG_BYTES,
    })
      .setAAD(additional(place))
      .setAuthTag(sealed.subarray(tagAt));
    const content = cipher.update(sealed.subarray(1 + NONCE_BYTES, tagAt));
    try {
      cipher.final();
    } catch {
      content.fill(0);
      throw unopened(place);
    }
    return Uint8Array.from(content);
  }

  /** Sixteen hex digits that say which key this is, and nothing of it. */
  get id(): string {
    return createHmac('sha256', this.#key.bytes).update(`${DOMAIN} id`).digest('hex').slice(0, 16);
  }

  [Symbol.dispose](): void {
    this.#key[Symbol.dispose]();
  }

  #keyOf({ purpose, job }: Place): Secret {
    const info = lengthPrefixed(DOMAIN, purpose, ...fieldOf(job));
    return new Secret(new Uint8Array(hkdfSync('sha256', this.#key.bytes, '', info, KEY_BYTES)));
  }
}

/** A fresh key for a vault. */
export function freshKey(): Secret {
  return new Secret(Uint8Array.from(randomBytes(KEY_BYTES)));
}

function additional({ purpose, job, epoch, step }: Place): Bytes {
  return lengthPrefixed(DOMAIN, purpose, ...fieldOf(job), ...fieldOf(epoch), ...fieldOf(step));
}

/** Two fields for one, so that an absent one is told from every value. */
const fieldOf = (value: string | number | undefined): string[] =>
  value === undefined ? ['', ''] : ['=', String(value)];

const unopened = ({ purpose }: Place): SottoError =>
  new SottoError(
    'verification-failed',
    'a sealed record does not open: changed, moved, or under another key',
    {
      purpose,
    },
  );
