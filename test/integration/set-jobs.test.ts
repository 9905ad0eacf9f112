/**
 * Goal: exclude, select and count work between two real processes, and an operator sees what was spent.
 * Method: two workers over mutually authenticated gRPC on loopback, and the program's own commands.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { lastObject, sotto } from '../support/program.ts';
import { type Sites, setUpSites } from '../support/two-workers.ts';

let sites: Sites;
const ROWS = 1_600;
const at = (party: 'bank' | 'company'): string[] => ['--config', sites[party].config];

beforeAll(async () => {
  sites = await setUpSites({ rows: ROWS, autoApprove: false });
  await Promise.all([sites.start('bank'), sites.start('company')]);
});
afterAll(async () => sites[Symbol.asyncDispose]());

async function runs(name: string, protocol: object, passive: object = {}, active: object = {}) {
  const file = join(sites.bank.folder, `${name}.yaml`);
  const job = {
    purpose: 'test',
    active: { party: 'bank', dataset: 'rows', ...active },
    passive: { party: 'company', dataset: 'rows', ...passive },
    ...protocol,
  };
  writeFileSync(file, stringify(job));
  const ended = await sotto(['job', 'submit', file, ...at('bank'), '--watch', '--json']);
  expect(ended.code, ended.stdout + ended.stderr).toBe(0);
  return lastObject(ended) as { id: string; result: Record<string, unknown> };
}

const idsOf = (party: 'bank' | 'company'): string[] =>
  readFileSync(join(sites[party].folder, 'table.csv'), 'utf8')
    .trimEnd()
    .split('\n')
    .slice(1)
    .map((line) => line.split(',')[0]!);

test('the company learns whom to deliver to, and the bank how many it has already', async () => {
  const job = await runs('exclude', { exclude: { holdout: 0.5, maxCertainty: 0.99 } });
  const folder = join(sites.company.folder, 'results');
  const saved = await sotto(['job', 'get', job.id, '--save', folder, ...at('company'), '--json']);
  expect(saved.code, saved.stderr).toBe(0);
  const deliver = readFileSync(join(folder, 'deliver.csv'), 'utf8').trimEnd().split('\n');
  const known = new Set(idsOf('bank'));
  const ids = deliver.slice(1).map((line) => line.split(',')[0]!);
  expect(ids.filter((id) => known.has(id))).toEqual([]);
  const overlap = idsOf('company').filter((id) => known.has(id)).length;
  expect(job.result).toMatchObject({ audience: 1_500, overlap });
  expect(ids.length).toBe(1_500 - overlap - Number(job.result.heldOut));
});

test('rows are counted and selected by conditions of both', async () => {
  const where = 'debt < 0.5';
  const counted = await runs('count', {
    count: {
      active: [{ name: 'young', where: 'age < 0.5' }],
      passive: [{ name: 'all' }],
      exact: true,
    },
  });
  const [{ count }] = counted.result.counts as [{ count: number }];
  expect(count).toBeGreaterThan(550);
  const selected = await runs('select', { select: {} }, { where, columns: [{ name: 'debt' }] });
  expect(Number(selected.result.rows)).toBeGreaterThan(550);
});

test('the operators of both see what is left', async () => {
  const budget = await sotto(['budget', ...at('bank'), '--json']);
  expect(lastObject(budget)).toMatchObject({
    exposures: [
      { peer: 'company', dataset: 'rows', releases: 3, left: { epsilon: 20, exact: 19 } },
    ],
  });
  const text = await sotto(['budget', ...at('company')]);
  expect(text.stdout).toContain('epsilon left');
  expect(text.stdout).toContain('18 of 20');
});
