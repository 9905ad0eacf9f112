/** Tables out of CSV and Parquet files: types, missing values, order of rows. */
import { describe, expect, test } from 'vitest';
import { type Column, openTable, type Table } from '../../src/data/table.ts';
import { temporaryFolder, writeParquet, writeTable } from '../support/tables.ts';

const folder = await temporaryFolder();
const everyRow = (table: Table) => Uint32Array.from({ length: table.rowCount }, (_, row) => row);

async function readAll(table: Table, ...names: string[]): Promise<Column[]> {
  return table.columns(
    names.map((name) => ({ name })),
    everyRow(table),
  );
}

const texts = (column: Column | undefined) =>
  column?.kind === 'categorical'
    ? [...column.codes].map((code) => (code < 0 ? null : column.categories[code]))
    : undefined;
const numbers = (column: Column | undefined) =>
  column?.kind === 'numeric' ? [...column.values] : undefined;

describe('CSV', () => {
  test('columns come out typed: declared where declared, else by what they hold', async () => {
    const csv = [
      'id,amount,home,active,since,code',
      'a, 2.5 ,rent,yes,1970-01-02,1',
      'b,NA,"own, ""mine""",No,1969-12-31,2',
      'c,-1e3,,1,,3',
    ];
    await using table = await openTable({
      path: await writeTable(folder, csv.join('\n')),
      idColumn: 'id',
      columns: { active: 'bool', since: 'date', code: 'category' },
    });
    expect(Object.fromEntries(table.types)).toEqual({
      id: 'category',
      amount: 'number',
      home: 'category',
      active: 'bool',
      since: 'date',
      code: 'category',
    });
    const columns = await readAll(table, 'amount', 'home', 'active', 'since', 'code');
    expect(numbers(columns[0])).toEqual([2.5, Number.NaN, -1000]);
    expect(texts(columns[1])).toEqual(['rent', 'own, "mine"', null]);
    expect(numbers(columns[2])).toEqual([1, 0, 1]);
    expect(numbers(columns[3])).toEqual([1, -1, Number.NaN]);
    expect(texts(columns[4])).toEqual(['1', '2', '3']);
  });

  test('a use may want a number as a category', async () => {
    const path = await writeTable(folder, 'id,x\na,1\nb,2\n');
    await using table = await openTable({ path, idColumn: 'id' });
    const [x] = await table.columns([{ name: 'x', kind: 'categorical' }], everyRow(table));
    expect(texts(x)).toEqual(['1', '2']);
  });

  test('declared markers are missing values, and so are NA and the empty text', async () => {
    const path = await writeTable(folder, 'id,x,y\na,1,?\nb, - ,u\nc,NA,\nd,"",v\n');
    await using table = await openTable({ path, idColumn: 'id', missing: ['?', '-'] });
    const [x, y] = await readAll(table, 'x', 'y');
    expect(numbers(x)).toEqual([1, Number.NaN, Number.NaN, Number.NaN]);
    expect(texts(y)).toEqual([null, 'u', null, 'v']);
  });

  test('the shape of each column: what is missing, and whether it says anything', async () => {
    const path = await writeTable(folder, 'id,x,y,z\na,1,?,\nb, - ,u,\nc,NA,u,\nd,2,,\n');
    await using table = await openTable({ path, idColumn: 'id', missing: ['?', '-'] });
    expect(await table.shapes()).toEqual([
      { name: 'x', missing: 2, constant: false },
      { name: 'y', missing: 2, constant: true },
      { name: 'z', missing: 4, constant: true },
    ]);
  });

  test('a byte order mark, CRLF, tabs and quoted line breaks are read as meant', async () => {
    const text = '\uFEFF"id"\t"a ""b"""\r\nx\t"one\nline"\r\ny\ttwo\r\n';
    await using table = await openTable({
      path: await writeTable(folder, text, 'tsv'),
      idColumn: 'id',
    });
    expect(table.rowCount).toBe(2);
    expect(texts((await readAll(table, 'a "b"'))[0])).toEqual(['one\nline', 'two']);
  });

  test('a column name is a name, whatever SQL would make of it', async () => {
    const names = ['a"; DROP TABLE x; --', "b'], columns = {", 'constructor', '$1'];
    const header = names.map((name) => `"${name.replaceAll('"', '""')}"`).join(',');
    const path = await writeTable(folder, `id,${header}\nx,1,2,3,4\n`);
    await using table = await openTable({ path, idColumn: 'id', missing: ["'"] });
    expect((await readAll(table, ...names)).map((column) => numbers(column))).toEqual([
      [1],
      [2],
      [3],
      [4],
    ]);
  });

  test('rows come in the order asked for, over many chunks', async () => {
    const rows = 30_000;
    const lines = Array.from({ length: rows }, (_, i) => ` U${i} ,${i * 0.5},k${i % 7}`);
    await using table = await openTable({
      path: await writeTable(folder, `id,x,c\n${lines.join('\n')}\n`),
      idColumn: 'id',
      idNormalization: ['trim', 'lowercase'],
    });
    const { ids } = await table.ids();
    expect(ids.length).toBe(rows);
    const wanted = Uint32Array.from({ length: rows / 3 }, (_, i) => rows - 1 - 3 * i);
    const [x, c] = await table.columns([{ name: 'x' }, { name: 'c' }], wanted);
    expect(numbers(x)).toEqual([...wanted].map((row) => row * 0.5));
    expect(texts(c)).toEqual([...wanted].map((row) => `k${row % 7}`));
    expect([...wanted].every((row) => ids[row] === `u${row}`)).toBe(true);
    expect(x?.kind === 'numeric' && x.values.buffer).toBeInstanceOf(SharedArrayBuffer);
  });

  test('labels are 1 where the text is the positive one', async () => {
    const path = await writeTable(folder, 'id,y\na,bad\nb,good\nc,bad\n');
    await using table = await openTable({ path, idColumn: 'id' });
    const labels = await table.labels({ column: 'y', positive: 'bad' }, Uint32Array.of(2, 1));
    expect([...labels]).toEqual([1, 0]);
  });
});

