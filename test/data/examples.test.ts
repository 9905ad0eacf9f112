/** The example data, cut for two parties: always the same bytes, and of use to a table. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { EXAMPLES, writeExampleTables } from '../../src/data/examples.ts';
import { openTable } from '../../src/data/table.ts';
import { temporaryFolder } from '../support/tables.ts';

const folder = await temporaryFolder();
const sha256 = async (path: string) =>
  createHash('sha256')
    .update(await readFile(path))
    .digest('hex');

describe.each([
  ['credit_data', { bank: 3776, company: 3775, both: 3202 }, 1254 / 4454],
  ['lending_club', { bank: 8375, company: 8403, both: 7162 }, 517 / 9857],
] as const)('%s', (name, rows, positives) => {
  test('has the documented overlap, and is the same when written again', async () => {
    const first = await writeExampleTables(name, join(folder, name, 'first'));
    const second = await writeExampleTables(name, join(folder, name, 'second'));
    expect(first.rows).toEqual(rows);
    expect(await sha256(first.bank)).toBe(await sha256(second.bank));
    expect(await sha256(first.company)).toBe(await sha256(second.company));
  });

  test('opens with the columns and types that its description names', async () => {
    const { bank, company } = await writeExampleTables(name, join(folder, name));
    const { label, categories, ...features } = EXAMPLES[name];
    await using bankTable = await openTable({ path: bank, idColumn: 'id' });
    await using companyTable = await openTable({ path: company, idColumn: 'id' });
    for (const [table, columns] of [
      [bankTable, features.bank],
      [companyTable, features.company],
    ] as const) {
      for (const column of columns) {
        const expected = categories.includes(column) ? 'category' : 'number';
        expect([column, table.types.get(column)]).toEqual([column, expected]);
      }
    }
    const all = Uint32Array.from({ length: rows.bank }, (_, row) => row);
    const labels = await bankTable.labels(label, all);
    const share = labels.reduce((sum, value) => sum + value, 0) / rows.bank;
    expect(Math.abs(share - positives)).toBeLessThan(0.02);
    expect(companyTable.types.has(label.column)).toBe(false);
  });
});

test('an example that does not exist is refused with those that do', async () => {
  await expect(writeExampleTables('iris', folder)).rejects.toThrow(
    expect.objectContaining({ facts: { known: 'credit_data, lending_club' } }),
  );
});
