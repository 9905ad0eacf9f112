/**
 * Goal: a model is trained further between two real processes, begins where its parent ended, and says so at both.
 * Method: two workers over mutually authenticated gRPC on loopback, real encryption, and the program's own commands.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { EXIT_CODES } from '../../src/cli/exit-codes.ts';
import { WIDE_COLUMNS, wideTables } from '../support/lending.ts';
import { lastObject, sotto } from '../support/program.ts';
import { addDataset, type Sites, setUpSites } from '../support/two-workers.ts';

interface Trained {
  readonly modelId: string;
  readonly metrics: { readonly auc: number };
}

let sites: Sites;
const at = (party: 'bank' | 'company'): string[] => ['--config', sites[party].config];

beforeAll(async () => {
  sites = await setUpSites({ rows: 100, autoApprove: false });
  const { 'loans.csv': loans, 'calls.csv': calls } = wideTables();
  const added = { name: 'lending', protocol: 'train' };
  addDataset(sites.bank, { ...added, table: loans, columns: ['income', 'age', 'bad'] });
  addDataset(sites.company, { ...added, table: calls, columns: WIDE_COLUMNS });
  await Promise.all([sites.start('bank'), sites.start('company')]);
});
afterAll(async () => sites[Symbol.asyncDispose]());

async function submit(name: string, train: object) {
  const file = join(sites.bank.folder, `${name}.yaml`);
  const dataset = 'lending';
  const label = { column: 'bad', positive: '1' };
  const job = {
    purpose: 'test',
    active: { party: 'bank', dataset, columns: [{ name: 'income' }, { name: 'age' }], label },
    passive: { party: 'company', dataset, columns: WIDE_COLUMNS.map((name) => ({ name })) },
    train: { harmonics: 2, ...train },
  };
  writeFileSync(file, stringify(job));
  return await sotto(['job', 'submit', file, ...at('bank'), '--watch', '--json']);
}

async function trained(name: string, train: object): Promise<Trained> {
  const ended = await submit(name, train);
  expect(ended.code, ended.stdout + ended.stderr).toBe(0);
  return (lastObject(ended) as { result: Trained }).result;
}

test('one more pass goes on where the parent ended, and both halves name it', async () => {
  const parent = await trained('parent', { passes: 4 });
  const child = await trained('child', { passes: 1, parentModelId: parent.modelId });
  expect(child.modelId).not.toBe(parent.modelId);
  expect(child.metrics.auc).toBeGreaterThan(parent.metrics.auc - 0.12);
  for (const party of ['bank', 'company'] as const) {
    const file = join(sites[party].folder, 'half.json');
    const saved = await sotto(['models', 'show', child.modelId, '--save', file, ...at(party)]);
    expect(saved.code, saved.stderr).toBe(0);
    const { lineage } = JSON.parse(readFileSync(file, 'utf8'));
    expect(lineage).toMatchObject({ parentModelId: parent.modelId });
  }
}, 180_000);

test('a parent that nobody has is refused by field before anything runs', async () => {
  const refused = await submit('orphan', { passes: 1, parentModelId: 'a0b1c2d3e4' });
  expect(refused.code).toBe(EXIT_CODES['invalid-argument']);
  expect(refused.stderr + refused.stdout).toContain('parent_model_id');
});
