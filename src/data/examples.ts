/** The example data sets, cut into the tables of a bank and of a data company as examples/data/README.md says. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { SottoError } from '../base/errors.ts';
import { splitRecord } from './header.ts';

interface Example {
  readonly label: { readonly column: string; readonly positive: string };
  /** Feature columns of each party, in file order. */
  readonly bank: readonly string[];
  readonly company: readonly string[];
  /** Of either party; the other columns are numbers. */
  readonly categories: readonly string[];
}

export const EXAMPLES: Readonly<Record<'credit_data' | 'lending_club', Example>> = {
  credit_data: {
    label: { column: 'Status', positive: 'bad' },
    bank: ['Seniority', 'Age', 'Marital', 'Records', 'Job', 'Income'],
    company: ['Home', 'Time', 'Expenses', 'Assets', 'Debt', 'Amount', 'Price'],
    categories: ['Marital', 'Records', 'Job', 'Home'],
  },
  lending_club: {
    label: { column: 'Class', positive: 'bad' },
    bank: [
      ...['funded_amnt', 'term', 'int_rate', 'sub_grade', 'addr_state', 'verification_status'],
      ...['annual_inc', 'emp_length', 'delinq_2yrs', 'inq_last_6mths', 'revol_util'],
    ],
    company: [
      ...['acc_now_delinq', 'open_il_6m', 'open_il_12m', 'open_il_24m', 'total_bal_il', 'all_util'],
      ...['inq_fi', 'inq_last_12m', 'delinq_amnt', 'num_il_tl', 'total_il_high_credit_limit'],
    ],
    categories: ['term', 'sub_grade', 'addr_state', 'verification_status', 'emp_length'],
  },
};

export interface ExampleTables {
  /** Paths of the written tables; the id column of both is `id`. */
  readonly bank: string;
  readonly company: string;
  readonly rows: { readonly bank: number; readonly company: number; readonly both: number };
}

/** A party has a row if the first byte of a hash of its name and the id lies below this: 85 % of rows. */
const SHARE_OF_256 = 218;

/** Writes bank.csv and company.csv into `outDir`, which is made if need be; always the same bytes. */
export async function writeExampleTables(name: string, outDir: string): Promise<ExampleTables> {
  const example = exampleOf(name);
  const lines = (await readFile(exampleFile(name), 'utf8')).trimEnd().split(/\r?\n/);
  const header = splitRecord(lines[0]!, ',');
  const records = lines.slice(1).map((line, index) => ({
    id: `C${String(index + 1).padStart(7, '0')}`,
    fields: splitRecord(line, ','),
  }));
  const take = async (party: 'bank' | 'company', columns: readonly string[]) => {
    const at = columns.map((column) => header.indexOf(column));
    const kept = records.filter(({ id }) => isAt(party, id));
    const rows = kept.map(({ id, fields }) => [id, ...at.map((place) => fields[place]!)].join(','));
    const path = join(outDir, `${party}.csv`);
    await writeFile(path, `${[['id', ...columns].join(','), ...rows].join('\n')}\n`);
    return { path, rows: kept.length };
  };
  await mkdir(outDir, { recursive: true });
  const bank = await take('bank', [example.label.column, ...example.bank]);
  const company = await take('company', example.company);
  const both = records.filter(({ id }) => isAt('bank', id) && isAt('company', id)).length;
  const rows = { bank: bank.rows, company: company.rows, both };
  return { bank: bank.path, company: company.path, rows };
}

const isAt = (party: string, id: string): boolean =>
  createHash('sha256').update(`${party}${id}`).digest()[0]! < SHARE_OF_256;

function exampleOf(name: string): Example {
  if (name === 'credit_data' || name === 'lending_club') return EXAMPLES[name];
  throw new SottoError('invalid-argument', `no example is called '${name}'`, {
    known: Object.keys(EXAMPLES).join(', '),
  });
}

/** In the nearest folder above that has examples: the same from sources and from a build. */
function exampleFile(name: string): string {
  for (let folder = import.meta.dirname; folder !== dirname(folder); folder = dirname(folder)) {
    const file = join(folder, 'examples', 'data', `${name}.csv`);
    if (existsSync(file)) return file;
  }
  throw new SottoError('not-found', `the example data '${name}' is not installed`, { name });
}
