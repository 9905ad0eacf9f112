/** How a configuration describes a dataset: a file, its id column, and what its columns mean. */
import { z } from 'zod';
import { SottoError } from '../base/errors.ts';
import { ID_NORMALIZATION_STEPS, idNormalizer } from './ids.ts';

/**
 * What a column holds. `number`, `bool` (0 or 1) and `date` (days since 1970-01-01) become numeric
 * features, `category` a categorical one; `text` is never a feature (but may be an id or a label).
 */
const COLUMN_TYPES = ['number', 'category', 'text', 'bool', 'date'] as const;
export type ColumnType = (typeof COLUMN_TYPES)[number];

/** Strict: a key that means nothing is an error, for it was meant to mean something. */
export const datasetSchema = z.strictObject({
  /** Relative paths are the configuration's affair; here it is opened as it stands. */
  path: z.string().min(1),
  /** Absent: by the file's ending (.csv, .tsv, .parquet). */
  format: z.enum(['csv', 'parquet']).optional(),
  idColumn: z.string().min(1),
  /** Steps in order, e.g. ["trim", "nfc", "lowercase"]; both parties of a job must declare the same. */
  idNormalization: z.array(z.enum(ID_NORMALIZATION_STEPS as [string, ...string[]])).default([]),
  /** Types of columns by name; the others are inferred. */
  columns: z.record(z.string().min(1), z.enum(COLUMN_TYPES)).default({}),
  /** Texts that mean 'missing' besides the empty text and `NA`, compared after trimming. */
  missing: z.array(z.string()).default([]),
  /** Between fields of a CSV file; absent: a comma, or a tab for .tsv. */
  delimiter: z.string().length(1).optional(),
  /** Most memory the table reader may take, in MiB. */
  memoryMiB: z.number().int().min(64).default(512),
});

/** As it is written: what has a default may be left out. */
export type DatasetConfig = z.input<typeof datasetSchema>;
/** With every default filled in. */
export type Dataset = z.output<typeof datasetSchema> & {
  readonly format: 'csv' | 'parquet';
  readonly delimiter: string;
};

/** Fills in the defaults and checks everything that can be checked without the file. */
export function readDatasetConfig(config: DatasetConfig): Dataset {
  idNormalizer(config.idNormalization ?? []);
  const parsed = datasetSchema.safeParse(config);
  if (!parsed.success) {
    const issue = parsed.error.issues[0]!;
    throw new SottoError(
      'invalid-argument',
      `the dataset's description is wrong: ${issue.message}`,
      {
        field: issue.path.join('.'),
      },
    );
  }
  const dataset = parsed.data;
  const ending = /\.(csv|tsv|parquet)$/i.exec(dataset.path)?.[1]?.toLowerCase();
  const format = dataset.format ?? (ending === 'parquet' ? 'parquet' : ending && 'csv');
  if (!format) {
    throw new SottoError('invalid-argument', 'the file ending tells no format: declare it', {
      field: 'format',
      known: 'csv, parquet',
    });
  }
  return { ...dataset, format, delimiter: dataset.delimiter ?? (ending === 'tsv' ? '\t' : ',') };
}
