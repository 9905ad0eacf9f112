/** Made-up customers of two companies, with a true logistic relation: always the same for the same sizes. */
import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { DuckDBConnection } from '@duckdb/node-api';
import type { FeatureMatrix } from '../../src/math/columns.ts';
import { logistic } from '../../src/math/linear-model.ts';
import { wordsFrom } from '../../test/support/ring.ts';

export interface Sizes {
  readonly rows: number;
  /** Columns of the bank, and of the company. */
  readonly bank: number;
  readonly company: number;
}

export interface Customers {
  readonly bank: FeatureMatrix;
  readonly company: FeatureMatrix;
  readonly labels: Uint8Array;
}

/** Hidden traits that columns of both companies share: what makes them correlate across the two. */
const TRAITS = 5;
/** Of a column's variance, what the traits explain. */
const SHARED = 0.36;
/** Standard deviation of the true logit: an AUC of about 0.8. */
const STRENGTH = 1.6;
/** A base rate of about a quarter. */
const INTERCEPT = -1.4;

/** Standard normal columns, a fifth of which share each trait; weights of both signs. */
export function makeCustomers(sizes: Sizes): Customers {
  const { rows } = sizes;
  const word = wordsFrom(rows);
  const uniform = (): number => (word() + 0.5) / 2 ** 32;
  const normal = (): number =>
    Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
  const count = sizes.bank + sizes.company;
  const traits = Float64Array.from({ length: TRAITS * rows }, normal);
  const values = new Float64Array(count * rows);
  const logits = new Float64Array(rows).fill(INTERCEPT);
  for (let column = 0; column < count; column++) {
    const weight = ((column % 2 === 0 ? 1 : -1) * STRENGTH) / Math.sqrt(count);
    const trait = (column % TRAITS) * rows;
    for (let row = 0; row < rows; row++) {
      const own = Math.sqrt(1 - SHARED) * normal();
      const value = Math.sqrt(SHARED) * traits[trait + row]! + own;
      values[column * rows + row] = value;
      logits[row] = logits[row]! + weight * value;
    }
  }
  const cut = sizes.bank * rows;
  return {
    bank: { rows, columns: sizes.bank, values: values.subarray(0, cut) },
    company: { rows, columns: sizes.company, values: values.subarray(cut) },
    labels: Uint8Array.from(logits, (z) => (uniform() < logistic(z) ? 1 : 0)),
  };
}

export const LABEL = 'defaulted';

export const columnNames = (columns: number): string[] =>
  Array.from({ length: columns }, (_, column) => `x${column + 1}`);

/** The bank's table as CSV and the company's as Parquet: both readers are on the way of a training. */
export async function writeCustomers(
  { bank, company, labels }: Customers,
  folders: { readonly bank: string; readonly company: string },
): Promise<{ readonly bank: string; readonly company: string }> {
  const paths = {
    bank: join(folders.bank, 'customers.csv'),
    company: join(folders.company, 'accounts.parquet'),
  };
  await writeCsv(paths.bank, bank, labels);
  const scratch = join(folders.company, 'accounts.csv');
  await writeCsv(scratch, company);
  const connection = await DuckDBConnection.create();
  await connection.run(
    `COPY (SELECT * FROM read_csv('${scratch}')) TO '${paths.company}' (FORMAT parquet)`,
  );
  connection.closeSync();
  return paths;
}

async function writeCsv(
  path: string,
  { rows, columns, values }: FeatureMatrix,
  labels?: Uint8Array,
): Promise<void> {
  const header = ['id', ...(labels === undefined ? [] : [LABEL]), ...columnNames(columns)];
  function* lines(): Generator<string> {
    yield `${header.join(',')}\n`;
    for (let row = 0; row < rows; row++) {
      let line = `C${String(row + 1).padStart(7, '0')}`;
      if (labels !== undefined) line += labels[row] === 1 ? ',yes' : ',no';
      for (let column = 0; column < columns; column++) {
        line += `,${values[column * rows + row]!.toFixed(4)}`;
      }
      yield `${line}\n`;
    }
  }
  await pipeline(lines, createWriteStream(path));
}

/** Ids alone: so many, the first of which has this number. */
export const customerIds = (count: number, from: number): string[] =>
  Array.from({ length: count }, (_, i) => `customer ${from + i}`);
