/** The rows of a dataset on their way into a sealed table: ids in their declared form, and typed values. */

import { SottoError } from '../base/errors.ts';
import { type DatasetConfig, readDatasetConfig } from '../data/dataset.ts';
import { idNormalizer } from '../data/ids.ts';
import { scan } from '../data/scan.ts';
import { countRows, findColumn, openSource, type Source } from '../data/source.ts';
import { numberSql, textSql } from '../data/sql.ts';
import { type TagField, TagType } from '../gen/sotto/tag/v1/tag_pb.ts';
import { ABSENT, UNKNOWN, type Value } from './schema.ts';

/** Longer ids are a mistake in the table, not ids. */
const MOST_ID_BYTES = 512;
const HEX_DIGEST = /^[0-9a-f]{64}$/;

export interface RowSource {
  readonly dataset: DatasetConfig;
  readonly fields: readonly TagField[];
  /** The column of each field, in the same order. */
  readonly columns: readonly string[];
  /** Texts that mean: the company does not know. (What the dataset calls missing is absent.) */
  readonly unknown: readonly string[];
  /** "none", or "sha256": then the ids in the table are digests already. */
  readonly digestAlgorithm: string;
}

export interface SourceRow {
  /** From 1, as in errors. */
  readonly row: number;
  /** As it is sealed. */
  readonly id: string;
  readonly values: readonly Value[];
}

/** An open table: its size, and its rows in order, a few thousand at a time. */
export interface OpenRows extends Disposable {
  readonly path: string;
  readonly count: number;
  batches(signal: AbortSignal): AsyncGenerator<SourceRow[], void, void>;
}

export async function openRows(from: RowSource): Promise<OpenRows> {
  const source = await openSource(readDatasetConfig(from.dataset));
  try {
    for (const column of from.columns) findColumn(source.stored, column);
    const count = await countRows(source);
    return {
      path: source.path,
      count,
      batches: (signal) => batches(from, source, signal),
      [Symbol.dispose]: () => source.instance.closeSync(),
    };
  } catch (thrown) {
    source.instance.closeSync();
    throw thrown;
  }
}

async function* batches(
  from: RowSource,
  source: Source,
  signal: AbortSignal,
): AsyncGenerator<SourceRow[], void, void> {
  const { dataset, stored, instance, path } = source;
  const readId = idReader(from, source);
  const readers = from.fields.map((field, index) =>
    valueReader(from, field, findColumn(stored, from.columns[index]!), dataset.missing),
  );
  const id = textSql(findColumn(stored, dataset.idColumn), dataset.missing);
  const expressions = [id, ...readers.flatMap(({ sql }) => sql)].join(', ');
  let row = 0;
  for await (const chunk of scan(
    instance,
    `SELECT ${expressions} FROM ${source.from}`,
    [path],
    signal,
  )) {
    const columns = Array.from({ length: chunk.columnCount }, (_, at) => chunk.getColumnVector(at));
    const rows: SourceRow[] = [];
    for (let i = 0; i < chunk.rowCount; i++) {
      row += 1;
      const cells = columns.map((column) => column.getItem(i));
      let at = 1;
      const values = readers.map(({ sql, read }) => {
        const value = read(cells.slice(at, at + sql.length), row);
        at += sql.length;
        return value;
      });
      rows.push({ row, id: readId(cells[0] as string | null, row), values });
    }
    yield rows;
  }
}

function idReader(from: RowSource, { dataset }: Source) {
  const normalize = idNormalizer(dataset.idNormalization);
  const column = dataset.idColumn;
  return (text: string | null, row: number): string => {
    const id = text === null ? undefined : normalize(text);
    const refuse = (why: string): SottoError =>
      new SottoError('invalid-argument', `the id in column '${column}' at row ${row} ${why}`, {
        column,
        row,
      });
    if (text === null || text.trim() === '') throw refuse('is empty');
    if (id === undefined) throw refuse('cannot be normalised as declared');
    if (id.length > MOST_ID_BYTES || id.startsWith('\0')) throw refuse('is no id');
    if (from.digestAlgorithm !== 'none' && !HEX_DIGEST.test(id)) {
      throw refuse('is not a SHA-256 digest in lower-case hex');
    }
    return id;
  };
}

interface ValueReader {
  readonly sql: readonly string[];
  read(cells: readonly unknown[], row: number): Value;
}

const NUMBER_TYPES: Readonly<Partial<Record<TagType, 'number' | 'bool' | 'date'>>> = {
  [TagType.INT]: 'number',
  [TagType.FLOAT]: 'number',
  [TagType.BOOL]: 'bool',
  [TagType.DATE]: 'date',
};

function valueReader(
  { unknown }: RowSource,
  field: TagField,
  column: Parameters<typeof textSql>[0],
  missing: readonly string[],
): ValueReader {
  const numberType = NUMBER_TYPES[field.type];
  const text = textSql(column, missing);
  const isUnknown = (cell: unknown): boolean =>
    typeof cell === 'string' && unknown.includes(cell.trim());
  if (numberType === undefined) {
    return {
      sql: [text],
      read: ([cell]) => (isUnknown(cell) ? UNKNOWN : cell === null ? ABSENT : (cell as string)),
    };
  }
  return {
    sql: [numberSql(column, numberType, missing), text],
    read: ([number, word], row) => {
      if (isUnknown(word)) return UNKNOWN;
      if (number === null) return ABSENT;
      if (Number.isNaN(number)) {
        const facts = { field: field.name, column: column.name, row };
        const message = `column '${column.name}' holds a value at row ${row} that is not of its type`;
        throw new SottoError('invalid-argument', message, facts);
      }
      return numberType === 'bool' ? number === 1 : (number as number);
    },
  };
}
