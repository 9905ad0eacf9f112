import { hkdfSync } from 'node:crypto';
import { expect, test } from 'vitest';
import { concat, lengthPrefixed, toHex } from '../../src/base/bytes.ts';
import { openRow, rowKey, sealRow } from '../../src/tags/row.ts';
import { seededRandom } from '../support/random.ts';

const random = seededRandom('rows');
const place = {
  datasetId: 'members',
  versionId: 'v1',
  salt: random.bytes(16),
  fieldGroup: 'all',
};
const shape = { fingerprintBytes: 12, recordBytes: 40 };

test('a row’s fingerprint and key are HKDF-SHA512 of its secret (RFC 5869), as node:crypto has it', () => {
  const info = lengthPrefixed('sotto tag row 1', 'members', 'v1', 'all');
  for (const fingerprintBytes of [8, 12, 16]) {
    const secret = random.bytes(64);
    const { fingerprint, key } = rowKey(secret, place, { ...shape, fingerprintBytes });
    const expected = hkdfSync('sha512', secret, place.salt, info, fingerprintBytes + 32);
    expect(toHex(concat(fingerprint, key))).toBe(toHex(new Uint8Array(expected)));
  }
});

test('a row opens with the key that sealed it, and with no byte changed', () => {
  const secret = random.bytes(64);
  const record = random.bytes(40);
  const row = new Uint8Array(12 + 40 + 16);
  const used = rowKey(secret, place, shape);
  sealRow(used, record, row);
  expect(used.key.every((byte) => byte === 0)).toBe(true);
  expect(openRow(rowKey(secret, place, shape), row)).toEqual(record);
  for (const at of [12, 51, 52, 67]) {
    const changed = row.slice();
    changed[at]! ^= 1;
    expect(openRow(rowKey(secret, place, shape), changed)).toBeUndefined();
  }
  expect(openRow(rowKey(random.bytes(64), place, shape), row)).toBeUndefined();
});
