/**
 * A predicate as SQL over one table. Names of columns are those of the table, quoted; every value is a
 * bound parameter; all other text of the SQL stands in this file and in `sql.ts`.
 */
import { SottoError } from '../../base/errors.ts';
import type { ColumnType } from '../dataset.ts';
import { numberSql, type StoredColumn, textSql } from '../sql.ts';
import type { ColumnName, Predicate, Value } from './parse.ts';

/** What of a table its predicates may touch. */
export interface Scope {
  readonly stored: readonly StoredColumn[];
  readonly types: ReadonlyMap<string, ColumnType>;
  readonly missing: readonly string[];
  /** Days since 1970: "within n days" counts back from here. */
  readonly today: number;
  /** Parameters $1 .. of the statement around it. */
  readonly bound: number;
}

export interface Compiled {
  /** BOOLEAN, or NULL where a missing value leaves it unknown. */
  readonly sql: string;
  /** For the parameters from `bound` + 1. */
  readonly values: readonly (number | string)[];
  /** Columns read as numbers, with SQL that is true where a value is there but no number. */
  readonly checks: readonly { readonly column: string; readonly sql: string }[];
}

const DAY = /^(\d{4})-(\d{2})-(\d{2})$/;
const DAY_MS = 86_400_000;

/** @throws SottoError invalid-argument with `position`, and `column` or `expected`. */
export function compilePredicate(predicate: Predicate, scope: Scope): Compiled {
  const values: (number | string)[] = [];
  const checks = new Map<string, string>();

  const bind = (value: number | string): string => {
    values.push(value);
    return `$${scope.bound + values.length}::${typeof value === 'number' ? 'DOUBLE' : 'VARCHAR'}`;
  };

  const column = (wanted: ColumnName): { readonly sql: string; readonly type: ColumnType } => {
    const stored = scope.stored.find(({ name }) => name === wanted.name);
    const type = scope.types.get(wanted.name);
    if (stored === undefined || type === undefined) {
      throw misplaced(wanted.at, `the table has no column '${wanted.name}'`, {
        column: wanted.name,
      });
    }
    if (type === 'category' || type === 'text')
      return { sql: textSql(stored, scope.missing), type };
    const sql = numberSql(stored, type, scope.missing);
    checks.set(wanted.name, `isnan(${sql})`);
    return { sql, type };
  };

  const write = (node: Predicate): string => {
    if (node.kind === 'and' || node.kind === 'or') {
      return `(${node.terms.map(write).join(node.kind === 'and' ? ' AND ' : ' OR ')})`;
    }
    if (node.kind === 'not') return `(NOT ${write(node.term)})`;
    const { sql, type } = column(node.column);
    const value = (given: Value): string => bind(literalOf(given, type, node.column.name));
    if (node.kind === 'null') return `(${sql} IS NULL)`;
    if (node.kind === 'compare') {
      requireOrder(node.operator, type, node.column);
      return `(${sql} ${node.operator} ${value(node.value)})`;
    }
    if (node.kind === 'in') return `(${sql} IN (${node.values.map(value).join(', ')}))`;
    if (node.kind === 'between') {
      requireOrder('<', type, node.column);
      return `(${sql} BETWEEN ${value(node.from)} AND ${value(node.to)})`;
    }
    if (type !== 'date') {
      throw misplaced(node.column.at, `column '${node.column.name}' is no date`, {
        column: node.column.name,
        found: type,
        expected: 'date',
      });
    }
    const last =
      node.of === undefined ? scope.today : Number(literalOf(node.of, type, node.column.name));
    return `(${sql} BETWEEN ${bind(last - node.days)} AND ${bind(last)})`;
  };

  const sql = write(predicate);
  return {
    sql,
    values,
    checks: [...checks].map(([name, check]) => ({ column: name, sql: check })),
  };
}

/** The names that a predicate reads, each once. */
export function columnsOf(predicate: Predicate): string[] {
  const names = (node: Predicate): string[] => {
    if (node.kind === 'and' || node.kind === 'or') return node.terms.flatMap(names);
    return node.kind === 'not' ? names(node.term) : [node.column.name];
  };
  return [...new Set(names(predicate))];
}

/** Texts have no order that two databases agree on; a truth value has none at all. */
function requireOrder(operator: string, type: ColumnType, { name, at }: ColumnName): void {
  if (operator === '=' || operator === '<>' || type === 'number' || type === 'date') return;
  throw misplaced(at, `column '${name}' has no order`, {
    column: name,
    found: type,
    expected: 'number or date',
  });
}

function literalOf({ kind, value, at }: Value, type: ColumnType, column: string): number | string {
  if (type === 'number' && kind === 'number') return value;
  if (type === 'bool' && kind === 'bool') return Number(value);
  if ((type === 'category' || type === 'text') && kind === 'text') return value;
  if (type === 'date' && kind === 'text') {
    const days = dayOf(value);
    if (days !== undefined) return days;
  }
  const expected = {
    number: 'a number',
    bool: 'true or false',
    date: "a day such as '2026-03-31'",
    category: "a text in 'quotes'",
    text: "a text in 'quotes'",
  }[type];
  throw misplaced(at, `column '${column}' is compared with ${expected}`, { column, expected });
}

/** Days since 1970-01-01 of a day that the calendar has. */
function dayOf(text: string): number | undefined {
  const [, year, month, day] = DAY.exec(text) ?? [];
  if (year === undefined) return undefined;
  const ms = Date.UTC(Number(year), Number(month) - 1, Number(day));
  return new Date(ms).toISOString().startsWith(text) ? ms / DAY_MS : undefined;
}

function misplaced(
  at: number,
  message: string,
  facts: Readonly<Record<string, string | number>>,
): SottoError {
  const position = at + 1;
  return new SottoError(
    'invalid-argument',
    `at character ${position} of the condition: ${message}`,
    {
      position,
      ...facts,
    },
  );
}
