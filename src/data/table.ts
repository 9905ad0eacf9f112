/** A dataset as a table: its ids, and its columns by name, read in one pass over what is asked for. */
import type { DuckDBDataChunk } from '@duckdb/node-api';
import { SottoError } from '../base/errors.ts';
import type { Column } from '../math/columns.ts';
import { type ColumnType, type DatasetConfig, readDatasetConfig } from './dataset.ts';
import { type ColumnUse, type Fill, notOfItsType, openFill } from './fill.ts';
import { normalizeIds } from './ids.ts';
import { compilePredicate } from './predicate/compile.ts';
import type { Predicate } from './predicate/index.ts';
import { query, scan } from './scan.ts';
import { columnTypes, countRows, findColumn, openSource, type Source } from './source.ts';
import { presentSql, textSql } from './sql.ts';

export type { Column } from '../math/columns.ts';
export type { ColumnUse } from './fill.ts';

/** What a column is good for, at a glance. */
export interface ColumnShape {
  readonly name: string;
  /** Rows of which the value is missing. */
  readonly missing: number;
  /** All values that are there are the same one, or there is none. */
  readonly constant: boolean;
}

export interface ReadOptions {
  readonly signal?: AbortSignal;
}

/** Opens a dataset: finds the file and its columns, counts rows, infers what was not declared. */
export async function openTable(config: DatasetConfig): Promise<Table> {
  const source = await openSource(readDatasetConfig(config));
  try {
    return new Table(source, await countRows(source), await columnTypes(source));
  } catch (thrown) {
    source.instance.closeSync();
    throw thrown;
  }
}

/** Rows count from 0 in arguments, as array positions do; in errors row 1 is the first after the header. */
export class Table implements AsyncDisposable {
  readonly rowCount: number;
  /** Declared or inferred type of every column, in file order. */
  readonly types: ReadonlyMap<string, ColumnType>;
  readonly #source: Source;

  constructor(source: Source, rowCount: number, types: ReadonlyMap<string, ColumnType>) {
    this.#source = source;
    this.rowCount = rowCount;
    this.types = types;
  }

  /** All ids in row order, normalised as the dataset declares, unique and never empty. */
  async ids({ signal }: ReadOptions = {}): Promise<{ readonly ids: string[] }> {
    const { dataset, stored } = this.#source;
    const column = findColumn(stored, dataset.idColumn);
    const raw: (string | null)[] = [];
    for await (const chunk of this.#scan([textSql(column, dataset.missing)], signal)) {
      const values = chunk.getColumnVector(0);
      for (let i = 0; i < chunk.rowCount; i++) raw.push(values.getItem(i) as string | null);
    }
    this.#expectRows(raw.length);
    return { ids: normalizeIds(raw, dataset.idNormalization, column.name) };
  }

  /** Of every column but the ids, in file order; in one pass, and without holding a value. */
  async shapes(): Promise<ColumnShape[]> {
    const { dataset, stored, instance, from, path } = this.#source;
    const columns = stored.filter(({ name }) => name !== dataset.idColumn);
    if (columns.length === 0) return [];
    const sums = columns.map((column) => {
      const value = presentSql(column, dataset.missing);
      return `count(${value}), coalesce(min(${value}) = max(${value}), true)`;
    });
    const [found] = await query(instance, `SELECT ${sums.join(', ')} FROM ${from}`, [path]);
    return columns.map(({ name }, at) => ({
      name,
      missing: this.rowCount - Number(found![2 * at]),
      constant: found![2 * at + 1] === true,
    }));
  }

