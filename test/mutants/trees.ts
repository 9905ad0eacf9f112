/** Copies of the project to mutate: a snapshot that stays as it is, and trees that are mended from it. */
import { execFileSync, spawn } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const COPIED = [
  'src',
  'test',
  'proto',
  'examples',
  'package.json',
  'tsconfig.json',
  'vitest.config.ts',
  'PROTOCOLS.md',
];

/** Far above any run: a mutant that hangs is no mutant that was noticed. */
const LONGEST_RUN_MS = 300_000;

interface VitestReport {
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly assertionResults: readonly { readonly fullName: string; readonly status: string }[];
  }[];
}

/** The failed tests of a run by file; a file that cannot even load has failed by its own name. */
export type Failures = ReadonlyMap<string, readonly string[]>;

export class Tree implements Disposable {
  readonly folder = mkdtempSync(join(tmpdir(), 'sotto-mutant-'));
  readonly #origin: string;

  constructor(origin: string, root: string) {
    this.#origin = origin;
    for (const name of COPIED) {
      if (existsSync(join(origin, name))) this.#copy(name);
    }
    symlinkSync(join(root, 'node_modules'), join(this.folder, 'node_modules'));
  }

  #copy(name: string): void {
    cpSync(join(this.#origin, name), join(this.folder, name), { recursive: true });
  }

  /** Applies a patch without tolerance; false where the source is not what it was made for. */
  patch(path: string): boolean {
    try {
      const flags = ['-p1', '--quiet', '--fuzz=0', '--batch', '-i', path];
      execFileSync('patch', flags, { cwd: this.folder, stdio: 'ignore' });
      return true;
    } catch {
      return false;
    }
  }

  buildKernels(): void {
    execFileSync(process.execPath, ['src/kernels/build.ts'], { cwd: this.folder, stdio: 'ignore' });
  }

  /** As it was copied, whatever a mutant did to it. */
  mend(): void {
    rmSync(join(this.folder, 'src'), { recursive: true, force: true });
    this.#copy('src');
  }

  /** Runs test files, or those of their tests whose names match; undefined when the run did not end. */
  async run(files: readonly string[], named: string | undefined): Promise<Failures | undefined> {
    const report = join(this.folder, 'report.json');
    rmSync(report, { force: true });
    const only = named === undefined ? [] : ['--testNamePattern', named];
    await ended(this.folder, [
      'node_modules/vitest/vitest.mjs',
      'run',
      ...files,
      ...only,
      '--reporter=json',
      `--outputFile=${report}`,
    ]);
    return existsSync(report) ? failures(this.folder, report) : undefined;
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** In a process group of its own, so that nothing of a run that hangs is left. */
function ended(cwd: string, args: readonly string[]): Promise<void> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, args, { cwd, stdio: 'ignore', detached: true });
    const timer = setTimeout(() => process.kill(-child.pid!, 'SIGKILL'), LONGEST_RUN_MS);
    child.on('exit', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}

function failures(folder: string, report: string): Failures {
  const { testResults } = JSON.parse(readFileSync(report, 'utf8')) as VitestReport;
  return new Map(
    testResults.map(({ name, status, assertionResults }) => {
      const file = name.slice(folder.length + 1);
      const failed = assertionResults
        .filter((test) => test.status === 'failed')
        .map(({ fullName }) => fullName);
      return [file, failed.length === 0 && status === 'failed' ? [file] : failed];
    }),
  );
}
