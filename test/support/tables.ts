/** Tables for tests: a fresh folder per test file, CSV from text, Parquet written by DuckDB. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBConnection } from '@duckdb/node-api';
import { afterAll } from 'vitest';

/** A folder that is removed after the tests of this file. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'sotto-test-'));
  afterAll(() => rm(folder, { recursive: true }));
  return folder;
}

let files = 0;

/** Writes a file of its own and gives its path. */
export async function writeTable(
  folder: string,
  content: string | Uint8Array,
  ending = 'csv',
): Promise<string> {
  const path = join(folder, `table-${files++}.${ending}`);
  await writeFile(path, content);
  return path;
}

/** The rows of a query as a Parquet file. */
export async function writeParquet(folder: string, select: string): Promise<string> {
  const path = join(folder, `table-${files++}.parquet`);
  const connection = await DuckDBConnection.create();
  await connection.run(`COPY (${select}) TO '${path}' (FORMAT parquet)`);
  connection.closeSync();
  return path;
}
