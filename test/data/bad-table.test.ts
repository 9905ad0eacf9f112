/** Bad tables: each is refused with the column, row or line named, and never with what is in it. */
import { appendFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { SottoError } from '../../src/base/errors.ts';
import type { DatasetConfig } from '../../src/data/dataset.ts';
import { openReader, query } from '../../src/data/scan.ts';
import { type ColumnUse, openTable } from '../../src/data/table.ts';
import { temporaryFolder, writeTable } from '../support/tables.ts';

const folder = await temporaryFolder();

async function refusalOf(attempt: Promise<unknown>): Promise<SottoError> {
  const thrown = await attempt.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (!(thrown instanceof SottoError)) throw new Error('nothing was refused', { cause: thrown });
  expect(thrown.code).toBe('invalid-argument');
  return thrown;
}

/** Opens a table, and reads its ids and the columns asked for. */
async function read(
  content: string | Uint8Array,
  { uses = [], ...config }: Partial<DatasetConfig> & { uses?: ColumnUse[] } = {},
): Promise<void> {
  const path = await writeTable(folder, content);
  await using table = await openTable({ path, idColumn: 'id', ...config });
  await table.ids();
  await table.columns(uses, new Uint32Array(0));
}

describe('values', () => {
  test.each([
    ['a word', 'number', 'secret'],
    ['a number with a typing error', 'number', '1_000'],
    ['infinity', 'number', 'inf'],
    ['not a number', 'number', 'nan'],
    ['a date that never was', 'date', '2024-02-30'],
    ['a truth value in between', 'bool', 'maybe'],
  ] as const)('%s in a column of type %s is refused by column and row', async (_, type, bad) => {
    const good = { number: '1', date: '2024-02-29', bool: 'true' }[type];
    const refused = await refusalOf(
      read(`id,x\na,${good}\nb,\nc,${bad}\n`, { columns: { x: type }, uses: [{ name: 'x' }] }),
    );
    expect(refused.facts).toEqual({ column: 'x', row: 3 });
    expect(refused.describe()).not.toContain(bad);
  });

  test('a text after ten thousand numbers is refused by row, not taken for a category', async () => {
    const lines = Array.from({ length: 12_000 }, (_, i) => `u${i},${i === 11_000 ? 'oops' : i}`);
    const refused = await refusalOf(read(`id,x\n${lines.join('\n')}\n`, { uses: [{ name: 'x' }] }));
    expect(refused.facts).toEqual({ column: 'x', row: 11_001 });
  });

  test('text is no feature', async () => {
    const refused = await refusalOf(
      read('id,note\na,x\n', { columns: { note: 'text' }, uses: [{ name: 'note' }] }),
    );
    expect(refused.facts).toEqual({ column: 'note' });
  });

  test('a missing label is refused by row, and a positive value that never occurs as well', async () => {
    const path = await writeTable(folder, 'id,y\na,bad\nb,good\nc,\n');
    await using table = await openTable({ path, idColumn: 'id' });
    const missing = table.labels({ column: 'y', positive: 'bad' }, Uint32Array.of(0, 2));
    expect((await refusalOf(missing)).facts).toEqual({ column: 'y', row: 3 });
    const never = table.labels({ column: 'y', positive: 'BAD' }, Uint32Array.of(0, 1));
    expect((await refusalOf(never)).facts).toEqual({ column: 'y', rows: 2 });
  });
});

describe('ids', () => {
  test('an empty one and a duplicate are refused by row', async () => {
    expect((await refusalOf(read('id,x\na,1\n,2\n'))).facts).toEqual({ column: 'id', row: 2 });
    const twice = read('id,x\na,1\nb,2\nA,3\n', { idNormalization: ['lowercase'] });
    expect((await refusalOf(twice)).facts).toEqual({ column: 'id', firstRow: 1, row: 3 });
  });
});

describe('names', () => {
  test('a column that is not there is named with those that are', async () => {
    const available = 'id, x';
    const wanted = read('id,x\na,1\n', { uses: [{ name: 'y' }] });
    expect((await refusalOf(wanted)).facts).toEqual({ column: 'y', available });
    const idColumn = read('id,x\na,1\n', { idColumn: 'key' });
    expect((await refusalOf(idColumn)).facts).toEqual({ column: 'key', available });
    const declared = read('id,x\na,1\n', { columns: { z: 'number' } });
    expect((await refusalOf(declared)).facts).toEqual({ column: 'z', available });
  });

  test('a header with a name twice, or with none, is refused', async () => {
    expect((await refusalOf(read('id,x,x\na,1,2\n'))).facts).toEqual({ column: 'x' });
    expect((await refusalOf(read('id,,x\na,1,2\n'))).facts).toEqual({ column: 2 });
  });
});

describe('files', () => {
  test('one that is not there, a folder, a pattern, and an address are refused by path', async () => {
    const missing = join(folder, 'missing.csv');
    const refused = await refusalOf(openTable({ path: missing, idColumn: 'id' }));
    expect(refused.facts).toEqual({ path: missing, reason: 'ENOENT' });
    await mkdir(join(folder, 'folder.csv'));
    for (const path of [
      join(folder, 'folder.csv'),
      join(folder, '*.csv'),
      'https://example.com/x.csv',
    ]) {
      const other = await refusalOf(openTable({ path, idColumn: 'id' }));
      expect(other.facts).toMatchObject({ path });
    }
  });

  test('an empty one, and one with a header alone', async () => {
    expect((await refusalOf(read(''))).message).toContain('no name');
    expect((await refusalOf(read('id,x\n'))).message).toContain('no rows');
  });

  test('a line with a field too few or too many is refused by line and counts', async () => {
    const few = await refusalOf(read('id,x\na,1\nb\n', { uses: [{ name: 'x' }] }));
    expect(few.facts).toEqual({ line: 3, expected: 2, found: 1 });
    const many = await refusalOf(read('id,x\na,1\nsecret,2,3\n', { uses: [{ name: 'x' }] }));
    expect(many.facts).toMatchObject({ line: 3, expected: 2 });
    expect(many.describe()).not.toContain('secret');
  });

  test('bytes that are not UTF-8 are refused by line', async () => {
    const bad = Buffer.concat([
      Buffer.from('id,x\na,1\n'),
      Buffer.of(0xff, 0xfe),
      Buffer.from(',2\n'),
    ]);
    const refused = await refusalOf(read(bad));
    expect(refused.facts).toEqual({ line: 3 });
    expect(refused.message).toContain('UTF-8');
    const header = Buffer.concat([Buffer.from('id,'), Buffer.of(0xff), Buffer.from('\na,1\n')]);
    expect((await refusalOf(read(header))).facts).toEqual({ line: 1 });
  });

  test('a Parquet file that is none is refused without its content', async () => {
    const refused = await refusalOf(
      writeTable(folder, 'id,x\nsecret,1\n', 'parquet').then((path) =>
        openTable({ path, idColumn: 'id' }),
      ),
    );
    expect(refused.describe()).not.toContain('secret');
  });

  test('beside the one of the dataset is out of reach, and so are the settings', async () => {
    const [path, other] = [
      await writeTable(folder, 'id\na\n'),
      await writeTable(folder, 'id\nb\n'),
    ];
    const reader = await openReader(path, 64);
    onTestFinished(() => reader.closeSync());
    expect(await query(reader, 'SELECT * FROM read_csv($1)', [path])).toEqual([['a']]);
    for (const sql of [
      `SELECT * FROM read_csv('${other}')`,
      `COPY (SELECT 1) TO '${join(folder, 'copied.csv')}'`,
      'SET enable_external_access = true',
      `SET temp_directory = '${folder}'`,
      "SET memory_limit = '8GiB'",
    ]) {
      await refusalOf(query(reader, sql, []));
    }
  });

  test('one that grows while it is in use is noticed', async () => {
    const path = await writeTable(folder, 'id,x\na,1\n');
    await using table = await openTable({ path, idColumn: 'id' });
    await appendFile(path, 'b,2\n');
    expect((await refusalOf(table.ids())).facts).toMatchObject({ expected: 1, received: 2 });
  });
});

describe('descriptions', () => {
  test.each([
    [{ idNormalization: ['shout'] }, 'idNormalization[0]'],
    [{ colums: {} }, ''],
    [{ columns: { x: 'float' } }, 'columns.x'],
    [{ path: 'table.xlsx' }, 'format'],
    [{ memoryMiB: 1 }, 'memoryMiB'],
    [{ delimiter: '::' }, 'delimiter'],
  ])('%j is refused by field', async (change, field) => {
    const config = { path: 'table.csv', idColumn: 'id', ...change } as DatasetConfig;
    expect((await refusalOf(openTable(config))).facts).toMatchObject({ field });
  });
});

test('reading stops when it is told to', async () => {
  const path = await writeTable(folder, 'id,x\na,1\n');
  await using table = await openTable({ path, idColumn: 'id' });
  const reason = new SottoError('cancelled', 'cancelled');
  await expect(table.ids({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
});
