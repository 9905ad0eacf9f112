/** The example files are what the program accepts. */
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { loadConfig } from '../../src/cli/config.ts';
import { loadJobFile } from '../../src/cli/job-file.ts';
import { normaliseSpec } from '../../src/jobs/spec.ts';
import { initKeys, initOperator } from '../../src/rpc/index.ts';

const examples = join(import.meta.dirname, '../../examples');
const folder = mkdtempSync(join(tmpdir(), 'sotto-examples-'));
afterAll(() => rmSync(folder, { recursive: true }));
beforeAll(async () => {
  for (const name of ['bank.yaml', 'company.yaml'])
    cpSync(join(examples, name), join(folder, name));
  for (const name of ['customers.csv', 'accounts.csv']) writeFileSync(join(folder, name), 'id\n');
  await initKeys('bank', join(folder, 'keys'));
  for (const name of ['alice', 'carol']) await initOperator(name, join(folder, 'keys'));
  for (const name of ['bank', 'company']) writeFileSync(join(folder, `${name}.public.pem`), '');
});

test.each(['bank', 'company'])('%s.yaml is a configuration', (party) => {
  expect(loadConfig(join(folder, `${party}.yaml`)).party).toBe(party);
});

test.each(['align', 'train', 'predict', 'exclude', 'select', 'count', 'measure'])(
  '%s.yaml is a job of that protocol',
  (protocol) => {
    const spec = loadJobFile(join(examples, `${protocol}.yaml`));
    expect(normaliseSpec(spec).protocol.case).toBe(protocol);
  },
);

test('what the example job uses, the example configurations offer', () => {
  const spec = loadJobFile(join(examples, 'train.yaml'));
  for (const [side, party] of [
    [spec.active, 'bank'],
    [spec.passive, 'company'],
  ] as const) {
    const offer = loadConfig(join(folder, `${party}.yaml`)).datasets[side!.dataset]!.offeredTo[0]!;
    expect(offer.purposes).toContain(spec.purpose);
    expect(offer.columns).toEqual(expect.arrayContaining(side!.columns.map(({ name }) => name)));
  }
});
