/**
 * Goal: a bank's systems ask for tags, a company's worker answers, and neither the company nor anything that is
 * written down has the ids. Method: two worker processes over mutual TLS, the program's commands, HTTP and gRPC.
 */
import { execFile } from 'node:child_process';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { EXIT_CODES } from '../../src/cli/exit-codes.ts';
import { lastObject, sotto } from '../support/program.ts';
import { idOf, rowOf, tableOf } from '../support/tag-parts.ts';
import { setUpTagSites, type TagSites } from '../support/tag-sites.ts';

let sites: TagSites;
const company = (...args: string[]): string[] => ['tags', ...args, '--config', sites.companyConfig];
const bank = (...args: string[]): string[] => ['tags', ...args, '--config', sites.bankConfig];
const members = ['--dataset', 'members', '--json'];
/** An id that is asked for and nowhere in the company's table. */
const STRANGER = '13912345678';

async function lookup(ids: readonly string[]): Promise<{ status: number; body: LookupBody }> {
  const response = await fetch(`http://${sites.http}/v1/lookup`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ datasetId: 'members', ids }),
  });
  return { status: response.status, body: (await response.json()) as LookupBody };
}

interface LookupBody {
  readonly results: { found: boolean; tags: Record<string, unknown>[] }[];
  readonly versionId: string;
  readonly error?: { code: string; facts: Record<string, unknown> };
}

beforeAll(async () => {
  sites = await setUpTagSites({ rows: 300, tls: 'none', perDay: 500 });
});
afterAll(async () => sites[Symbol.asyncDispose]());

