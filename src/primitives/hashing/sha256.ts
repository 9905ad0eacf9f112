/** SHA-256 of fields, each preceded by its length: no two lists of fields hash alike. */
import { hash } from 'node:crypto';
import { type Bytes, lengthPrefixed } from '../../base/bytes.ts';

export const DIGEST_BYTES = 32;

/** `domain` names what is hashed and why, so that a hash made for one purpose means nothing for another. */
export function sha256(domain: string, ...fields: readonly (Uint8Array | string)[]): Bytes {
  return new Uint8Array(hash('sha256', lengthPrefixed(domain, ...fields), 'buffer'));
}
