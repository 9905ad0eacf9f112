/** A column in the making: an expression of the scan, and a place for what it gives. */
import type { DuckDBDataChunk } from '@duckdb/node-api';
import { SottoError } from '../base/errors.ts';
import { type Column, sharedFloats } from '../math/columns.ts';
import type { ColumnType } from './dataset.ts';
import { numberSql, type StoredColumn, textSql } from './sql.ts';

/** How a column is wanted; without `kind`, as the dataset types it. */
export interface ColumnUse {
  readonly name: string;
  readonly kind?: 'numeric' | 'categorical';
}

export interface Fill {
  readonly sql: string;
  /** A chunk whose first row is row `start` of the file; `places` says where a row goes, -1 nowhere. */
  take(chunk: DuckDBDataChunk, index: number, start: number, places: Int32Array): void;
  column(): Column;
}

/** `type` is the dataset's, which the use may overrule. */
export function openFill(
  column: StoredColumn,
  use: ColumnUse,
  { type, missing, rows }: { type: ColumnType; missing: readonly string[]; rows: number },
): Fill {
  const wanted = typeOf(type, use);
  if (wanted === 'category') return categoryFill(column, missing, rows);
  return numberFill(column, numberSql(column, wanted, missing), rows);
}

function numberFill({ name }: StoredColumn, sql: string, rows: number): Fill {
  const values = sharedFloats(rows);
  return {
    sql,
    take(chunk, index, start, places) {
      const vector = chunk.getColumnVector(index);
      for (let i = 0; i < chunk.rowCount; i++) {
        const value = vector.getItem(i) as number | null;
        if (value !== null && Number.isNaN(value)) throw notOfItsType(name, start + i + 1);
        const place = places[start + i]!;
        if (place >= 0) values[place] = value ?? Number.NaN;
      }
    },
    column: () => ({ name, kind: 'numeric', values }),
  };
}

function categoryFill(column: StoredColumn, missing: readonly string[], rows: number): Fill {
  const seen = new Map<string, number>();
  const codes = new Int32Array(rows).fill(-1);
  return {
    sql: textSql(column, missing),
    take(chunk, index, start, places) {
      const vector = chunk.getColumnVector(index);
      for (let i = 0; i < chunk.rowCount; i++) {
        const place = places[start + i]!;
        if (place < 0) continue;
        const text = vector.getItem(i) as string | null;
        if (text === null) continue;
        const code = seen.get(text) ?? seen.size;
        if (code === seen.size) seen.set(text, code);
        codes[place] = code;
      }
    },
    column() {
      const categories = [...seen.keys()].sort();
      const sorted = new Int32Array(categories.length);
      for (const [rank, text] of categories.entries()) sorted[seen.get(text)!] = rank;
      const ranks = codes.map((code) => (code < 0 ? -1 : sorted[code]!));
      return { name: column.name, kind: 'categorical', codes: ranks, categories };
    },
  };
}

function typeOf(type: ColumnType, use: ColumnUse): 'number' | 'bool' | 'date' | 'category' {
  if (use.kind === 'categorical') return 'category';
  if (use.kind === 'numeric') return type === 'bool' || type === 'date' ? type : 'number';
  if (type !== 'text') return type;
  const message = `column '${use.name}' is text: declare it as a category, or leave it out`;
  throw new SottoError('invalid-argument', message, { column: use.name });
}

export function notOfItsType(column: string, row: number): SottoError {
  const message = `column '${column}' holds a value at row ${row} that is not of its type`;
  return new SottoError('invalid-argument', message, { column, row });
}
