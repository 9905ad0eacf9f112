/** `sotto doctor` at a real site: what is well, what is not, and what to do about it. */
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { loadConfig } from '../../src/cli/config.ts';
import { examine } from '../../src/cli/doctor/checks.ts';
import type { Finding } from '../../src/cli/doctor/finding.ts';
import { tables } from '../../src/cli/doctor/tables.ts';
import { wrapKeys } from '../../src/cli/party-keys.ts';
import { setUpSites } from '../support/two-workers.ts';

const about = (findings: readonly Finding[], subject: string): Finding | undefined =>
  findings.find((each) => each.subject === subject);

test('a healthy site: the line to a worker with sealed keys is measured, the pin that nobody compared is a warning', async () => {
  await using sites = await setUpSites({ rows: 40, autoApprove: true });
  await wrapKeys(loadConfig(sites.bank.config));
  await sites.start('bank');
  const findings = await examine(loadConfig(sites.company.config));
  expect(findings.filter(({ level }) => level === 'fail')).toEqual([]);
  expect(about(findings, 'line to bank')?.found).toMatch(/^\d+\.\d ms, .*\/s up, .*\/s down$/);
  expect(about(findings, 'clock of bank')?.found).toMatch(/^-?0\.\d s ahead/);
  expect(about(findings, 'dataset rows')).toMatchObject({ level: 'ok' });
  expect(about(findings, 'pin of bank')).toMatchObject({ level: 'warn' });
  expect(about(findings, 'private keys')).toMatchObject({ level: 'warn' });
  expect(about(findings, 'own certificate')?.found).toMatch(/, 72[89] days|, 730 days/);
}, 60_000);

test('columns that lack values are named with their share, and with what jobs make of them', async () => {
  await using sites = await setUpSites({ rows: 40, autoApprove: true });
  const rows = Array.from({ length: 40 }, (_, at) =>
    [`id${at}`, at % 4 === 0 ? '' : at, at % 10 === 0 ? at : 'NA', 'same', at].join(','),
  );
  const table = join(sites.company.folder, 'table.csv');
  const [header] = readFileSync(table, 'utf8').split('\n');
  const id = header!.split(',')[0]!;
  writeFileSync(table, [`${id},some,few,same,all`, ...rows].join('\n'));
  const config = loadConfig(sites.company.config);
  const findings = (await tables(config)).filter(({ subject }) => subject === 'dataset rows');
  expect(findings.map(({ level }) => level)).toEqual(['ok', 'warn', 'warn', 'ok']);
  expect(findings.map(({ found }) => found).join('\n')).toMatch(
    /every row: same\n.*most rows: few 90\.0 %\n.*missing: some 25\.0 %; the training mean/,
  );
  for (const { level, remedy } of findings) expect(remedy === '').toBe(level === 'ok');
}, 60_000);

test('a peer that is down, a table with a repeated id, an open key: each is named with its remedy', async () => {
  await using sites = await setUpSites({ rows: 40, autoApprove: true });
  const table = join(sites.company.folder, 'table.csv');
  const rows = readFileSync(table, 'utf8').trimEnd().split('\n');
  writeFileSync(table, [...rows, rows[1]].join('\n'));
  chmodSync(join(sites.company.folder, 'keys', 'company.wrap.key'), 0o644);
  const findings = await examine(loadConfig(sites.company.config));
  for (const subject of ['dataset rows', 'line to bank', 'vault']) {
    const finding = about(findings, subject);
    expect(finding?.level).toBe('fail');
    expect(finding?.remedy).not.toBe('');
  }
  expect(JSON.stringify(findings)).not.toContain(rows[1]!.split(',')[0]);
}, 60_000);
