/**
 * Goal: ids that are asked for, and tags, are found nowhere but in the company's own table.
 * Method: real workers seal, sync, answer by mirror over gRPC, HTTP and commands, well and badly; then every file
 * they wrote, every line they logged or printed and what their metrics say is searched, in each form an id could take.
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { freePorts, type WorkerProcess } from '../../src/cli/demo/processes.ts';
import { sotto } from '../support/program.ts';
import { rowOf, tableOf } from '../support/tag-parts.ts';
import { setUpTagSites, type TagSites } from '../support/tag-sites.ts';

/** Every id that is asked for begins with the one, every note of the table with the other. */
const ID = '139864209';
const NOTE = 'canarynote';
const idOf = (i: number): string => `${ID}${String(i).padStart(2, '0')}`;
const STRANGER = idOf(99);

let sites: TagSites;
let workers: readonly WorkerProcess[];
let metrics: readonly string[];
const printed: string[] = [];

beforeAll(async () => {
  sites = await setUpTagSites({ rows: 1, tls: 'none', perDay: 60 });
  const rows = Array.from({ length: 40 }, (_, i) =>
    rowOf(i)
      .replace(/^\d+/, idOf(i))
      .replace(/note \d+$/, `${NOTE}${i}`),
  );
  writeFileSync(join(sites.folder, 'company', 'members.csv'), tableOf(rows));
  process.env.TMPDIR = join(sites.folder, 'tmp');
  mkdirSync(process.env.TMPDIR);
  const ports = await freePorts(2);
  metrics = [sites.bankConfig, sites.companyConfig].map((config, i) => {
    const listen = `127.0.0.1:${ports[i]}`;
    writeFileSync(
      config,
      stringify({ ...parse(readFileSync(config, 'utf8')), metrics: { listen } }),
    );
    return `http://${listen}/metrics`;
  });
}, 60_000);
afterAll(async () => sites[Symbol.asyncDispose]());

const members = ['--dataset', 'members', '--json'];
/** Prints of a command that may quote what was asked are not kept. */
async function run(party: 'bank' | 'company', ...args: string[]): Promise<number | null> {
  const config = party === 'bank' ? sites.bankConfig : sites.companyConfig;
  const { code, stdout, stderr } = await sotto(['tags', ...args, ...members, '--config', config]);
  printed.push(args[0] === 'get' ? stderr : stdout + stderr);
  return code;
}

async function lookup(ids: readonly string[]): Promise<{ status: number; text: string }> {
  const response = await fetch(`http://${sites.http}/v1/lookup`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ datasetId: 'members', ids }),
  });
  return { status: response.status, text: await response.text() };
}

const FORMS: readonly Buffer[] = [ID, NOTE].flatMap((text) => [
  Buffer.from(text),
  Buffer.from(text, 'utf16le'),
  Buffer.from(Buffer.from(text).toString('hex')),
]);
const holds = (content: Buffer): boolean => FORMS.some((form) => content.includes(form));

test('an asked id and its tags are in no file, line or metric', { timeout: 180_000 }, async () => {
  expect(await run('company', 'seal', '--version', '2026-11')).toBe(0);
  const company = await sites.start('company');
  expect(await run('bank', 'sync')).toBe(0);
  workers = [company, await sites.start('bank')];
  expect(await run('bank', 'get', idOf(3), STRANGER)).toBe(0);
  const found = await lookup([idOf(1), STRANGER]);
  expect(found.status).toBe(200);
  expect(found.text).toContain(`${NOTE}1`); // they are asked for, and answered
  const malformed = await lookup([`${ID} is no phone`]);
  expect(malformed.status).toBe(400);
  const exhausted = await lookup(Array.from({ length: 60 }, (_, i) => idOf(i)));
  expect(exhausted.status).toBe(429);
  printed.push(malformed.text, exhausted.text);
  expect(await run('bank', 'get', `${ID}x`)).not.toBe(0);
  expect(await run('bank', 'receipts')).toBe(0);

  for (const url of metrics) {
    const text = Buffer.from(await (await fetch(url)).arrayBuffer());
    expect(text.length).toBeGreaterThan(500);
    expect(holds(text), url).toBe(false);
  }
  await Promise.all(workers.map((worker) => worker[Symbol.asyncDispose]()));
  const files = readdirSync(sites.folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(sites.folder, join(entry.parentPath, entry.name)));
  for (const kind of [/\.log$/, /receipts/, /sqlite/, /\.rows$/, /manifest/]) {
    expect(
      files.some((path) => kind.test(path)),
      String(kind),
    ).toBe(true);
  }
  const leaking = files.filter((path) => holds(readFileSync(join(sites.folder, path))));
  expect(leaking).toEqual([join('company', 'members.csv')]); // and there it is found
  expect(printed.filter((text) => holds(Buffer.from(text)))).toEqual([]);
});
