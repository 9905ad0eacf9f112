/** The demo's exclusion: the company delivers to its audience without people whom the bank has already. */
import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { create } from '@bufbuild/protobuf';
import { parsePredicate } from '../../data/predicate/index.ts';
import { openTable } from '../../data/table.ts';
import { JobSpecSchema } from '../../gen/sotto/job/v1/agreement_pb.ts';
import type { Job } from '../../gen/sotto/job/v1/job_pb.ts';
import type { OperatorClient } from '../connection.ts';
import type { Output } from '../output.ts';
import { type DemoSetup, IDS, PURPOSE } from './setup.ts';

export interface ExcludeFindings {
  /** Rows of the company's audience. */
  readonly audience: number;
  /** Of these, people whom the bank has. */
  readonly excluded: number;
  /** Withheld at random besides. */
  readonly holdout: number;
  /** Held to both tables, which only a demo can read: nobody is delivered to whom the bank has. */
  readonly correct: boolean;
}

const CONDITION = 'Age >= 40';

/** The bank asks; the company's rules admit it. `settled` gives the job once it has succeeded at a party. */
export async function excludeCustomers(
  { bank, company }: Readonly<Record<'bank' | 'company', OperatorClient>>,
  setup: DemoSetup,
  settled: (operator: OperatorClient, id: string) => Promise<Job>,
): Promise<ExcludeFindings> {
  const spec = create(JobSpecSchema, {
    purpose: PURPOSE,
    active: { party: 'bank', dataset: 'customers', where: CONDITION },
    passive: { party: 'company', dataset: 'accounts' },
    protocol: { case: 'exclude', value: {} },
  });
  const { id } = await bank.submit(spec, randomUUID());
  const here = await settled(bank, id); // by then the company knows the job
  await settled(company, id);
  const { audience, overlap, heldOut } = here.result as Record<string, number>;
  const deliver = join(setup.company.folder, 'deliver.csv');
  await writeFile(deliver, await company.artifact(id, 'deliver.csv'), { mode: 0o600 });
  const known = new Set(await idsIn(join(setup.bank.folder, 'customers.csv'), CONDITION));
  const people = await idsIn(join(setup.company.folder, 'accounts.csv'));
  const common = people.filter((person) => known.has(person)).length;
  const delivered = await idsIn(deliver);
  return {
    audience: audience!,
    excluded: overlap!,
    holdout: heldOut!,
    correct:
      common === overlap &&
      !delivered.some((person) => known.has(person)) &&
      delivered.length + common + heldOut! === people.length,
  };
}

async function idsIn(path: string, condition?: string): Promise<string[]> {
  await using table = await openTable({ path, ...IDS });
  const { ids } = await table.ids();
  if (condition === undefined) return ids;
  const rows = await table.where(parsePredicate(condition), { today: 0 });
  return Array.from(rows, (row) => ids[row]!);
}

export function excludeLines(found: ExcludeFindings, output: Output): string[] {
  const number = (value: number): string => value.toLocaleString('en-US');
  const { audience, excluded, holdout, correct } = found;
  return [
    output.style('bold', `  delivery to ${number(audience)} people of the company`),
    `  ${number(excluded)} are left out because the bank has them, ${number(holdout)} as a control group at random;`,
    '  the company learns whom to leave out, and of nobody why',
    `  held to both tables: ${correct ? 'right' : output.style('red', 'WRONG')}`,
  ];
}