  /**
   * The columns asked for, each with the given rows in the given order; rows are distinct. Every row of
   * the file is checked, wanted or not: the first value that is no number is refused by column and row.
   * Numbers lie in shared memory.
   */
  async columns(
    uses: readonly ColumnUse[],
    rows: Uint32Array,
    { signal }: ReadOptions = {},
  ): Promise<Column[]> {
    const places = this.#places(rows);
    const fills = uses.map((use) => this.#fill(use, rows.length));
    if (fills.length === 0) return [];
    let start = 0;
    const expressions = fills.map((fill) => fill.sql);
    for await (const chunk of this.#scan(expressions, signal)) {
      for (const [index, fill] of fills.entries()) fill.take(chunk, index, start, places);
      start += chunk.rowCount;
    }
    this.#expectRows(start);
    return fills.map((fill) => fill.column());
  }

  /** 1 where the label column holds `positive` as it is written in the data, else 0; a missing label is refused by row. */
  async labels(
    { column, positive }: { readonly column: string; readonly positive: string },
    rows: Uint32Array,
    options: ReadOptions = {},
  ): Promise<Uint8Array> {
    const [labels] = await this.columns([{ name: column, kind: 'categorical' }], rows, options);
    if (labels?.kind !== 'categorical') throw new SottoError('internal', 'a label is not text');
    const missing = labels.codes.indexOf(-1);
    if (missing >= 0) {
      const row = rows[missing]! + 1;
      const message = `the label in column '${column}' is missing at row ${row}`;
      throw new SottoError('invalid-argument', message, { column, row });
    }
    const code = labels.categories.indexOf(positive);
    if (code < 0) {
      const message = `no row holds the positive label of column '${column}'`;
      throw new SottoError('invalid-argument', message, { column, rows: rows.length });
    }
    return Uint8Array.from(labels.codes, (value) => (value === code ? 1 : 0));
  }

  /** Columns as text, by column and then by row: rows ascend. NULL where a value is missing. */
  async texts(
    names: readonly string[],
    rows: Uint32Array,
    { signal }: ReadOptions = {},
  ): Promise<(string | null)[][]> {
    if (names.length === 0) return [];
    const { dataset, stored } = this.#source;
    const expressions = names.map((name) => textSql(findColumn(stored, name), dataset.missing));
    const texts = names.map((): (string | null)[] => []);
    let [start, next] = [0, 0];
    for await (const chunk of this.#scan(expressions, signal)) {
      const vectors = names.map((_, index) => chunk.getColumnVector(index));
      for (; next < rows.length && rows[next]! < start + chunk.rowCount; next++) {
        const at = rows[next]! - start;
        for (const [index, vector] of vectors.entries()) {
          texts[index]!.push(vector.getItem(at) as string | null);
        }
      }
      start += chunk.rowCount;
    }
    this.#expectRows(start);
    return texts;
  }

  /**
   * Rows of which the predicate is true, ascending. Every row is read: a value that is not of its
   * column's type is refused, wanted or not.
   * @param today Days since 1970, from which "within n days" counts back.
   */
  async where(
    predicate: Predicate,
    { today, signal }: ReadOptions & { readonly today: number },
  ): Promise<Uint32Array> {
    const { dataset, stored } = this.#source;
    const scope = { stored, types: this.types, missing: dataset.missing, today, bound: 1 };
    const { sql, values, checks } = compilePredicate(predicate, scope);
    const rows: number[] = [];
    let start = 0;
    const expressions = [sql, ...checks.map((check) => check.sql)];
    for await (const chunk of this.#scan(expressions, signal, values)) {
      for (const [index, { column }] of checks.entries()) {
        refuseTrue(chunk, index + 1, { column, start });
      }
      const chosen = chunk.getColumnVector(0);
      for (let i = 0; i < chunk.rowCount; i++) if (chosen.getItem(i) === true) rows.push(start + i);
      start += chunk.rowCount;
    }
    this.#expectRows(start);
    return Uint32Array.from(rows);
  }

  close(): void {
    this.#source.instance.closeSync();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
  }

  #scan(
    expressions: readonly string[],
    signal?: AbortSignal,
    values: readonly (number | string)[] = [],
  ): AsyncGenerator<DuckDBDataChunk> {
    const { instance, from, path } = this.#source;
    const sql = `SELECT ${expressions.join(', ')} FROM ${from}`;
    return scan(instance, sql, [path, ...values], signal);
  }

  #fill(use: ColumnUse, rows: number): Fill {
    const { dataset, stored } = this.#source;
    const column = findColumn(stored, use.name);
    const type = this.types.get(use.name)!;
    return openFill(column, use, { type, missing: dataset.missing, rows });
  }

  /** For each row of the file its place in the result, or -1. */
  #places(rows: Uint32Array): Int32Array {
    const places = new Int32Array(this.rowCount).fill(-1);
    for (const [place, row] of rows.entries()) {
      if (row >= this.rowCount || places[row] !== -1) {
        const message = 'rows must be distinct and lie in the table';
        throw new SottoError('internal', message, { rows: this.rowCount });
      }
      places[row] = place;
    }
    return places;
  }

  #expectRows(read: number): void {
    if (read === this.rowCount) return;
    throw new SottoError('invalid-argument', 'the file changed while it was in use', {
      path: this.#source.dataset.path,
      expected: this.rowCount,
      received: read,
    });
  }
}

function refuseTrue(
  chunk: DuckDBDataChunk,
  index: number,
  { column, start }: { readonly column: string; readonly start: number },
): void {
  const flags = chunk.getColumnVector(index);
  for (let i = 0; i < chunk.rowCount; i++) {
    if (flags.getItem(i) === true) throw notOfItsType(column, start + i + 1);
  }
}
