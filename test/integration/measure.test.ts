/**
 * Goal: a campaign is measured between two real processes, and asked again it costs nothing.
 * Method: two workers over mutually authenticated gRPC on loopback, real encryption, and the program's own commands.
 */
import { createHash, verify } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { lengthPrefixed } from '../../src/base/bytes.ts';
import type { Measurement } from '../../src/model/measurement.ts';
import { readPublic } from '../../src/rpc/keys.ts';
import { campaign } from '../support/measured.ts';
import { lastObject, sotto } from '../support/program.ts';
import { addDataset, type Sites, setUpSites } from '../support/two-workers.ts';

type Party = 'bank' | 'company';
const PARTIES: readonly Party[] = ['bank', 'company'];
const given = campaign(['control', 'letter'], 300);
let sites: Sites;
const at = (party: Party): string[] => ['--config', sites[party].config];

beforeAll(async () => {
  sites = await setUpSites({ rows: 100, autoApprove: false });
  const added = { name: 'campaign', protocol: 'measure' };
  addDataset(sites.bank, { ...added, table: given.converted, columns: ['bought', 'spend'] });
  addDataset(sites.company, { ...added, table: given.exposed, columns: ['cohort'] });
  await Promise.all([sites.start('bank'), sites.start('company')]);
});
afterAll(async () => sites[Symbol.asyncDispose]());

async function runs(name: string, text: string) {
  const file = join(sites.bank.folder, `${name}.yaml`);
  writeFileSync(file, text);
  const ended = await sotto(['job', 'submit', file, ...at('bank'), '--watch', '--json']);
  expect(ended.code, ended.stdout + ended.stderr).toBe(0);
  return lastObject(ended) as { id: string; result: Record<string, unknown> };
}

/** A file that a job left at a party. */
async function fileOf(party: Party, id: string, name: string): Promise<string> {
  const folder = join(sites[party].folder, 'results');
  const saved = await sotto(['job', 'get', id, '--save', folder, ...at(party), '--json']);
  expect(saved.code, saved.stderr).toBe(0);
  return readFileSync(join(folder, name), 'utf8');
}

const measured = (change: object = {}): string =>
  stringify({
    purpose: 'test',
    active: {
      party: 'bank',
      dataset: 'campaign',
      label: { column: 'bought', positive: 'yes' },
    },
    passive: { party: 'company', dataset: 'campaign' },
    measure: {
      cohortColumn: 'cohort',
      cohorts: [{ name: 'control' }, { name: 'letter', control: 'control' }],
      metrics: [{ column: 'spend', least: 0, most: 50, decimals: 2 }],
      epsilon: 8,
      ...change,
    },
  });

test('both hold the same result of a measurement, signed by both, near what plain arithmetic gives', async () => {
  const { id } = await runs('measure', measured());
  const [mine, theirs] = await Promise.all(
    PARTIES.map((party) => fileOf(party, id, 'measure.json')),
  );
  expect(mine).toBe(theirs);
  const { cohorts, noise } = JSON.parse(mine!) as Measurement;
  for (const { name, exposed, converted, metrics } of cohorts) {
    const [people, count, sum] = given.truth[name]!;
    expect(exposed).toBe(people);
    expect(Math.abs(converted! - count)).toBeLessThan(12 * noise.count);
    expect(Math.abs(metrics![0]!.sum - sum)).toBeLessThan(12 * noise.sums[0]!);
  }

  const settled = JSON.parse(await fileOf('bank', id, 'result.json'));
  expect(JSON.parse(await fileOf('company', id, 'result.json'))).toEqual(settled);
  const digest = createHash('sha256').update(Buffer.from(settled.bytes, 'base64')).digest();
  expect(settled.sha256).toBe(digest.toString('hex'));
  for (const party of PARTIES) {
    const pem = readFileSync(join(sites[party].folder, 'keys', `${party}.public.pem`), 'utf8');
    const said = lengthPrefixed('sotto result signature', party, settled.agreementSha256, digest);
    const signature = Buffer.from(settled.signatures[party], 'hex');
    expect(verify(null, said, readPublic(pem).signingKey, signature)).toBe(true);
  }
}, 120_000);

test('asked again, it has the same answer and costs nothing', async () => {
  const left = async () => lastObject(await sotto(['budget', ...at('bank'), '--json']));
  const before = await left();
  const again = await runs('again', measured());
  expect(await left()).toEqual(before);
  const cohorts = JSON.parse(await fileOf('company', again.id, 'measure.json')) as Measurement;
  expect(cohorts.cohorts.map(({ name }) => name)).toEqual(['control', 'letter']);
}, 120_000);
