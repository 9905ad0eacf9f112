/** Ids brought to one form: what becomes equal, what stays apart, what is refused. */
import { describe, expect, test } from 'vitest';
import { idNormalizer, normalizeIds } from '../../src/data/ids.ts';

const refusal = (facts: object) =>
  expect.objectContaining({ code: 'invalid-argument', facts: expect.objectContaining(facts) });

describe('steps', () => {
  test.each([
    ['trim', '  C1\t', 'C1'],
    ['trim', '\u3000甲 ', '甲'],
    ['nfc', 'e\u0301', '\u00e9'],
    ['lowercase', 'ÀB1', 'àb1'],
    ['phone-digits', '+886 (0)912-345.678', '8860912345678'],
    ['phone-digits', '０９１２ 345‑678', '0912345678'],
    ['email', ' Anna.Lee+x@Example.COM ', 'anna.lee+x@example.com'],
  ])('%s: %j becomes %j', (step, raw, form) => {
    expect(idNormalizer([step])(raw)).toBe(form);
  });

  test.each([
    ['phone-digits', '0912 345 ext. 3'],
    ['phone-digits', '1234'],
    ['phone-digits', '1234567890123456'],
    ['phone-digits', '12+345678'],
    ['email', 'anna'],
    ['email', 'anna@lee@example.com'],
    ['email', 'anna lee@example.com'],
    ['email', '@example.com'],
    ['trim', '   '],
  ])('%s refuses %j', (step, raw) => {
    expect(idNormalizer([step])(raw)).toBeUndefined();
  });

  test('are applied in the declared order', () => {
    expect(idNormalizer(['trim', 'nfc', 'lowercase'])(' E\u0301 ')).toBe('\u00e9');
    expect(idNormalizer([])(' C1 ')).toBe(' C1 ');
  });

  test.each(['uppercase', 'constructor', ''])('an unknown step is refused by place: %j', (step) => {
    expect(() => idNormalizer(['trim', step])).toThrow(refusal({ field: 'idNormalization[1]' }));
  });
});

describe('a column of ids', () => {
  test('keeps its order', () => {
    expect(normalizeIds([' b', 'a '], ['trim'], 'id')).toEqual(['b', 'a']);
  });

  test.each([null, '', ' '])('without an id at row 2 is refused by row: %j', (empty) => {
    expect(() => normalizeIds(['a', empty], ['trim'], 'id')).toThrow(
      refusal({ column: 'id', row: 2 }),
    );
  });

  test('with a duplicate only after normalisation is refused with both rows, and never the id', () => {
    const refused = () =>
      normalizeIds(['x', 'Secret', 'y', ' sEcret'], ['trim', 'lowercase'], 'id');
    expect(refused).toThrow(refusal({ column: 'id', firstRow: 2, row: 4 }));
    expect(refused).toThrow(
      expect.not.objectContaining({ message: expect.stringMatching(/secret/i) }),
    );
  });

  test('with a phone number that is none is refused by row', () => {
    expect(() => normalizeIds(['0912345678', 'none'], ['phone-digits'], 'phone')).toThrow(
      refusal({ column: 'phone', row: 2 }),
    );
  });
});
