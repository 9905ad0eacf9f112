/** What a tag may be, and a record: all tags of an id as typed fields, padded to one size. */
import { create } from '@bufbuild/protobuf';
import type { Bytes } from '../base/bytes.ts';
import { utf8 } from '../base/bytes.ts';
import { SottoError } from '../base/errors.ts';
import { type Tag, type TagField, TagSchema, TagType } from '../gen/sotto/tag/v1/tag_pb.ts';

/** A field's value: a number for int, float, date (days since 1970) and enum (its code), or one of two ways to have none. */
export type Value = number | boolean | string | typeof ABSENT | typeof UNKNOWN;
/** The company knows that there is no value. */
export const ABSENT = null;
/** The company does not know. */
export const UNKNOWN = undefined;

/** The values of a row, one for each field of the schema; or that the row is no more. */
export type TagRecord = readonly Value[] | 'removed';

const FIXED_BYTES: Readonly<Partial<Record<TagType, number>>> = {
  [TagType.INT]: 8,
  [TagType.FLOAT]: 8,
  [TagType.BOOL]: 1,
  [TagType.DATE]: 4,
  [TagType.ENUM]: 2,
};
/** Number of the field, length of its value. */
const HEAD_BYTES = 3;
/** In place of a length: the value is unknown. An absent one is not written. */
const IS_UNKNOWN = 0xffff;
/** The record's first byte. */
const KIND = { row: 1, removed: 2 } as const;
/** Kind and length of the fields. */
const PREFIX_BYTES = 3;
const MAX_FIELDS = 64;
const MAX_STRING_BYTES = 4096;
const MAX_WORDS = 65_535;
const NAME = /^[A-Za-z_][A-Za-z0-9_.-]{0,63}$/;

/** Refuses a schema that could not be encoded, naming the field. */
export function checkFields(fields: readonly TagField[]): void {
  const wrong = (index: number, why: string, facts: Record<string, number> = {}): SottoError =>
    new SottoError('invalid-argument', `the tag field ${why}`, {
      field: `fields[${index}]`,
      ...facts,
    });
  if (fields.length === 0 || fields.length > MAX_FIELDS) {
    const facts = { field: 'fields', found: fields.length, least: 1, most: MAX_FIELDS };
    throw new SottoError('invalid-argument', 'a schema has too few or too many fields', facts);
  }
  for (const [index, { number, name, type, words, maxBytes }] of fields.entries()) {
    if (number < 1 || number > 255) throw wrong(index, 'has no number from 1 to 255', { number });
    if (!NAME.test(name)) throw wrong(index, 'has no plain name');
    const same = fields.findIndex((other) => other.number === number || other.name === name);
    if (same !== index) throw wrong(index, 'has the name or number of another', { other: same });
    if (!(Object.values(TagType) as number[]).includes(type) || type === TagType.UNSPECIFIED) {
      throw wrong(index, 'has no known type', { type });
    }
    if (type === TagType.STRING && (maxBytes < 1 || maxBytes > MAX_STRING_BYTES)) {
      throw wrong(index, 'needs a maximum length', { maxBytes, most: MAX_STRING_BYTES });
    }
    const distinct = new Set(words).size === words.length && words.length <= MAX_WORDS;
    if ((type === TagType.ENUM) !== words.length > 0 || !distinct) {
      throw wrong(index, 'needs distinct words if it is an enum, else none', {
        words: words.length,
      });
    }
  }
}

/** What the longest record of the schema takes. */
export function longestRecord(fields: readonly TagField[]): number {
  const valueBytes = ({ type, maxBytes }: TagField): number => FIXED_BYTES[type] ?? maxBytes;
  return fields.reduce((sum, field) => sum + HEAD_BYTES + valueBytes(field), PREFIX_BYTES);
}

/**
 * A record of exactly `recordBytes`, zeros after its end. `row` counts from 1, for the error: what does
 * not fit its field or the record is refused by row and field.
 */
export function encodeRecord(
  fields: readonly TagField[],
  record: TagRecord,
  { recordBytes, row }: { readonly recordBytes: number; readonly row: number },
): Bytes {
  const encoded = new Uint8Array(recordBytes);
  encoded[0] = record === 'removed' ? KIND.removed : KIND.row;
  if (record === 'removed') return encoded;
  let at = PREFIX_BYTES;
  for (const [index, field] of fields.entries()) {
    const value = record[index];
    if (value === ABSENT) continue;
    const bytes = value === UNKNOWN ? new Uint8Array(0) : encodeValue(field, value, row);
    const end = at + HEAD_BYTES + bytes.length;
    if (end > recordBytes) {
      throw new SottoError('invalid-argument', `row ${row} does not fit into a record`, {
        row,
        bytes: end,
        recordBytes,
      });
    }
    const length = value === UNKNOWN ? IS_UNKNOWN : bytes.length;
    encoded.set([field.number, length >> 8, length & 0xff], at);
    encoded.set(bytes, at + HEAD_BYTES);
    at = end;
  }
  encoded.set([(at - PREFIX_BYTES) >> 8, (at - PREFIX_BYTES) & 0xff], 1);
  return encoded;
}

