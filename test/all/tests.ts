/**
 * `node test/all/tests.ts`: the tests that are faults done to one part each, counted as rows of the table of
 * `test:all`. Of a passed test the fault was found out and refused, or did no harm; a failed one is a wrong outcome.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Row } from './suites.ts';

/** Fault and protocol that each file is about. */
const FILES: Readonly<Record<string, readonly [fault: string, protocol: string]>> = {
  'test/protocols/psi/cheating.test.ts': ['cheating peer', 'align'],
  'test/protocols/vertical-lr/cheating.test.ts': ['cheating peer', 'train'],
  'test/protocols/sets/cheating.test.ts': ['cheating peer', 'exclude, select, count'],
  'test/protocols/measure/cheating.test.ts': ['cheating peer', 'measure'],
  'test/protocols/ot/cheating.test.ts': ['cheating peer', 'oblivious transfer'],
  'test/tags/cheating.test.ts': ['cheating peer', 'tag query, mirror'],
  'test/tags/buckets-cheating.test.ts': ['cheating peer', 'tag query, buckets'],
  'test/channel/faults.test.ts': ['frame that is not what was sent', 'channel'],
  'test/jobs/refusals.test.ts': ['wrong agreement', 'every job'],
  'test/jobs/resume.test.ts': ['state put back, damaged, exchanged', 'every job'],
  'test/jobs/journal.test.ts': ['disk full, failing, forgetful', 'journal'],
  'test/jobs/memory.test.ts': ['more than fits into memory', 'every job'],
  'test/integration/descriptors.test.ts': ['no descriptors left', 'align'],
  'test/primitives/he/guard.test.ts': ['exceptions and traps of SEAL', 'homomorphic encryption'],
  'test/rpc/certificates.test.ts': ['bad certificate', 'gRPC'],
  'test/rpc/edges.test.ts': ['flood, dribble, silence', 'gRPC'],
  'test/rpc/hostile-peers.test.ts': ['endless, stalled, oversized', 'gRPC'],
  'test/rpc/rotation.test.ts': ['certificates changed, revoked', 'gRPC'],
  'test/integration/canaries.test.ts': ['planted ids, labels, keys', 'every job'],
  'test/integration/tag-canaries.test.ts': ['planted ids and tags', 'tag query'],
};

interface Report {
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly assertionResults: readonly { readonly status: string }[];
  }[];
}

const root = join(import.meta.dirname, '..', '..');

async function report(): Promise<Report> {
  const folder = mkdtempSync(join(tmpdir(), 'sotto-all-'));
  try {
    const file = join(folder, 'report.json');
    const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs');
    const args = ['run', ...Object.keys(FILES), '--reporter=json', `--outputFile=${file}`];
    const stdio = ['ignore', 'ignore', 'inherit'] as const;
    const child = spawn(process.execPath, [vitest, ...args], { cwd: root, stdio: [...stdio] });
    await new Promise((resolve) => child.once('close', resolve));
    return JSON.parse(readFileSync(file, 'utf8'));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A file that was not found or could not be loaded has no passed test: that is wrong, and not an empty success. */
function rowOf(file: string, { testResults }: Report): Row {
  const [fault, protocol] = FILES[file]!;
  const tests = testResults.find(({ name }) => name.endsWith(file))?.assertionResults ?? [];
  const passed = tests.filter(({ status }) => status === 'passed').length;
  const wrong = Math.max(tests.length - passed, passed === 0 ? 1 : 0);
  return { fault, protocol, runs: tests.length, same: 0, sameAbort: passed, wrong, hung: 0 };
}

const found = await report();
for (const file of Object.keys(FILES)) console.log(JSON.stringify(rowOf(file, found)));
