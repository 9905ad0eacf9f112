/**
 * Goal: whoever is not the peer or operator of the configuration gets nowhere, and is told why.
 * Method: workers and commands with exchanged or foreign keys, over real TLS.
 */
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { WorkerProcess } from '../../src/cli/demo/processes.ts';
import { EXIT_CODES } from '../../src/cli/exit-codes.ts';
import { initKeys, initOperator, publicFile } from '../../src/rpc/index.ts';
import { sotto } from '../support/program.ts';
import { type Sites, setUpSites } from '../support/two-workers.ts';

let sites: Sites;
let workers: WorkerProcess[];
beforeAll(async () => {
  sites = await setUpSites({ rows: 64, autoApprove: true });
  // The company has lost its keys and made new ones, which the bank has not been given.
  const renewed = join(sites.folder, 'renewed');
  await initKeys('company', renewed);
  cpSync(renewed, join(sites.company.folder, 'keys'), { recursive: true, force: true });
  workers = await Promise.all([sites.start('bank'), sites.start('company')]);
});
afterAll(async () => sites[Symbol.asyncDispose]());

test('a peer with another key than the pinned one is refused by its name, at both ends', async () => {
  for (const worker of workers) {
    await vi.waitFor(() => {
      expect(worker.tail()).toMatch(/"conversation-refused".*"unauthenticated"/);
    }, 10_000);
  }
});

test('an operator whom the worker does not know is refused', async () => {
  const keys = join(sites.folder, 'stranger');
  await initOperator('mallory', keys);
  const asked = await sotto([
    ...['job', 'list', '--config', sites.bank.config],
    ...['--operator', 'mallory', '--keys', keys],
  ]);
  expect(asked.code).toBe(EXIT_CODES.unauthenticated);
  expect(asked.stderr).toMatch(/compare fingerprints/);
});

test('a worker with the right address and the wrong key is not believed', async () => {
  const asked = await sotto([
    ...['health', '--config', sites.bank.config],
    ...['--server', publicFile(join(sites.folder, 'renewed'), 'company')],
  ]);
  expect(asked.code).toBe(EXIT_CODES.unauthenticated);
});

test('a worker whose peer file has another fingerprint than the configuration states does not start', async () => {
  const text = readFileSync(sites.bank.config, 'utf8').replace(
    'publicKey: company.public.pem',
    `publicKey: company.public.pem\n    fingerprint: ${'0000 '.repeat(16).trim()}`,
  );
  const file = join(sites.bank.folder, 'wrong-pin.yaml');
  writeFileSync(file, text);
  const started = await sotto(['worker', '--config', file]);
  expect(started.code).toBe(EXIT_CODES.unauthenticated);
  expect(started.stderr).toMatch(/another fingerprint/);
});

test('nobody answering is told as that', async () => {
  const asked = await sotto(['health', '--config', sites.bank.config, '--worker', '127.0.0.1:1']);
  expect(asked.code).toBe(EXIT_CODES['peer-unavailable']);
  expect(asked.stderr).toMatch(/other worker runs/);
});
