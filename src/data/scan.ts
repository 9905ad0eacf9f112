/** DuckDB on a leash: it may read one file, and nothing else; it spills nothing, loads nothing, keeps no state. */
import { availableParallelism } from 'node:os';
import { type DuckDBDataChunk, DuckDBInstance, type DuckDBValue } from '@duckdb/node-api';
import { SottoError } from '../base/errors.ts';
import { requireDescriptors } from './descriptors.ts';
import { quoteText } from './sql.ts';

/** An instance that may read exactly the file at `path` (absolute). */
export async function openReader(path: string, memoryMiB: number): Promise<DuckDBInstance> {
  await requireDescriptors();
  const instance = await DuckDBInstance.create(':memory:', {
    memory_limit: `${memoryMiB}MiB`,
    threads: String(Math.min(4, availableParallelism())),
    // A scan holds a few buffers, so it never needs to spill; and so no data lies in a temporary file.
    temp_directory: '',
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
    preserve_insertion_order: 'true',
  });
  const connection = await instance.connect();
  try {
    await connection.run(`SET allowed_paths = [${quoteText(path)}]`);
    await connection.run('SET enable_external_access = false');
    await connection.run('SET lock_configuration = true');
  } finally {
    connection.closeSync();
  }
  return instance;
}

/**
 * The rows of a query in order, a chunk of at most 2,048 at a time: a table larger than memory passes
 * through. DuckDB's own messages quote the data, so they stay in `cause`.
 */
export async function* scan(
  instance: DuckDBInstance,
  sql: string,
  values: DuckDBValue[],
  signal?: AbortSignal,
): AsyncGenerator<DuckDBDataChunk, void, void> {
  signal?.throwIfAborted();
  await requireDescriptors();
  const connection = await instance.connect();
  const interrupt = () => connection.interrupt();
  signal?.addEventListener('abort', interrupt);
  try {
    const result = await connection.stream(sql, values);
    for (;;) {
      const chunk = await result.fetchChunk();
      signal?.throwIfAborted();
      if (chunk === null || chunk.rowCount === 0) return;
      yield chunk;
    }
  } catch (thrown) {
    signal?.throwIfAborted();
    throw thrown instanceof SottoError ? thrown : readFailure(thrown);
  } finally {
    signal?.removeEventListener('abort', interrupt);
    connection.closeSync();
  }
}

/** All rows of a query whose answer is small. */
export async function query(
  instance: DuckDBInstance,
  sql: string,
  values: DuckDBValue[],
): Promise<DuckDBValue[][]> {
  const rows: DuckDBValue[][] = [];
  for await (const chunk of scan(instance, sql, values)) rows.push(...chunk.getRows());
  return rows;
}

function readFailure(thrown: unknown): SottoError {
  const text = thrown instanceof Error ? thrown.message : '';
  const cause = { cause: thrown };
  const line = Number(/CSV Error on Line: (\d+)/.exec(text)?.[1] ?? Number.NaN);
  const where = Number.isNaN(line) ? {} : { line };
  const counts = /Expected Number of Columns: (\d+) Found: (\d+)/.exec(text);
  if (counts) {
    const facts = { ...where, expected: Number(counts[1]), found: Number(counts[2]) };
    const message = `line ${line} has another number of fields than the header`;
    return new SottoError('invalid-argument', message, facts, cause);
  }
  const at = Number.isNaN(line) ? 'the file' : `line ${line}`;
  if (/unicode|utf-?8/i.test(text)) {
    return new SottoError('invalid-argument', `${at} is not UTF-8`, where, cause);
  }
  if (/Out of Memory/i.test(text)) {
    const message = 'the table reader needs more memory than the dataset allows (memoryMiB)';
    return new SottoError('invalid-argument', message, { field: 'memoryMiB' }, cause);
  }
  const message = `${at} cannot be read in the declared format`;
  return new SottoError('invalid-argument', message, where, cause);
}
