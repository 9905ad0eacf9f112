/** Goal: a record is what was put in, of one size whatever it is, and nothing else decodes. */
import { create } from '@bufbuild/protobuf';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SottoError } from '../../src/base/errors.ts';
import { TagFieldSchema, TagType } from '../../src/gen/sotto/tag/v1/tag_pb.ts';
import {
  ABSENT,
  checkFields,
  decodeRecord,
  encodeRecord,
  longestRecord,
  UNKNOWN,
  type Value,
} from '../../src/tags/schema.ts';
import { FIELDS } from '../support/tag-parts.ts';

const recordBytes = longestRecord(FIELDS);
const encode = (values: readonly Value[], row = 7) =>
  encodeRecord(FIELDS, values, { recordBytes, row });
const shown = (bytes: Uint8Array) =>
  decodeRecord(FIELDS, bytes)?.map(({ value }) =>
    value.case === 'absent' || value.case === 'unknown' ? value.case : value.value,
  );

const kinds: fc.Arbitrary<Value>[] = [
  fc.maxSafeInteger(),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((x) => x + 0),
  fc.boolean(),
  fc.integer({ min: -100_000, max: 100_000 }),
  fc.constantFrom('gold', 'silver'),
  fc.string({ maxLength: 20, unit: 'grapheme-ascii' }),
];
const values = fc.tuple(
  ...kinds.map((kind) =>
    fc.oneof(
      { weight: 4, arbitrary: kind },
      { arbitrary: fc.constantFrom(ABSENT, UNKNOWN), weight: 1 },
    ),
  ),
);

test('what is encoded is decoded, and all records have one size', () => {
  fc.assert(
    fc.property(values, (row) => {
      const bytes = encode(row);
      expect(bytes.length).toBe(recordBytes);
      const day = row[3];
      expect(shown(bytes)).toEqual(
        row.map((value, at) => {
          if (value === ABSENT) return 'absent';
          if (value === UNKNOWN) return 'unknown';
          if (at === 0) return BigInt(value as number);
          if (at === 3) return new Date(86_400_000 * (day as number)).toISOString().split('T')[0];
          return value;
        }),
      );
    }),
  );
});

test('absent and unknown are distinct', () => {
  expect(encode(FIELDS.map(() => ABSENT))).not.toEqual(encode(FIELDS.map(() => UNKNOWN)));
});

test('a removal decodes to no row', () => {
  const removed = encodeRecord(FIELDS, 'removed', { recordBytes, row: 0 });
  expect(decodeRecord(FIELDS, removed)).toBeUndefined();
});

describe('refused, with row and field', () => {
  const good: Value[] = [1, 1, true, 1, 'gold', ''];
  test.each<[string, number, Value]>([
    ['score', 0, 1.5],
    ['score', 0, 2 ** 53],
    ['share', 1, Number.POSITIVE_INFINITY],
    ['member', 2, 'yes'],
    ['since', 3, 0.5],
    ['tier', 4, 'bronze'],
    ['note', 5, 'x'.repeat(21)],
    ['note', 5, 'ä'.repeat(11)],
  ])('%s at place %i', (field, at, value) => {
    const facts = factsOf(() => encode(good.with(at, value)));
    expect(facts).toMatchObject({ field, row: 7 });
    expect(JSON.stringify(facts)).not.toContain('bronze');
  });

  test('a row that fits its fields but not the record', () => {
    const encodeShort = () => encodeRecord(FIELDS, good, { recordBytes: 20, row: 3 });
    expect(factsOf(encodeShort)).toMatchObject({ row: 3, recordBytes: 20 });
  });
});

test('any other bytes are no record, and no crash', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
      try {
        decodeRecord(FIELDS, bytes);
      } catch (thrown) {
        expect((thrown as SottoError).code).toBe('verification-failed');
      }
    }),
    { numRuns: 2_000 },
  );
});

describe('a schema is refused', () => {
  test.each([
    ['without fields', []],
    ['with a name twice', [field('a', 1), field('a', 2)]],
    ['with a number twice', [field('a', 1), field('b', 1)]],
    ['with number 0', [field('a', 0)]],
    ['with a string without a length', [{ ...field('a', 1), type: TagType.STRING }]],
    ['with an enum without words', [{ ...field('a', 1), type: TagType.ENUM }]],
    ['with words that are no enum', [{ ...field('a', 1), words: ['x'] }]],
    ['with an unknown type', [{ ...field('a', 1), type: 99 as TagType }]],
  ])('%s', (_, fields) => {
    expect(() => checkFields(fields)).toThrow(SottoError);
  });
});

function field(name: string, number: number) {
  return create(TagFieldSchema, { name, number, type: TagType.INT });
}

function factsOf(act: () => unknown): object {
  try {
    act();
  } catch (thrown) {
    expect((thrown as SottoError).code).toBe('invalid-argument');
    return (thrown as SottoError).facts;
  }
  throw new Error('it was accepted');
}
