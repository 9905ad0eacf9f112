/** The file behind a table: is it there, which columns has it, how many rows, of what types. */
import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { DuckDBInstance } from '@duckdb/node-api';
import { SottoError } from '../base/errors.ts';
import type { ColumnType, Dataset } from './dataset.ts';
import { readCsvHeader } from './header.ts';
import { openReader, query } from './scan.ts';
import {
  isStoredAsText,
  numberSql,
  quoteName,
  type StoredColumn,
  scanSql,
  storedType,
} from './sql.ts';

/** An undeclared column is a number if all its values in so many first rows are; a later text is an error. */
const INFERENCE_ROWS = 10_000;

export interface Source {
  readonly instance: DuckDBInstance;
  readonly path: string;
  readonly dataset: Dataset;
  readonly stored: readonly StoredColumn[];
  /** SQL of the table function; $1 is the path. */
  readonly from: string;
}

/** The file of a dataset behind a reader that may open nothing else. The caller closes the instance. */
export async function openSource(dataset: Dataset): Promise<Source> {
  const path = await existingFile(dataset.path);
  const instance = await openReader(path, dataset.memoryMiB);
  try {
    const stored = await storedColumns(instance, path, dataset);
    for (const name of [dataset.idColumn, ...Object.keys(dataset.columns)])
      findColumn(stored, name);
    return { instance, path, dataset, stored, from: scanSql(dataset, stored) };
  } catch (thrown) {
    instance.closeSync();
    throw thrown;
  }
}

export function findColumn(stored: readonly StoredColumn[], name: string): StoredColumn {
  const column = stored.find((candidate) => candidate.name === name);
  if (column) return column;
  throw new SottoError('invalid-argument', `the table has no column '${name}'`, {
    column: name,
    available: stored.map((candidate) => candidate.name).join(', '),
  });
}

async function existingFile(given: string): Promise<string> {
  const path = resolve(given);
  // DuckDB would read such a path as a pattern for many files.
  if (/[*?[\]]/.test(path)) {
    const message = 'a dataset is one file: its path must not hold any of * ? [ ]';
    throw new SottoError('invalid-argument', message, { path: given });
  }
  const found = await stat(path).catch((cause: NodeJS.ErrnoException) => {
    const facts = { path: given, reason: cause.code ?? 'unknown' };
    throw new SottoError('invalid-argument', `cannot open the file '${given}'`, facts, { cause });
  });
  if (found.isFile()) return path;
  throw new SottoError('invalid-argument', `'${given}' is not a file`, { path: given });
}

async function storedColumns(
  instance: DuckDBInstance,
  path: string,
  { format, delimiter }: Dataset,
): Promise<StoredColumn[]> {
  if (format === 'csv') {
    const names = await readCsvHeader(path, delimiter);
    return names.map((name) => ({ name, sqlType: 'VARCHAR' }));
  }
  const rows = await query(instance, 'DESCRIBE SELECT * FROM read_parquet($1)', [path]);
  return rows.map(([name, sqlType]) => ({ name: String(name), sqlType: String(sqlType) }));
}

/** Counts by reading, for a CSV file says it nowhere. A table without rows is refused. */
export async function countRows({ instance, from, path, dataset }: Source): Promise<number> {
  const [row] = await query(instance, `SELECT count(*) FROM ${from}`, [path]);
  const count = Number(row![0]);
  if (count > 0) return count;
  throw new SottoError('invalid-argument', 'the table has no rows', { path: dataset.path });
}

/** Declared types, and for the other columns those of the file or, for text, of its first rows. */
export async function columnTypes(source: Source): Promise<Map<string, ColumnType>> {
  const { instance, stored, dataset, from, path } = source;
  const open = stored.filter(
    (column) => !Object.hasOwn(dataset.columns, column.name) && isStoredAsText(column),
  );
  // Of each column: is one of its values no number, and has it any?
  const tests = open.map((column) => {
    const value = numberSql(column, 'number', dataset.missing);
    return `bool_or(isnan(${value})), count(${value})`;
  });
  const names = open.map(({ name }) => quoteName(name)).join(', ');
  const head = `(SELECT ${names} FROM ${from} LIMIT ${INFERENCE_ROWS})`;
  const [found] =
    open.length > 0
      ? await query(instance, `SELECT ${tests.join(', ')} FROM ${head}`, [path])
      : [[]];
  const declared = (name: string) =>
    Object.hasOwn(dataset.columns, name) ? dataset.columns[name] : undefined;
  const types = new Map<string, ColumnType>();
  for (const column of stored) types.set(column.name, declared(column.name) ?? storedType(column));
  for (const [index, { name }] of open.entries()) {
    const numbers = found![2 * index] === false && Number(found![2 * index + 1]) > 0;
    types.set(name, numbers ? 'number' : 'category');
  }
  return types;
}
