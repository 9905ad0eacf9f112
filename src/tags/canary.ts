/**
 * Ids that the company adds to a table, and tells: whoever asks for one checks the whole way to a row,
 * from key to record, and to the company it is a query like any other.
 */
import { createHash } from 'node:crypto';
import { type Bytes, toHex } from '../base/bytes.ts';
import type { Random } from '../base/random.ts';
import type { TagField } from '../gen/sotto/tag/v1/tag_pb.ts';
import { ABSENT, encodeRecord } from './schema.ts';

/** No normalised id begins like this. */
export const newCanary = (random: Random): string => `\0canary-${toHex(random.bytes(16))}`;

/** What every canary holds: no value in any field. */
export function canaryRecord(fields: readonly TagField[], recordBytes: number): Bytes {
  const values = fields.map(() => ABSENT);
  return encodeRecord(fields, values, { recordBytes, row: 0 });
}

export const recordDigest = (record: Uint8Array): Bytes =>
  Uint8Array.from(createHash('sha256').update(record).digest());
