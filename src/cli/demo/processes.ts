/** The demo's two workers: real processes, stopped with the demo however it ends. */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, writeSync } from 'node:fs';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { SottoError } from '../../base/errors.ts';

const PROGRAM = fileURLToPath(new URL('../bin.mjs', import.meta.url));
const TAIL_LINES = 15;
const START_MS = 30_000;
/** A worker stops within 15 s when asked; one that does not is killed. */
const STOP_MS = 16_000;

export interface WorkerProcess extends AsyncDisposable {
  readonly name: string;
  readonly process: ChildProcess;
  /** The last lines of its log. */
  tail(): string;
  /** Rejects when the process ends by itself; never resolves. */
  readonly gone: Promise<never>;
}

/** Starts `sotto worker` and resolves when its servers listen; its log goes to a file too. */
export async function startWorker(options: {
  readonly name: string;
  readonly config: string;
  readonly logFile: string;
  readonly threads?: number;
}): Promise<WorkerProcess> {
  const { name } = options;
  const child = spawn(process.execPath, [PROGRAM, 'worker', '--config', options.config], {
    // The channel is a lifeline: a worker whose parent is gone, even by SIGKILL, stops.
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    // Its own group, so that Ctrl-C reaches the demo alone and the workers are stopped in order.
    detached: true,
  });
  const lines: string[] = [];
  const log = openSync(options.logFile, 'w');
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      writeSync(log, text); // at once: the last lines matter most when all ends suddenly
      lines.push(...text.split('\n').filter((line) => line !== ''));
      lines.splice(0, Math.max(0, lines.length - TAIL_LINES));
    });
  }
  const exited = new Promise<void>((resolve) => {
    child.once('close', () => {
      closeSync(log);
      resolve();
    });
  });
  const gone = exited.then((): never => {
    throw new SottoError('internal', `the ${name} worker ended by itself`, {
      exitCode: child.exitCode ?? -1,
    });
  });
  gone.catch(() => {}); // whoever waits for a job races against it; nobody else need
  const stop = async (): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGTERM');
      const late = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
      await exited;
      clearTimeout(late);
    }
  };
  const worker: WorkerProcess = {
    name,
    process: child,
    tail: () => lines.join('\n'),
    gone,
    [Symbol.asyncDispose]: stop,
  };
  try {
    await Promise.race([ready(child, name), gone]);
  } catch (error) {
    await stop();
    process.stderr.write(tailsOf([worker]));
    throw error;
  }
  return worker;
}

async function ready(child: ChildProcess, name: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const late = setTimeout(
      () =>
        reject(
          new SottoError('deadline-exceeded', `the ${name} worker did not start`, {
            waitedMs: START_MS,
          }),
        ),
      START_MS,
    );
    late.unref();
    child.once('message', () => {
      clearTimeout(late);
      resolve();
    });
    child.once('error', reject);
  });
}

/** The workers' last words, for whoever wants to know why. */
export function tailsOf(workers: readonly WorkerProcess[]): string {
  return workers
    .filter((worker) => worker.tail() !== '')
    .map((worker) => `--- last lines of the ${worker.name} worker\n${worker.tail()}\n`)
    .join('');
}

/** So many TCP ports of loopback that were free a moment ago, all different. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer();
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      return server;
    }),
  );
  const ports = servers.map((server) => (server.address() as { port: number }).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}
