/** Records at rest: unreadable, and useless in any place but their own. */
import { describe, expect, test } from 'vitest';
import { utf8 } from '../../src/base/bytes.ts';
import { freshKey, type Place, SEAL_BYTES, Vault } from '../../src/base/sealed.ts';
import { Secret } from '../../src/base/secret.ts';

const vault = new Vault(freshKey());
const PLACE: Place = { purpose: 'journal', job: 'job-1', epoch: 2, step: 7 };
const record = utf8('a record of a run that must not be read by whoever finds the disk');
const REFUSED = expect.objectContaining({ code: 'verification-failed' });

test('a record opens where it was sealed, and only there', () => {
  const sealed = vault.seal(record, PLACE);
  expect(vault.open(sealed, PLACE)).toEqual(record);
  expect(sealed).toHaveLength(record.length + SEAL_BYTES);
  expect(Buffer.from(sealed).includes('record')).toBe(false);
});

test('an empty record is sealed like any other', () => {
  expect(vault.open(vault.seal(new Uint8Array(), PLACE), PLACE)).toEqual(new Uint8Array());
});

const ELSEWHERE: readonly (readonly [string, Place])[] = [
  ['another purpose', { ...PLACE, purpose: 'model' }],
  ['another job', { ...PLACE, job: 'job-2' }],
  ['no job', { purpose: 'journal', epoch: 2, step: 7 }],
  ['another epoch', { ...PLACE, epoch: 3 }],
  ['another step', { ...PLACE, step: 8 }],
  ['no step', { purpose: 'journal', job: 'job-1', epoch: 2 }],
  ['epoch and step exchanged', { ...PLACE, epoch: 7, step: 2 }],
];

describe('a record does not open', () => {
  test.each(ELSEWHERE)('in %s', (_, place) => {
    const sealed = vault.seal(record, PLACE);
    expect(() => vault.open(sealed, place)).toThrow(REFUSED);
  });

  test('with any bit flipped', () => {
    const sealed = vault.seal(record, PLACE);
    for (let bit = 0; bit < 8 * sealed.length; bit++) {
      const changed = sealed.slice();
      changed[bit >> 3]! ^= 1 << (bit & 7);
      expect(() => vault.open(changed, PLACE)).toThrow(REFUSED);
    }
  });

  test('at any other length', () => {
    const sealed = vault.seal(record, PLACE);
    for (let length = 0; length < sealed.length; length++) {
      expect(() => vault.open(sealed.subarray(0, length), PLACE)).toThrow(REFUSED);
    }
    expect(() => vault.open(Uint8Array.of(...sealed, 0), PLACE)).toThrow(REFUSED);
  });

  test('under another key', () => {
    const sealed = vault.seal(record, PLACE);
    expect(() => new Vault(freshKey()).open(sealed, PLACE)).toThrow(REFUSED);
  });
});

test('the same record sealed twice has nothing in common', () => {
  const [one, other] = [vault.seal(record, PLACE), vault.seal(record, PLACE)];
  const alike = one.filter((byte, at) => at > 0 && byte === other[at]).length;
  // Of 92 bytes each agrees with probability 1/256: more than 8 do in fewer than one of 10^9 runs.
  expect(alike).toBeLessThanOrEqual(8);
});

test('a key of another length is none, and a vault says nothing of its key', () => {
  expect(() => new Vault(new Secret(new Uint8Array(31)))).toThrow(
    expect.objectContaining({ code: 'invalid-argument', facts: { expected: 32, found: 31 } }),
  );
  const key = freshKey();
  const hex = Buffer.from(key.bytes).toString('hex');
  expect(hex).not.toContain(new Vault(key).id);
  expect(new Vault(new Secret(key.bytes.slice())).id).toBe(new Vault(key).id);
});
