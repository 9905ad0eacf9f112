/**
 * Goal: the demo's tag query is a real one: every answer equals the company's table, and no request holds an id.
 * Method: the demo's own setup, two worker processes, a thousand look-ups through the bank's sidecar.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startWorker, type WorkerProcess } from '../../src/cli/demo/processes.ts';
import { type DemoSetup, setUp } from '../../src/cli/demo/setup.ts';
import { tagObject } from '../../src/cli/demo/tag-summary.ts';
import { queryTags, sealMembers, type TagFindings } from '../../src/cli/demo/tags.ts';

const folder = mkdtempSync(join(tmpdir(), 'sotto-demo-'));
const { signal } = new AbortController();
const workers: WorkerProcess[] = [];
let setup: DemoSetup;
let findings: TagFindings;

beforeAll(async () => {
  setup = await setUp(folder, 1);
  const sealed = await sealMembers(setup, signal);
  for (const party of [setup.bank, setup.company]) {
    const logFile = join(folder, `${party.party}.log`);
    workers.push(await startWorker({ name: party.party, config: party.config, logFile }));
  }
  findings = await queryTags(setup, sealed, signal);
}, 60_000);
afterAll(async () => {
  await Promise.all(workers.map((worker) => worker[Symbol.asyncDispose]()));
  rmSync(folder, { recursive: true, force: true });
});

test('a thousand answers equal the table, members and strangers alike', () => {
  const members = readFileSync(setup.company.table, 'utf8').trimEnd().split('\n').length - 1;
  expect(tagObject(findings)).toMatchObject({ rows: members, queries: 1000, correct: 1000 });
  expect(findings.found).toBeGreaterThan(700);
  expect(findings.found).toBeLessThan(1000);
  expect(findings.p99Ms).toBeGreaterThanOrEqual(findings.p50Ms);
});

test('what the company heard is points of one length, and none of the ids', () => {
  const { requests, bytesPerId, first, idsInRequests } = findings.heard;
  expect(requests).toBeGreaterThan(0);
  expect(bytesPerId).toBe(32);
  expect(new Set(first.map(({ point }) => point)).size).toBe(first.length);
  expect(idsInRequests).toBe(0);
});
