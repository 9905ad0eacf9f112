/** The command line as a person meets it: help, mistakes, exit codes, JSON. */
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Command } from 'commander';
import { afterAll, expect, test } from 'vitest';
import { ERROR_CODES } from '../../src/base/errors.ts';
import { EXIT_CODES, REMEDIES } from '../../src/cli/exit-codes.ts';
import { program } from '../../src/cli/main.ts';
import { lastObject, sotto } from '../support/program.ts';

const folder = mkdtempSync(join(tmpdir(), 'sotto-cli-'));
afterAll(() => rmSync(folder, { recursive: true }));

const old = `data:text/javascript,Object.defineProperty(process,'versions',{value:{...process.versions,node:'20.20.2'}})`;

test('on a Node that is too old the program says which one it needs', async () => {
  const { code, stderr } = await sotto(['--help'], { node: ['--import', old] });
  expect(code).toBe(2);
  expect(stderr).toMatch(
    /^sotto needs Node 22\.18 or newer, and this is Node 20\.20\.2\. .*npx sotto/,
  );
});

test('help lists every command and every exit code', async () => {
  const { code, stdout } = await sotto(['--help']);
  expect(code).toBe(0);
  for (const command of [
    'demo',
    'keys',
    'worker',
    'job',
    'predict',
    'models',
    'budget',
    'health',
  ]) {
    expect(stdout).toMatch(new RegExp(`^  ${command}\\b`, 'm'));
  }
  for (const error of ERROR_CODES)
    expect(stdout).toMatch(new RegExp(`${EXIT_CODES[error]}  ${error}`));
});

test('each error code has an exit code of its own and a way to mend it', () => {
  expect(new Set(Object.values(EXIT_CODES)).size).toBe(ERROR_CODES.length);
  for (const error of ERROR_CODES) expect(REMEDIES[error]).toMatch(/\w{3}.*\.$/);
});

test('a mistyped command is answered with the nearest one, and exit code 2', async () => {
  const { code, stderr } = await sotto(['jobb', 'list']);
  expect(code).toBe(2);
  expect(stderr).toMatch(/Did you mean job\?/);
});

test('every command takes --json', () => {
  const leaves = (command: Command): Command[] =>
    command.commands.length === 0 ? [command] : command.commands.flatMap(leaves);
  const found = leaves(program());
  expect(found.length).toBeGreaterThan(15);
  for (const command of found) {
    expect(
      command.options.map(({ long }) => long),
      command.name(),
    ).toContain('--json');
  }
});

test('keys are made once, and both sides compute the same fingerprint', async () => {
  const keys = join(folder, 'keys');
  const made = await sotto(['keys', 'init', '--party', 'bank', '--dir', keys, '--json']);
  expect(made.code).toBe(0);
  const { fingerprint, files } = lastObject(made) as {
    fingerprint: string;
    files: { private: string; public: string };
  };
  expect(fingerprint).toMatch(/^([0-9a-f]{4} ){15}[0-9a-f]{4}$/);
  expect(statSync(files.private).mode & 0o777).toBe(0o600);
  const shown = await sotto(['keys', 'fingerprint', files.public]);
  expect(shown.stdout).toContain(fingerprint);
  const before = readFileSync(files.private, 'utf8');
  const again = await sotto(['keys', 'init', '--party', 'bank', '--dir', keys]);
  expect(again.code).toBe(EXIT_CODES['already-exists']);
  expect(readFileSync(files.private, 'utf8')).toBe(before);
});

test('an error is one sentence with its place and a way to mend it, and with --json an object', async () => {
  const file = join(folder, 'worker.yaml');
  writeFileSync(file, 'party: bank\npeers: []\nlisten: 7410\n');
  const told = await sotto(['worker', '--config', file]);
  expect(told.code).toBe(EXIT_CODES['invalid-argument']);
  expect(told.stderr).toMatch(/error: .*worker\.yaml:2:8: peers: .*at least 1/);
  expect(told.stderr).toContain(REMEDIES['invalid-argument']);
  const { error } = lastObject(await sotto(['worker', '--config', file, '--json'])) as {
    error: { code: string; facts: object };
  };
  expect(error).toMatchObject({ code: 'invalid-argument', facts: { line: 2, column: 8 } });
});

test('output has no colour codes when NO_COLOR is set', async () => {
  const { stdout, stderr } = await sotto(['keys', 'fingerprint', join(folder, 'none.pem')]);
  expect(stdout + stderr).not.toContain('\u001B');
});
