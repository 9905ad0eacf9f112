/**
 * `npm run test:mutants`: takes one defence out at a time, and shows which tests notice.
 *
 * Each mutant is a patch to src alone, `test/mutants/<name>.patch`; its first line names the tests
 * to run: `Tests: test/a.test.ts test/b.test.ts`. For each: a copy of the tree, the named tests
 * green without the patch, then the patch, then the names of the tests that fail. A mutant that no
 * test notices, or a patch that does not apply, is a failure of the suite.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: { json: { type: 'boolean', default: false } },
});
const root = join(import.meta.dirname, '..', '..');
const COPIED = [
  'src',
  'test',
  'proto',
  'examples',
  'package.json',
  'tsconfig.json',
  'vitest.config.ts',
];

interface Outcome {
  readonly mutant: string;
  readonly applied: boolean;
  readonly cleanGreen: boolean;
  readonly failed: readonly string[];
}

interface VitestReport {
  readonly success: boolean;
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly assertionResults: readonly { readonly fullName: string; readonly status: string }[];
  }[];
}

/** Names of the failing tests (a file that cannot even load counts by its name), or none. */
function failing(tree: string, tests: readonly string[]): readonly string[] {
  const report = join(tree, 'report.json');
  rmSync(report, { force: true });
  spawnSync(
    process.execPath,
    [
      join(root, 'node_modules/vitest/vitest.mjs'),
      'run',
      ...tests,
      '--reporter=json',
      `--outputFile=${report}`,
    ],
    {
      cwd: tree,
      stdio: 'ignore',
      timeout: 600_000,
    },
  );
  const { testResults, success } = JSON.parse(readFileSync(report, 'utf8')) as VitestReport;
  if (testResults.length === 0) throw new Error(`no test ran of ${tests.join(' ')}`);
  if (success) return [];
  return testResults.flatMap((file) => {
    const names = file.assertionResults
      .filter(({ status }) => status === 'failed')
      .map(({ fullName }) => fullName);
    return names.length === 0 && file.status === 'failed'
      ? [file.name.slice(tree.length + 1)]
      : names;
  });
}

function copyTree(): string {
  const tree = mkdtempSync(join(tmpdir(), 'sotto-mutant-'));
  for (const name of COPIED) cpSync(join(root, name), join(tree, name), { recursive: true });
  symlinkSync(join(root, 'node_modules'), join(tree, 'node_modules'));
  return tree;
}

/** Only src may be patched: a mutant that edits its tests would prove nothing. */
function touchesOnlySource(patch: string): boolean {
  const files = [...patch.matchAll(/^(?:---|\+\+\+) [ab]\/(\S+)/gm)].map((match) => match[1]!);
  return files.length > 0 && files.every((file) => file.startsWith('src/'));
}

const cleanRuns = new Map<string, boolean>();

function examine(mutant: string): Outcome {
  const path = join(import.meta.dirname, `${mutant}.patch`);
  const patch = readFileSync(path, 'utf8');
  const tests = /^Tests: (.+)$/m.exec(patch)?.[1]?.split(/\s+/) ?? [];
  if (tests.length === 0 || !touchesOnlySource(patch)) {
    return { mutant, applied: false, cleanGreen: false, failed: [] };
  }
  const tree = copyTree();
  try {
    const key = tests.join(' ');
    if (!cleanRuns.has(key)) cleanRuns.set(key, failing(tree, tests).length === 0);
    const cleanGreen = cleanRuns.get(key) === true;
    try {
      execFileSync('patch', ['-p1', '--quiet', '--fuzz=0', '-i', path], {
        cwd: tree,
        stdio: 'ignore',
      });
    } catch {
      return { mutant, applied: false, cleanGreen, failed: [] };
    }
    if (patch.includes('src/kernels/assembly/')) {
      execFileSync(process.execPath, ['src/kernels/build.ts'], { cwd: tree, stdio: 'ignore' });
    }
    return { mutant, applied: true, cleanGreen, failed: failing(tree, tests) };
  } finally {
    rmSync(tree, { recursive: true, force: true });
  }
}

const all = readdirSync(import.meta.dirname)
  .filter((name) => name.endsWith('.patch'))
  .map((name) => name.slice(0, -'.patch'.length))
  .toSorted();
const chosen = positionals.length === 0 ? all : positionals;
if (chosen.length === 0) throw new Error('there are no mutants to examine');
for (const mutant of chosen) {
  const outcome = examine(mutant);
  const caught = outcome.applied && outcome.cleanGreen && outcome.failed.length > 0;
  if (!caught) process.exitCode = 1;
  if (flags.json) console.log(JSON.stringify(outcome));
  else {
    console.log(`${caught ? 'caught  ' : 'SURVIVED'} ${mutant}`);
    for (const name of outcome.failed.slice(0, 4)) console.log(`         by: ${name}`);
  }
}