function encodeValue(field: TagField, value: number | boolean | string, row: number): Bytes {
  const refuse = (why: string, facts: Record<string, number> = {}): never => {
    const message = `field '${field.name}' at row ${row} ${why}`;
    throw new SottoError('invalid-argument', message, { field: field.name, row, ...facts });
  };
  const bytes = new Uint8Array(FIXED_BYTES[field.type] ?? 0);
  const view = new DataView(bytes.buffer);
  switch (field.type) {
    case TagType.INT:
      if (!Number.isSafeInteger(value)) refuse('is no whole number of at most 53 bits');
      view.setBigInt64(0, BigInt(value));
      return bytes;
    case TagType.FLOAT:
      if (!Number.isFinite(value)) refuse('is no finite number');
      view.setFloat64(0, value as number);
      return bytes;
    case TagType.BOOL:
      if (value !== true && value !== false) refuse('is neither true nor false');
      bytes[0] = value === true ? 1 : 0;
      return bytes;
    case TagType.DATE:
      if (!Number.isInteger(value) || Math.abs(value as number) >= 2 ** 31) refuse('is no day');
      view.setInt32(0, value as number);
      return bytes;
    case TagType.ENUM: {
      const code = field.words.indexOf(String(value));
      if (code < 0) refuse('is none of the declared words', { words: field.words.length });
      view.setUint16(0, code);
      return bytes;
    }
    default: {
      const text = utf8(String(value));
      const { maxBytes } = field;
      if (text.length > maxBytes) refuse('is too long', { bytes: text.length, maxBytes });
      return text;
    }
  }
}

/** The tags of a record, one for each field; undefined for a row that is no more. Sealed by the peer: checked. */
export function decodeRecord(fields: readonly TagField[], record: Uint8Array): Tag[] | undefined {
  if (record[0] === KIND.removed) return undefined;
  const view = new DataView(record.buffer, record.byteOffset, record.byteLength);
  const end = PREFIX_BYTES + (record.length < PREFIX_BYTES ? 0 : view.getUint16(1));
  if (record[0] !== KIND.row || end > record.length) throw malformed();
  const found = new Map<number, Tag['value']>();
  for (let at = PREFIX_BYTES; at < end; ) {
    if (at + HEAD_BYTES > end) throw malformed();
    const field = fields.find(({ number }) => number === record[at]);
    const length = view.getUint16(at + 1);
    at += HEAD_BYTES;
    if (field === undefined || found.has(field.number)) throw malformed();
    if (length === IS_UNKNOWN) {
      found.set(field.number, { case: 'unknown', value: true });
      continue;
    }
    if (at + length > end) throw malformed();
    found.set(field.number, decodeValue(field, record.subarray(at, at + length)));
    at += length;
  }
  return fields.map(({ number, name }) =>
    create(TagSchema, { name, value: found.get(number) ?? { case: 'absent', value: true } }),
  );
}

function decodeValue(field: TagField, bytes: Uint8Array): Tag['value'] {
  const fixed = FIXED_BYTES[field.type];
  if (fixed === undefined ? bytes.length > field.maxBytes : bytes.length !== fixed) {
    throw malformed();
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  switch (field.type) {
    case TagType.INT:
      return { case: 'intValue', value: view.getBigInt64(0) };
    case TagType.FLOAT:
      return { case: 'floatValue', value: view.getFloat64(0) };
    case TagType.BOOL:
      return { case: 'boolValue', value: bytes[0] === 1 };
    case TagType.DATE:
      return { case: 'dateValue', value: dayText(view.getInt32(0)) };
    case TagType.ENUM: {
      const word = field.words[view.getUint16(0)];
      if (word === undefined) throw malformed();
      return { case: 'enumValue', value: word };
    }
    default:
      return { case: 'stringValue', value: new TextDecoder().decode(bytes) };
  }
}

function dayText(days: number): string {
  const date = new Date(86_400_000 * days);
  if (Number.isNaN(date.getTime())) throw malformed();
  return date.toISOString().slice(0, date.toISOString().indexOf('T'));
}

const malformed = (): SottoError =>
  new SottoError('verification-failed', 'a record was sealed that does not follow the schema', {});
