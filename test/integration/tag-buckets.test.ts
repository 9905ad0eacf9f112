/**
 * Goal: a bank that downloads nothing is answered from buckets, and its own systems are served to operators alone.
 * Method: two worker processes over mutual TLS, the program's commands, and a foreign gRPC client with certificates.
 */
import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { lastObject, sotto } from '../support/program.ts';
import { idOf } from '../support/tag-parts.ts';
import { setUpTagSites, type TagSites } from '../support/tag-sites.ts';

let sites: TagSites;
const members = ['--dataset', 'members', '--json'];
const bank = (...args: string[]): string[] => ['tags', ...args, '--config', sites.bankConfig];

beforeAll(async () => {
  sites = await setUpTagSites({ rows: 300, bucketAnonymity: 40 });
}, 60_000);
afterAll(async () => sites[Symbol.asyncDispose]());

test('the company seals buckets too, and the bank takes them without a download', async () => {
  const seal = ['tags', 'seal', '--version', 'v1', ...members, '--config', sites.companyConfig];
  const sealed = await sotto(seal);
  expect(sealed.code, sealed.stdout + sealed.stderr).toBe(0);
  expect(lastObject(sealed)).toMatchObject({ version: 'v1', buckets: 4, bucketAnonymity: 40 });
  await sites.start('company');
  const synced = await sotto(bank('sync', ...members));
  expect(synced.code, synced.stdout + synced.stderr).toBe(0);
  expect(lastObject(synced)).toMatchObject({ engine: 'bucket', checked: true });
  const files = readdirSync(join(sites.folder, 'bank', 'state', 'tags', 'mirrors', 'members'));
  expect(files).not.toContain('segments');
}, 120_000);

test('a command gives the tags of ids, found or not', async () => {
  const got = await sotto(bank('get', idOf(5), '13912345678', idOf(299), ...members));
  expect(got.code, got.stdout + got.stderr).toBe(0);
  const lines = got.stdout.trim().split('\n');
  const found = lines.map((line) => JSON.parse(line) as { found?: boolean; tags: object[] });
  expect(found.map((each) => each.found ?? false)).toEqual([true, false, true]);
  expect(found[2]!.tags).toContainEqual({ name: 'score', intValue: '299' });
}, 120_000);

test('the sidecar answers an operator over mutual TLS, and nobody without a certificate', async () => {
  await sites.start('bank');
  const buf = join(import.meta.dirname, '../../node_modules/.bin/buf');
  const keys = join(sites.folder, 'bank', 'keys');
  const pinned = ['--cacert', join(keys, 'bank.public.pem'), '--servername', 'bank.sotto.internal'];
  const operator = ['--cert', join(keys, 'op.public.pem'), '--key', join(keys, 'op.key.pem')];
  const curl = (...certificates: string[]) =>
    promisify(execFile)(buf, [
      ...['curl', '--protocol', 'grpc', '--schema', join(import.meta.dirname, '../../proto')],
      ...[...pinned, ...certificates],
      ...['-d', JSON.stringify({ datasetId: 'members', ids: [idOf(2)] })],
      `https://${sites.grpc}/sotto.tag.v1.TagLookupService/Lookup`,
    ]);
  const { stdout } = await curl(...operator);
  const { results } = JSON.parse(stdout) as { results: { tags: object[] }[] };
  expect(results[0]?.tags).toContainEqual({ name: 'note', stringValue: 'note 2' });
  await expect(curl()).rejects.toMatchObject({ code: expect.any(Number) as number });
}, 120_000);
