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
const KERNELS = 'src/kernels';

/** Far above any run: a mutant that hangs is no mutant that was noticed. */
const LONGEST_RUN_MS = { 'first failure': 300_000, end: 1_800_000 };

interface VitestReport {
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly assertionResults: readonly {
      readonly fullName: string;
      readonly status: string;
      readonly failureMessages: readonly string[];
    }[];
  }[];
}

export interface Failure {
  readonly test: string;
  /**
   * A claim that does not hold; a test or a hook that did not end in time, which a busy machine also
   * brings about; or a file that cannot be loaded, which says nothing of any claim.
   */
  readonly kind: 'claim' | 'time' | 'load';
}

/** What failed in a run, by file. */
export type Failures = ReadonlyMap<string, readonly Failure[]>;

export interface Run {
  readonly files: readonly string[];
  /** Those of their tests whose names match; all, where there is none. */
  readonly named: string | undefined;
  /** Whether it goes on after a failure. */
  readonly until: 'first failure' | 'end';
  /** Of a test that says nothing of its own; as in the project's configuration, where there is none. */
  readonly timeoutMs?: number | undefined;
}

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
  patch(path: string, files: readonly string[]): boolean {
    try {
      const flags = [
        '-p1',
        '--quiet',
        '--fuzz=0',
        '--batch',
        '--no-backup-if-mismatch',
        '-i',
        path,
      ];
      execFileSync('patch', flags, { cwd: this.folder, stdio: 'ignore' });
    } catch {
      return false;
    }
    if (touchKernels(files)) {
      const build = join(KERNELS, 'build.ts');
      execFileSync(process.execPath, [build], { cwd: this.folder, stdio: 'ignore' });
    }
    return true;
  }

  /** Brings files back to what was copied, and what was built from them. */
  mend(files: readonly string[]): void {
    for (const name of touchKernels(files) ? [...files, KERNELS] : files) {
      rmSync(join(this.folder, name), { recursive: true, force: true });
      if (existsSync(join(this.#origin, name))) this.#copy(name);
    }
  }

  /** Runs tests; undefined when the run did not end. */
  async run({ files, named, until, timeoutMs }: Run): Promise<Failures | undefined> {
    const report = join(this.folder, 'report.json');
    rmSync(report, { force: true });
    await ended(this.folder, LONGEST_RUN_MS[until], [
      'node_modules/vitest/vitest.mjs',
      'run',
      ...files,
      ...(named === undefined ? [] : ['--testNamePattern', named]),
      ...(timeoutMs === undefined ? [] : [`--testTimeout=${timeoutMs}`]),
      ...(until === 'end' ? [] : ['--bail=1', '--maxWorkers=1']),
      '--reporter=json',
      `--outputFile=${report}`,
    ]);
    return existsSync(report) ? failures(this.folder, report) : undefined;
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

function touchKernels(files: readonly string[]): boolean {
  return files.some((file) => file.startsWith(`${KERNELS}/assembly/`));
}

/** In a process group of its own, so that nothing of a run that hangs is left. */
function ended(cwd: string, mostMs: number, args: readonly string[]): Promise<void> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, args, { cwd, stdio: 'ignore', detached: true });
    const timer = setTimeout(() => process.kill(-child.pid!, 'SIGKILL'), mostMs);
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
        .map(({ fullName, failureMessages }): Failure => {
          const late = failureMessages.some((words) => /(?:Test|Hook) timed out in/.test(words));
          return { test: fullName, kind: late ? 'time' : 'claim' };
        });
      const unread = failed.length === 0 && status === 'failed';
      return [file, unread ? [{ test: file, kind: 'load' }] : failed];
    }),
  );
}
