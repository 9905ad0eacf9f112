/** Whether the tables can be used: their ids, and what their columns lack. */
import { asSottoError } from '../../base/errors.ts';
import { type ColumnShape, openTable } from '../../data/table.ts';
import { leastSupport } from '../../model/preprocess/columns.ts';
import { type Config, tablesOf } from '../config.ts';
import { type Finding, fail, ok, warn } from './finding.ts';

/** Above this share of missing values, what a column says is mostly whether it is there. */
const MOSTLY_MISSING = 0.5;
/** Columns that one finding names. */
const MOST_NAMED = 6;

export async function tables(config: Config): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const [name, dataset] of Object.entries(tablesOf(config))) {
    const subject = `dataset ${name}`;
    try {
      await using table = await openTable(dataset);
      await table.ids(); // unique, never empty
      const { rowCount } = table;
      const found = `${rowCount} rows, ${table.types.size} columns, ids unique`;
      const { maxRows } = config.limits;
      const remedy = `Raise limits.maxRows above ${maxRows} at both parties.`;
      findings.push(rowCount > maxRows ? fail(subject, found, remedy) : ok(subject, found));
      findings.push(...shapes(subject, rowCount, await table.shapes()));
    } catch (thrown) {
      const remedy = 'Mend the table or its description.';
      findings.push(fail(subject, asSottoError(thrown).describe(), remedy));
    }
  }
  return findings;
}

/** As trainings treat them: a column without two values is refused, and what is missing becomes the mean. */
function shapes(subject: string, rows: number, columns: readonly ColumnShape[]): Finding[] {
  const constant = columns.filter((column) => column.constant);
  const varying = columns.filter((column) => !column.constant && column.missing > 0);
  const [mostly, partly] = [true, false].map((above) =>
    varying.filter(({ missing }) => missing > MOSTLY_MISSING * rows === above),
  ) as [ColumnShape[], ColumnShape[]];
  const findings: Finding[] = [];
  if (constant.length > 0) {
    const found = `the same value in every row: ${named(constant, ({ name }) => name)}`;
    const remedy =
      'A training refuses such a column: leave it out, or fill it where it comes from.';
    findings.push(warn(subject, found, remedy));
  }
  if (mostly.length > 0) {
    const found = `missing in most rows: ${named(mostly, share(rows))}`;
    const remedy =
      'Leave it out, unless it matters that it is missing: a training then sees little else. ' +
      'A condition never chooses such rows.';
    findings.push(warn(subject, found, remedy));
  }
  if (partly.length > 0) {
    const least = leastSupport(rows);
    const how = `the training mean stands in, with a feature of its own from ${least} rows on`;
    findings.push(ok(subject, `missing: ${named(partly, share(rows))}; ${how}`));
  }
  return findings;
}

const share =
  (rows: number) =>
  ({ name, missing }: ColumnShape): string =>
    `${name} ${((100 * missing) / rows).toFixed(1)} %`;

/** The worst first. */
function named(columns: readonly ColumnShape[], say: (column: ColumnShape) => string): string {
  const sorted = columns.toSorted((a, b) => b.missing - a.missing);
  const more = sorted.length - MOST_NAMED;
  return `${sorted.slice(0, MOST_NAMED).map(say).join(', ')}${more > 0 ? `, and ${more} more` : ''}`;
}
