/** The SQL of a table scan: quoted names, and one expression for each way to read a column. */
import { SottoError } from '../base/errors.ts';
import type { ColumnType, Dataset } from './dataset.ts';

/** A column as the file stores it: `sqlType` is DuckDB's name of its type, VARCHAR throughout a CSV file. */
export interface StoredColumn {
  readonly name: string;
  readonly sqlType: string;
}

/** An identifier; a quote inside is doubled, and there is no other escape. */
export const quoteName = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/** A string literal; a quote inside is doubled, and a backslash means itself. */
export const quoteText = (text: string): string => `'${text.replaceAll("'", "''")}'`;

/** The table function of a file; $1 is its path. Nothing is sniffed: same file, same table. */
export function scanSql({ format, delimiter }: Dataset, columns: readonly StoredColumn[]): string {
  if (format === 'parquet') return 'read_parquet($1)';
  const types = columns.map(({ name }) => `${quoteText(name)}: 'VARCHAR'`).join(', ');
  const dialect = `delim = ${quoteText(delimiter)}, quote = '"', escape = '"', comment = '', skip = 0`;
  return `read_csv($1, auto_detect = false, header = true, ${dialect}, columns = {${types}})`;
}

type Family = 'text' | 'integer' | 'real' | 'bool' | 'date' | 'other';

const FAMILIES: readonly (readonly [RegExp, Family])[] = [
  [/^(VARCHAR|ENUM\(|UUID)/, 'text'],
  [/^U?(TINYINT|SMALLINT|INTEGER|BIGINT|HUGEINT)$/, 'integer'],
  [/^(FLOAT|DOUBLE|DECIMAL)/, 'real'],
  [/^BOOLEAN$/, 'bool'],
  // Not TIMESTAMP WITH TIME ZONE: its day depends on where one stands.
  [/^(DATE|TIMESTAMP(_\w+)?)$/, 'date'],
];

const familyOf = ({ sqlType }: StoredColumn): Family =>
  FAMILIES.find(([pattern]) => pattern.test(sqlType))?.[1] ?? 'other';

/** The type of a column that nobody declared, by the type it is stored as; text still has to be looked at. */
export function storedType(column: StoredColumn): ColumnType {
  const types = { integer: 'number', real: 'number', bool: 'bool', date: 'date' } as const;
  const family = familyOf(column);
  return family === 'text' || family === 'other' ? 'text' : types[family];
}

export const isStoredAsText = (column: StoredColumn): boolean => familyOf(column) === 'text';

/** A DOUBLE: NULL where the value is missing, NaN where it is there but no finite number (date, truth value). */
export function numberSql(
  column: StoredColumn,
  type: 'number' | 'bool' | 'date',
  missing: readonly string[],
): string {
  const present = presentSql(column, missing);
  const value = valueSql(column, type, present);
  return `CASE WHEN ${present} IS NULL THEN NULL
    ELSE coalesce(CASE WHEN isfinite(${value}) THEN ${value} END, 'nan'::DOUBLE) END`;
}

function valueSql(column: StoredColumn, type: 'number' | 'bool' | 'date', present: string): string {
  const family = familyOf(column);
  if (type === 'date' && (family === 'text' || family === 'date')) {
    const day = `TRY_CAST(${present} AS DATE)`;
    return `CASE WHEN isfinite(${day}) THEN date_diff('day', DATE '1970-01-01', ${day})::DOUBLE END`;
  }
  if (type === 'bool' && family === 'text') {
    const word = `lower(trim(${present}))`;
    return `CASE WHEN ${word} IN ('true', 't', 'yes', 'y', '1') THEN 1::DOUBLE
      WHEN ${word} IN ('false', 'f', 'no', 'n', '0') THEN 0::DOUBLE END`;
  }
  if (type === 'bool' && family === 'integer') {
    return `CASE WHEN ${present} IN (0, 1) THEN ${present}::DOUBLE END`;
  }
  if (type !== 'date' && family === 'bool') return `${present}::INTEGER::DOUBLE`;
  if (type === 'number' && family === 'text') {
    // DuckDB reads 1_000 as a thousand; here it is a typing error.
    return `CASE WHEN NOT contains(${present}, '_') THEN TRY_CAST(${present} AS DOUBLE) END`;
  }
  if (type === 'number' && (family === 'integer' || family === 'real')) return `${present}::DOUBLE`;
  throw unreadable(column, type);
}

/** A VARCHAR: NULL where missing. A whole number has no decimal point, however it is stored. */
export function textSql(column: StoredColumn, missing: readonly string[]): string {
  const present = presentSql(column, missing);
  const family = familyOf(column);
  if (family === 'other') throw unreadable(column, 'text');
  if (family !== 'real') return `${present}::VARCHAR`;
  return `CASE WHEN ${present} = trunc(${present}) AND abs(${present}) < 1e15
    THEN ${present}::BIGINT::VARCHAR ELSE ${present}::VARCHAR END`;
}

/** The value as it is stored: NULL where missing. */
export function presentSql(column: StoredColumn, missing: readonly string[]): string {
  const name = quoteName(column.name);
  // pandas writes a missing number as NaN.
  if (/^(FLOAT|DOUBLE)/.test(column.sqlType))
    return `CASE WHEN NOT isnan(${name}) THEN ${name} END`;
  if (familyOf(column) !== 'text') return name;
  const markers = ['', 'NA', ...missing].map((text) => quoteText(text.trim())).join(', ');
  return `CASE WHEN trim(${name}::VARCHAR, ' \t') NOT IN (${markers}) THEN ${name}::VARCHAR END`;
}

function unreadable({ name, sqlType }: StoredColumn, type: ColumnType): SottoError {
  return new SottoError('invalid-argument', `column '${name}' cannot be read as ${type}`, {
    column: name,
    stored: sqlType,
    wanted: type,
  });
}