describe('from a table to a tag', { timeout: 180_000 }, () => {
  test('the company seals a version', async () => {
    const sealed = await sotto(company('seal', '--version', '2026-11', ...members));
    expect(sealed.code, sealed.stdout + sealed.stderr).toBe(0);
    expect(lastObject(sealed)).toMatchObject({ version: '2026-11', epoch: 1, rows: 320 });
  });

  test('the same version is not sealed twice', async () => {
    const again = await sotto(company('seal', '--version', '2026-11', ...members));
    expect(again.code).toBe(EXIT_CODES['already-exists']);
  });

  test('what is not there is told without a word of jobs', async () => {
    const none = await sotto(bank('sync', '--dataset', 'nothing', '--json'));
    expect(none.code).toBe(EXIT_CODES['not-found']);
    const { error } = lastObject(none) as { error: { remedy: string } };
    expect(error.remedy).toContain('tags.mirrors');
    expect(error.remedy).not.toMatch(/job|model/);
  });

  test('the bank fetches the mirror, and an id that must be there is there', async () => {
    await sites.start('company');
    const synced = await sotto(bank('sync', ...members));
    expect(synced.code, synced.stdout + synced.stderr).toBe(0);
    expect(lastObject(synced)).toMatchObject({ version: '2026-11', checked: true });
  });

  test('a command gives the tags of ids, found or not', async () => {
    const got = await sotto(bank('get', idOf(5), STRANGER, ...members));
    expect(got.code, got.stdout + got.stderr).toBe(0);
    const [hit, miss] = got.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(hit).toMatchObject({ id: idOf(5), found: true });
    expect(hit.tags).toContainEqual({ name: 'score', intValue: '5' });
    expect(miss.found ?? false).toBe(false);
  });

  test('the sidecar answers over HTTP with JSON', async () => {
    await sites.start('bank');
    const { status, body } = await lookup([idOf(9), STRANGER]);
    expect(status, JSON.stringify(body)).toBe(200);
    expect(body.versionId).toBe('2026-11');
    expect(body.results.map(({ found }) => found)).toEqual([true, false]);
    expect(body.results[0]?.tags).toContainEqual({ name: 'tier', enumValue: 'gold' });
  });

  test('the sidecar answers a foreign gRPC client', async () => {
    const buf = join(import.meta.dirname, '../../node_modules/.bin/buf');
    const { stdout } = await promisify(execFile)(buf, [
      ...['curl', '--protocol', 'grpc', '--http2-prior-knowledge'],
      ...['-d', JSON.stringify({ datasetId: 'members', ids: [idOf(2)] })],
      `http://${sites.grpc}/sotto.tag.v1.TagLookupService/Lookup`,
    ]);
    const { results } = JSON.parse(stdout) as LookupBody;
    expect(results[0]?.tags).toContainEqual({ name: 'note', stringValue: 'note 2' });
  });

  test('a wrong id is refused by its place, and never quoted', async () => {
    const { status, body } = await lookup([idOf(1), 'not a phone']);
    expect(status).toBe(400);
    expect(body.error).toMatchObject({ code: 'invalid-argument', facts: { index: 1 } });
    expect(JSON.stringify(body)).not.toContain('not a phone');
  });

  test('a delta, and then a new key, reach the bank while both workers run', async () => {
    const rows = Array.from({ length: 300 }, (_, i) => rowOf(i, i === 9 ? 999 : i));
    writeFileSync(join(sites.folder, 'company', 'members.csv'), tableOf(rows.slice(0, -1)));
    const delta = await sotto(company('seal', '--version', '2026-12', '--delta', ...members));
    expect(delta.code, delta.stdout + delta.stderr).toBe(0);
    expect((await sotto(bank('sync', ...members))).code).toBe(0);
    const got = await sotto(bank('get', idOf(9), idOf(299), ...members));
    const [changed, removed] = got.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(changed.tags).toContainEqual({ name: 'score', intValue: '999' });
    expect(removed.found ?? false).toBe(false);
    const rotated = await sotto(company('seal', '--version', '2027-01', '--new-epoch', ...members));
    expect(lastObject(rotated)).toMatchObject({ epoch: 2, layers: 1 });
    expect((await lookup([idOf(9)])).body.versionId).toBe('2026-11');
  });

  test('receipts hold, and one query is opened to an auditor', async () => {
    const receipts = lastObject(await sotto(bank('receipts', ...members))) as {
      gaps: number;
      kept: { key: string; ids: number }[];
    };
    expect(receipts.gaps).toBe(0);
    const asked = receipts.kept.find(({ ids }) => ids === 2)!;
    const file = join(sites.folder, 'opened.bin');
    const open = ['open', '--key', asked.key, '--out', file, ...members];
    const opened = await sotto(bank(...open, '--id', STRANGER));
    expect(opened.code, opened.stdout + opened.stderr).toBe(0);
    const verify = [
      ...['tags', 'verify', file, '--server', join(sites.folder, 'bank/company.public.pem')],
      ...members,
    ];
    const verified = await sotto([...verify, '--peer', 'bank']);
    expect(lastObject(verified)).toMatchObject({ holds: true, id: STRANGER, tenant: 'bank' });
  });

  test('a quota that is used up is told with what is left', async () => {
    const ids = Array.from({ length: 499 }, (_, i) => idOf(i));
    const { status, body } = await lookup(ids);
    expect(status).toBe(429);
    expect(body.error).toMatchObject({ code: 'budget-exhausted', facts: { span: 'day' } });
    expect(body.error?.facts.retryAfterMs).toBeGreaterThan(0);
  });
});

test('no file of the company but its table has an id, and none of the bank has one that was asked', () => {
  for (const [path, bytes] of filesIn(sites.folder)) {
    if (path.endsWith('members.csv') || path.endsWith('opened.bin')) continue;
    expect(bytes.includes(STRANGER), path).toBe(false);
    expect(bytes.includes(idOf(9)), path).toBe(false);
  }
});

function* filesIn(folder: string): Generator<[string, Buffer]> {
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    if (statSync(path).isDirectory()) yield* filesIn(path);
    else yield [path, readFileSync(path)];
  }
}
