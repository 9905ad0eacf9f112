/** Conditions in text: what they choose, what they refuse and where, and that no text becomes SQL. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Predicate, parsePredicate } from '../../src/data/predicate/index.ts';
import { openTable } from '../../src/data/table.ts';
import { temporaryFolder, writeTable } from '../support/tables.ts';

const folder = await temporaryFolder();
const csv = [
  'id,age,city,vip,joined,"odd ""name"""',
  '1,20,Rome,yes,2026-01-01,x',
  '2,35,Oslo,no,2026-03-31,y',
  "3,NA,O'Hare,,2025-12-31,x",
  '4,64,,no,,z',
  '5,35,Rome,yes,2026-04-01,',
];
const path = await writeTable(folder, csv.join('\n'));
const config = { path, idColumn: 'id', columns: { vip: 'bool', joined: 'date' } } as const;
const TODAY = Date.UTC(2026, 2, 31) / 86_400_000;

async function chosen(condition: string | Predicate): Promise<number[]> {
  const predicate = typeof condition === 'string' ? parsePredicate(condition) : condition;
  await using table = await openTable(config);
  return Array.from(await table.where(predicate, { today: TODAY }), (row) => row + 1);
}

describe('a condition chooses the rows it is true of', () => {
  test.each<[string, number[]]>([
    ['age = 35', [2, 5]],
    ['age != 35', [1, 4]],
    ['age >= 35 and age < 64', [2, 5]],
    ['age > 1e1 AND NOT age <= 3.5e1', [4]],
    ['age between 20 and 35', [1, 2, 5]],
    ['age not between 20 and 35', [4]],
    ['age in (20, 64)', [1, 4]],
    ["city not in ('Rome')", [2, 3]],
    ["city = 'O''Hare'", [3]],
    ['city is null', [4]],
    ['city is not null and age is null', [3]],
    ['vip = true', [1, 5]],
    ['vip = false or vip is null', [2, 3, 4]],
    ["joined < '2026-01-01'", [3]],
    ['joined within 88 days', [2]],
    ['joined within 89 days', [1, 2]],
    ["joined within 1 days of '2026-01-01'", [1, 3]],
    ["age = 20 or age = 64 and city = 'Rome'", [1]],
    ["(age = 20 or age = 35) and city = 'Rome'", [1, 5]],
    ['"odd ""name""" = \'x\'', [1, 3]],
    ["city = 'Rome'' OR 1=1 --'", []],
  ])('%s', async (condition, rows) => {
    expect(await chosen(condition)).toEqual(rows);
  });
});

describe('what is no condition is refused at its place', () => {
  test.each<[string, number, string]>([
    ['', 1, 'a column, not or ('],
    ['age', 4, 'one of = != < <= > >=, in, between, is, within'],
    ['age = ', 7, "a number, a 'text', true or false"],
    ['age = 35 city', 10, 'and, or, or the end'],
    ['(age = 35', 10, ')'],
    ['age in ()', 9, "a number, a 'text', true or false"],
    ['age not = 3', 9, 'in or between'],
    ['age = 35; drop table x', 9, 'a column, value or operator'],
    ["city = 'Rome", 8, 'a column, value or operator'],
    ['upper(city) = 1', 6, 'one of = != < <= > >=, in, between, is, within'],
    ['joined within 1.5 days', 15, 'a whole number of days, 0 to 36525'],
    ['age = 12abc', 7, 'a column, value or operator'],
    [`${'('.repeat(40)}age = 1`, 34, 'at most 32 levels of nesting'],
    ['age = 1e999', 7, 'a finite number'],
  ])('%s', (text, position, expected) => {
    expect(() => parsePredicate(text)).toThrowError(
      expect.objectContaining({ code: 'invalid-argument', facts: { position, expected } }),
    );
  });

  test.each<[string, number]>([
    ['height = 3', 1],
    ["age = 'old'", 7],
    ['city = 3', 8],
    ["city < 'Rome'", 1],
    ['vip = 1', 7],
    ["joined = '2026-02-30'", 10],
    ['age within 3 days', 1],
    ["age = 1 and city between 'a' and 'b'", 13],
  ])('of another type than the column: %s', async (text, position) => {
    await expect(chosen(text)).rejects.toThrowError(
      expect.objectContaining({ facts: expect.objectContaining({ position }) }),
    );
  });

  test('a value in the file that is not of its type is refused by row', async () => {
    const broken = await writeTable(folder, 'id,age\n1,20\n2,old\n');
    await using table = await openTable({ ...config, path: broken, columns: { age: 'number' } });
    await expect(table.where(parsePredicate('age = 20'), { today: 0 })).rejects.toThrowError(
      expect.objectContaining({ facts: { column: 'age', row: 2 } }),
    );
  });

  test('too long a text, and too many values', () => {
    expect(() => parsePredicate(`age = ${' '.repeat(4_000)}1`)).toThrowError(/longer than 4000/);
    const values = Array.from({ length: 1_001 }, () => '1').join(',');
    expect(() => parsePredicate(`age in (${values})`)).toThrowError(/at most 1000 values/);
  });
});

test('whatever is written, it is a condition or refused as one, never an error of the database', async () => {
  const words = [
    'age',
    'city',
    'and',
    'or',
    'not',
    '(',
    ')',
    '=',
    '<',
    'in',
    'between',
    'is',
    'null',
  ];
  const more = ['35', "'Rome'", ',', 'true', '--', ';', '"id"', 'within', 'days', "'", '$1', '\\'];
  const token = fc.constantFrom(...words, ...more);
  await using table = await openTable(config);
  await fc.assert(
    fc.asyncProperty(fc.array(token, { maxLength: 12 }), async (tokens) => {
      try {
        await table.where(parsePredicate(tokens.join(' ')), { today: TODAY });
      } catch (thrown) {
        expect(thrown).toMatchObject({ code: 'invalid-argument' });
        expect((thrown as { facts: object }).facts).toHaveProperty('position');
      }
    }),
    { numRuns: 500 },
  );
});
