/** One row under its own key: what is hashed for an id, and how its record is sealed and opened. */
import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createSecretKey,
  hash,
  type KeyObject,
} from 'node:crypto';
import { type Bytes, concat, lengthPrefixed, toHex, utf8 } from '../base/bytes.ts';
import type { Manifest } from '../gen/sotto/tag/v1/tag_pb.ts';
import { AEAD_TAG_BYTES, type RowShape } from './shape.ts';

const INPUT_DOMAIN = 'sotto tag id 1';
const KEY_DOMAIN = 'sotto tag row 1';
const KEY_BYTES = 32;
const CIPHER = 'aes-256-gcm';
const FIRST_BLOCK = Uint8Array.of(1);
const NONCE = new Uint8Array(12); // each key seals one record, once

/** What the id is: everything by which equal texts would still be different ids. */
export type IdDomain = Pick<Manifest, 'datasetId' | 'idType' | 'digestAlgorithm'>;

/** The input of the oblivious function (RFC 9497's PrivateInput), for an id in the form that is sealed. */
export const inputOf = ({ datasetId, idType, digestAlgorithm }: IdDomain, id: string): Bytes =>
  lengthPrefixed(INPUT_DOMAIN, datasetId, idType, digestAlgorithm, id);

/** A normalised id as it is sealed: itself, or the hex digest by which the company knows it. */
export const digested = (algorithm: string, id: string): string =>
  algorithm === 'sha256' ? toHex(hash('sha256', utf8(id), 'buffer')) : id;

/** Where a row is: by these and the id's secret, its key is fixed. */
export interface RowPlace {
  readonly datasetId: string;
  /** Of the layer. */
  readonly versionId: string;
  readonly salt: Uint8Array;
  readonly fieldGroup: string;
}

export interface RowKey {
  readonly fingerprint: Bytes;
  readonly key: Bytes;
}

/**
 * HKDF-SHA512 (RFC 5869) of the function's 64-byte value: where the row lies, and what opens it. What is expanded is
 * no longer than one block.
 */
export function rowKey(secret: Uint8Array, place: RowPlace, shape: RowShape): RowKey {
  const { fingerprintBytes } = shape;
  const info = lengthPrefixed(KEY_DOMAIN, place.datasetId, place.versionId, place.fieldGroup);
  const extracted = hmac(place.salt, secret);
  const derived = hmac(extracted, concat(info, FIRST_BLOCK));
  extracted.fill(0);
  return {
    fingerprint: derived.slice(0, fingerprintBytes),
    key: derived.subarray(fingerprintBytes, fingerprintBytes + KEY_BYTES),
  };
}

const hmac = (key: Uint8Array, message: Uint8Array): Bytes =>
  new Uint8Array(createHmac('sha512', keyOf(key)).update(message).digest());

/** As the key it is: node:crypto tries bytes as keys of every kind, which takes five times as long as the sealing. */
const keyOf = (key: Uint8Array): KeyObject => createSecretKey(key);

/** Writes fingerprint, ciphertext and tag into `row`. The key is wiped: it must not seal again. */
export function sealRow({ fingerprint, key }: RowKey, record: Uint8Array, row: Uint8Array): void {
  const cipher = createCipheriv(CIPHER, keyOf(key), NONCE, { authTagLength: AEAD_TAG_BYTES });
  cipher.setAAD(fingerprint);
  row.set(fingerprint);
  row.set(cipher.update(record), fingerprint.length);
  cipher.final();
  row.set(cipher.getAuthTag(), fingerprint.length + record.length);
  key.fill(0);
}

/** The record, or undefined if the row was not sealed by this key: a fingerprint met by chance, or a forgery. */
export function openRow({ fingerprint, key }: RowKey, row: Uint8Array): Bytes | undefined {
  const end = row.length - AEAD_TAG_BYTES;
  const cipher = createDecipheriv(CIPHER, keyOf(key), NONCE, { authTagLength: AEAD_TAG_BYTES });
  cipher.setAAD(fingerprint);
  cipher.setAuthTag(row.subarray(end));
  const record = Uint8Array.from(cipher.update(row.subarray(fingerprint.length, end)));
  try {
    cipher.final();
    return record;
  } catch {
    record.fill(0);
    return undefined;
  }
}
