/** The example data sets as a training finds them: aligned, split, and prepared by each party for itself. */
import { createHash } from 'node:crypto';
import { EXAMPLES, writeExampleTables } from '../../src/data/examples.ts';
import { splitRows } from '../../src/data/split.ts';
import { openTable } from '../../src/data/table.ts';
import { type Column, type FeatureMatrix, pickRows } from '../../src/math/columns.ts';
import { applyPreprocessing, fitPreprocessing } from '../../src/model/preprocess.ts';

export type ExampleName = keyof typeof EXAMPLES;

/** Of each party, the rows that both have, in the same order. */
export interface AlignedExample {
  readonly ids: readonly string[];
  readonly bank: readonly Column[];
  readonly company: readonly Column[];
  readonly labels: Uint8Array;
}

export interface Side {
  readonly train: FeatureMatrix;
  readonly heldOut: FeatureMatrix;
}

export interface PreparedExample {
  readonly bank: Side;
  readonly company: Side;
  readonly labels: { readonly train: Uint8Array; readonly heldOut: Uint8Array };
}

/** Writes the two tables into the folder and joins them in the clear: alignment has a benchmark of its own. */
export async function alignExample(name: ExampleName, folder: string): Promise<AlignedExample> {
  const { bank: bankColumns, company: companyColumns, categories, label } = EXAMPLES[name];
  const paths = await writeExampleTables(name, folder);
  const table = (path: string, columns: readonly string[]) =>
    openTable({
      path,
      idColumn: 'id',
      missing: ['NA'],
      columns: Object.fromEntries(
        columns
          .filter((column) => categories.includes(column))
          .map((column) => [column, 'category']),
      ),
    });
  await using bank = await table(paths.bank, bankColumns);
  await using company = await table(paths.company, companyColumns);
  const own = (await bank.ids()).ids;
  const placeAtCompany = new Map((await company.ids()).ids.map((id, row) => [id, row]));
  const common = own.flatMap((id, row) => {
    const other = placeAtCompany.get(id);
    return other === undefined ? [] : [{ id, row, other }];
  });
  const rows = Uint32Array.from(common, ({ row }) => row);
  const named = (columns: readonly string[]) => columns.map((column) => ({ name: column }));
  return {
    ids: common.map(({ id }) => id),
    bank: await bank.columns(named(bankColumns), rows),
    company: await company.columns(
      named(companyColumns),
      Uint32Array.from(common, ({ other }) => other),
    ),
    labels: await bank.labels(label, rows),
  };
}

/** Holds out a fifth of the rows by split seed `seed`, and fits each party's preprocessing to the others. */
export function prepareExample(
  { ids, bank, company, labels }: AlignedExample,
  seed: number,
  maxCategories: number,
): PreparedExample {
  const key = createHash('sha256').update(`split seed ${seed}`).digest();
  const split = splitRows(key, ids, 0.2);
  const take = (rows: Uint32Array): Uint8Array => Uint8Array.from(rows, (row) => labels[row]!);
  const side = (columns: readonly Column[]): Side => {
    const train = pickRows(columns, split.train);
    const preprocessing = fitPreprocessing(train, {
      uses: columns.map(({ name }) => ({ name, maxCategories })),
    });
    return {
      train: applyPreprocessing(preprocessing, train),
      heldOut: applyPreprocessing(preprocessing, pickRows(columns, split.heldOut)),
    };
  };
  return {
    bank: side(bank),
    company: side(company),
    labels: { train: take(split.train), heldOut: take(split.heldOut) },
  };
}
