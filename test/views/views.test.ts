/**
 * Goal: a party hears nothing but what PROTOCOLS.md says, and what it hears has the same shape whatever the labels are.
 * Method: whole jobs between two workers, their frames put together again and read field by field.
 */
import { expect, test } from 'vitest';
import { lendingTables } from '../support/lending.ts';
import { allowedUnder, unlisted } from './allowed.ts';
import { watchJobs } from './jobs.ts';

/** The same customers with the labels dealt out again: as many ones, on other rows. */
function permuted(tables: ReturnType<typeof lendingTables>): ReturnType<typeof lendingTables> {
  const [head, ...rows] = tables['loans.csv'].split('\n');
  const labels = rows.map((row) => row.slice(row.lastIndexOf(',') + 1));
  const moved = rows.map((row, i) => `${row.slice(0, row.lastIndexOf(','))},${labels.at(i - 77)}`);
  return { ...tables, 'loans.csv': [head, ...moved].join('\n') };
}

/** A proposal and its answer hold times, a table the numbers that both are to know; all else is of fixed length. */
const VARYING = ['AnswerMessage', 'ProposeMessage', 'MeasureTable'];

const shapes = async (tables: ReturnType<typeof lendingTables>) => {
  const views = await Array.fromAsync(watchJobs(tables));
  return views.map(({ protocol, party, unlisted: surplus, heard }) => ({
    protocol,
    party,
    surplus,
    heard: heard.map(({ name, bytes }) => (VARYING.includes(name) ? name : `${name} ${bytes}`)),
  }));
};

test('each party hears what the tables of PROTOCOLS.md list, and the same lengths whatever the labels', async () => {
  const tables = lendingTables();
  const views = await shapes(tables);
  expect(views.map(({ protocol, party }) => `${protocol} ${party}`)).toEqual([
    'align bank',
    'align telco',
    'train bank',
    'train telco',
    'predict bank',
    'predict telco',
    'exclude bank',
    'exclude telco',
    'select bank',
    'select telco',
    'count bank',
    'count telco',
    'measure bank',
    'measure telco',
  ]);
  for (const { surplus, heard } of views) {
    expect(surplus).toEqual([]);
    expect(heard.length).toBeGreaterThan(5);
  }
  expect(await shapes(permuted(tables))).toEqual(views);
}, 120_000);

test('a message or field that is not in the table is named', () => {
  const allowed = allowedUnder(
    ['A'],
    '# x\n## A\n| `Points` | both | `points` | blinded ids |\n## B\n| `Other` | both | `x` | |',
  );
  const heard = [
    { name: 'Points', fields: ['points', 'ids'], bytes: 1 },
    { name: 'Other', fields: [], bytes: 1 },
  ];
  expect(unlisted(heard, allowed)).toEqual(['Other', 'Points.ids']);
});
