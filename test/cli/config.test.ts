/** A configuration says what is wrong in it by line, with what was found and what would be right. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { SottoError } from '../../src/base/errors.ts';
import { loadConfig } from '../../src/cli/config.ts';

const folder = mkdtempSync(join(tmpdir(), 'sotto-config-'));
afterAll(() => rmSync(folder, { recursive: true }));
mkdirSync(join(folder, 'keys'));
writeFileSync(join(folder, 'company.public.pem'), '');
writeFileSync(join(folder, 'bank.csv'), 'id,age\n');

const GOOD = `party: bank
listen: 127.0.0.1:7001
peers:
  - name: company
    publicKey: company.public.pem
datasets:
  customers:
    path: bank.csv
    format: csv
    idColumn: id
    offeredTo:
      - peer: company
        purposes: [credit-risk]
autoApprove:
  - { peer: company, protocol: train, dataset: customers, purpose: credit-risk }
limits:
  maxRows: 10000
`;

function load(text: string) {
  const file = join(folder, 'bank.yaml');
  writeFileSync(file, text);
  return loadConfig(file);
}

function refusal(text: string): SottoError {
  try {
    load(text);
  } catch (error) {
    if (error instanceof SottoError) return error;
    throw error;
  }
  throw new Error('the configuration was accepted');
}

test('a good file is read, its defaults filled in and its paths made absolute', () => {
  const config = load(GOOD);
  expect(config.datasets.customers?.path).toBe(join(folder, 'bank.csv'));
  expect(config.peers[0]?.publicKey).toBe(join(folder, 'company.public.pem'));
  expect(config.datasets.customers?.idNormalization).toEqual([]);
  expect(config.operators.listen).toBe('127.0.0.1:7420');
  expect(config.limits).toMatchObject({ maxRows: 10000, maxJobs: 2, transformsMiB: 512 });
});

test('an unknown key is refused with its line and column and the nearest allowed key', () => {
  const error = refusal(GOOD.replace('idColumn', 'idColum'));
  expect(error.code).toBe('invalid-argument');
  expect(error.message).toMatch(
    /bank\.yaml:10:5: unknown key "idColum"; did you mean "idColumn"\?/,
  );
  expect(error.facts).toEqual({ line: 8, column: 5 });
});

test('a missing field is named together with what belongs there', () => {
  expect(refusal(GOOD.replace('    idColumn: id\n', '')).message).toMatch(
    /:8:5: "idColumn" is missing: expected a text/,
  );
});

test('a wrong value is refused with what was found and what was expected', () => {
  expect(refusal(GOOD.replace('10000', 'many')).message).toMatch(
    /:17:12: limits\.maxRows: expected a number, found "many"/,
  );
  expect(refusal(GOOD.replace('10000', '0')).message).toMatch(/at least 1, found 0/);
  expect(refusal(GOOD.replace('format: csv', 'format: xlsx')).message).toMatch(
    /:9:13: datasets\.customers\.format: expected one of csv, parquet, found "xlsx"/,
  );
});

test('a rule that refers to nothing is refused with the nearest name', () => {
  expect(
    refusal(GOOD.replace('peer: company, protocol', 'peer: compny, protocol')).message,
  ).toMatch(/:15:13: no peer "compny" in this file; did you mean "company"\?/);
  expect(refusal(GOOD.replace('dataset: customers', 'dataset: costumers')).message).toMatch(
    /no dataset "costumers" in this file; did you mean "customers"\?/,
  );
});

test('a peer that nobody can dial is refused', () => {
  expect(refusal(GOOD.replace('listen: 127.0.0.1:7001\n', '')).message).toMatch(
    /nobody can dial "company"/,
  );
});

test('a file that does not exist is named where it is mentioned', () => {
  expect(refusal(GOOD.replace('path: bank.csv', 'path: bnk.csv')).message).toMatch(
    /:8:11: the table bnk\.csv does not exist/,
  );
});

test('a key given twice and a broken indentation are refused with their line', () => {
  expect(refusal(`${GOOD}party: other\n`).message).toMatch(/bank\.yaml:18:1: /);
  expect(refusal(GOOD.replace('    format', '  format')).message).toMatch(/bank\.yaml:\d+:\d+: /);
});

test('an alias of nothing, and aliases that grow without bound, are refused', () => {
  const bomb = [...'bcdefgh'].map((to, i) => {
    const from = 'abcdefg'[i];
    return `${to}: &${to} [${Array(9).fill(`*${from}`).join(', ')}]`;
  });
  for (const text of [`${GOOD}x: *a\n`, `${GOOD}a: &a [x]\n${bomb.join('\n')}\n`]) {
    expect(refusal(text)).toMatchObject({ code: 'invalid-argument' });
    expect(refusal(text).message).toMatch(/alias/);
  }
});

test('several mistakes are told at once, in the order of their lines', () => {
  const lines = refusal(
    GOOD.replace('idColumn', 'idColum').replace('limits', 'limit'),
  ).message.split('\n');
  expect(lines.map((line) => line.replace(/^.*bank\.yaml:(\d+):.*$/, '$1'))).toEqual([
    '8',
    '10',
    '16',
  ]);
});

test('the engine that draws coins is the kernel, or SEAL where the file says so', () => {
  expect(load(GOOD).he.engine).toBe('kernel');
  expect(load(`${GOOD}he: { engine: seal }\n`).he.engine).toBe('seal');
  expect(refusal(`${GOOD}he: { engine: openfhe }\n`).message).toContain('one of kernel, seal');
});

test('spans leave this machine under TLS only', () => {
  const traced = (endpoint: string): string => `${GOOD}\ntraces: { endpoint: '${endpoint}' }\n`;
  for (const endpoint of ['http://127.0.0.1:4318/v1/traces', 'https://collector.bank/v1/traces']) {
    expect(load(traced(endpoint)).traces?.endpoint).toBe(endpoint);
  }
  for (const endpoint of [
    'http://collector.bank/v1/traces',
    'http://127.0.0.1.evil.example/v1/traces',
    'https://name:password@collector.bank/v1/traces',
    'file:///tmp/traces',
    'collector:4318',
  ]) {
    expect(refusal(traced(endpoint)).message).toMatch(/traces\.endpoint: expected an https: URL/);
  }
});
