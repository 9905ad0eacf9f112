/**
 * `npm run test:bench`: shows that `bench:compare` notices what got slower. In a copy of the project it must end
 * with 0; with the slow-down planted there (slow-down.patch, to src alone) it must end with 1.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..', '..');
const COPIED = ['src', 'test', 'benchmarks', 'package.json', 'tsconfig.json'];
const SUBJECT = 'multiply-accumulate';

const folder = mkdtempSync(join(tmpdir(), 'sotto-bench-compare-'));

/** The exit code of a comparison in the copy. */
function compare(): number | null {
  const args = ['benchmarks/compare.ts', '--only', SUBJECT];
  return spawnSync(process.execPath, args, { cwd: folder, stdio: 'inherit' }).status;
}

function expectCode(what: string, expected: number): void {
  console.log(`== ${what}`);
  const found = compare();
  console.log(`${found === expected ? 'as it should' : 'WRONG'}: ended with ${found}\n`);
  if (found !== expected) process.exitCode = 1;
}

try {
  for (const name of COPIED) cpSync(join(root, name), join(folder, name), { recursive: true });
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  expectCode('as it is', 0);
  const patch = join(import.meta.dirname, 'slow-down.patch');
  execFileSync('patch', ['-p1', '--quiet', '--fuzz=0', '--batch', '-i', patch], { cwd: folder });
  expectCode('with the slow-down', 1);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