describe('Parquet', () => {
  const select = `SELECT * FROM (VALUES
    (101::BIGINT, 2.5::DECIMAL(5,2), DATE '1970-01-03', true, 'rent', 1::DOUBLE, 'NA'),
    (102, NULL, NULL, NULL, NULL, 'NaN'::DOUBLE, '7'),
    (103, -1, DATE '1969-12-31', false, 'own', 0.5, '8'))
    t(id, amount, since, active, home, score, code)`;

  test('stored types become column types, and the same missing values', async () => {
    await using table = await openTable({
      path: await writeParquet(folder, select),
      idColumn: 'id',
    });
    expect(Object.fromEntries(table.types)).toEqual({
      id: 'number',
      amount: 'number',
      since: 'date',
      active: 'bool',
      home: 'category',
      score: 'number',
      code: 'number',
    });
    const columns = await readAll(table, 'amount', 'since', 'active', 'home', 'score', 'code');
    expect(numbers(columns[0])).toEqual([2.5, Number.NaN, -1]);
    expect(numbers(columns[1])).toEqual([2, Number.NaN, -1]);
    expect(numbers(columns[2])).toEqual([1, Number.NaN, 0]);
    expect(texts(columns[3])).toEqual(['rent', null, 'own']);
    expect(numbers(columns[4])).toEqual([1, Number.NaN, 0.5]);
    expect(numbers(columns[5])).toEqual([Number.NaN, 7, 8]);
    expect((await table.ids()).ids).toEqual(['101', '102', '103']);
  });

  test('a label that is a number is compared as a whole number is written', async () => {
    await using table = await openTable({
      path: await writeParquet(folder, select),
      idColumn: 'id',
    });
    const labels = await table.labels({ column: 'score', positive: '1' }, Uint32Array.of(0, 2));
    expect([...labels]).toEqual([1, 0]);
  });

  test('many row groups keep their order', async () => {
    const rows = 300_000;
    const path = await writeParquet(
      folder,
      `SELECT 'u' || i AS id, i / 2 AS x FROM range(${rows}) t(i)`,
    );
    await using table = await openTable({ path, idColumn: 'id' });
    const wanted = Uint32Array.of(299_999, 0, 150_000, 122_880);
    const [x] = await table.columns([{ name: 'x' }], wanted);
    expect(numbers(x)).toEqual([...wanted].map((row) => row / 2));
  });

  test('a list is no feature', async () => {
    const path = await writeParquet(folder, `SELECT 'a' AS id, [1, 2] AS list`);
    await using table = await openTable({ path, idColumn: 'id' });
    await expect(readAll(table, 'list')).rejects.toThrow(
      expect.objectContaining({ facts: { column: 'list' } }),
    );
    const use = { name: 'list', kind: 'numeric' as const };
    await expect(table.columns([use], everyRow(table))).rejects.toThrow(
      expect.objectContaining({
        facts: { column: 'list', stored: 'INTEGER[]', wanted: 'number' },
      }),
    );
  });
});
