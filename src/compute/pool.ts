/** Tasks on threads: bounded, cancellable, and without a thread that has gone wrong. */
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Piscina } from 'piscina';
import { SottoError } from '../base/errors.ts';
import {
  type Compute,
  DEFAULT_ENGINE,
  type Engine,
  type RunOptions,
  type TaskInput,
  type TaskName,
  type TaskOutput,
} from './compute.ts';
import type { TaskReply, TaskRequest, ThreadLost, ThreadSettings } from './worker.ts';

export interface PoolOptions {
  readonly threads: number;
  /** Who draws keys and zeros. */
  readonly engine?: Engine;
  /** Aborting it cancels all tasks, the running ones too. */
  readonly signal?: AbortSignal;
  /** The longest a single task may run; tasks are made to take milliseconds. */
  readonly taskTimeoutMs?: number;
  /** Tasks that may wait for a thread. More is a caller who does not wait for what it asked for. */
  readonly maxQueue?: number;
}

export interface Pool extends Compute, AsyncDisposable {
  /** Threads that were ended because a task failed on them, took too long or was cancelled. */
  readonly replaced: number;
  /** Tasks that wait for a thread, and that run. */
  readonly load: { readonly waiting: number; readonly running: number };
  /** Ends all threads; unfinished tasks are cancelled. */
  close(): Promise<void>;
}

interface Waiting {
  readonly start: () => void;
  readonly refuse: (error: SottoError) => void;
}

interface Running {
  /** Fails the task and ends its thread at once. */
  readonly lose: (error: SottoError) => void;
  /** Fails the task; its thread is ended only if it is not free again soon. */
  readonly cancel: () => void;
}

const TASK_TIMEOUT_MS = 120_000;
/**
 * What a cancelled task may take to its own end: nearly all take less, so that neither a cancelled
 * job nor a peer that leaves costs a thread and its loaded modules.
 */
const GRACE_MS = 1_000;
const MAX_QUEUE = 4096;
/** Sources run as .ts, a build as .js: the thread's file is whatever this one is. */
const WORKER = fileURLToPath(
  new URL(`./worker${extname(new URL(import.meta.url).pathname)}`, import.meta.url),
);

export function openPool(options: PoolOptions): Pool {
  return new ThreadPool(options);
}

class ThreadPool implements Pool {
  readonly threads: number;
  readonly #piscina: Piscina<TaskRequest, TaskReply>;
  readonly #options: PoolOptions;
  /** Ours rather than Piscina's queue, so that a deadline counts from the moment a task runs. */
  readonly #waiting = new Set<Waiting>();
  /** Those that wait until no other does. */
  readonly #idle = new Set<Waiting>();
  readonly #running = new Map<number, Running>();
  readonly #cancelAll = (): void => {
    this.#refuseWaiting(cancelled(this.#options.signal));
    for (const { cancel } of this.#running.values()) cancel();
  };
  #nextId = 0;
  #busy = 0;
  #replaced = 0;
  #closed = false;

  constructor(options: PoolOptions) {
    if (!Number.isInteger(options.threads) || options.threads < 1) {
      throw new SottoError('invalid-argument', 'a pool needs a whole number of threads', {
        threads: options.threads,
      });
    }
    this.threads = options.threads;
    this.#options = options;
    this.#piscina = new Piscina<TaskRequest, TaskReply>({
      filename: WORKER,
      workerData: { engine: options.engine ?? DEFAULT_ENGINE } satisfies ThreadSettings,
      minThreads: options.threads,
      maxThreads: options.threads,
      idleTimeout: Number.POSITIVE_INFINITY,
      maxQueue: 2 * options.threads, // only while a lost thread is being replaced
    });
    this.#piscina.on('message', (message: Partial<ThreadLost>) => {
      if (message.lostAtTask === undefined || message.error === undefined) return;
      this.#running.get(message.lostAtTask)?.lose(SottoError.fromRecord(message.error));
    });
    // A thread that dies while idle is replaced; the task of one that dies at work is rejected.
    this.#piscina.on('error', () => {});
    options.signal?.addEventListener('abort', this.#cancelAll, { once: true });
  }

  get replaced(): number {
    return this.#replaced;
  }

  get load(): { readonly waiting: number; readonly running: number } {
    return { waiting: this.#waiting.size, running: this.#running.size };
  }

  async run<N extends TaskName>(
    name: N,
    input: TaskInput<N>,
    options: RunOptions = {},
  ): Promise<TaskOutput<N>> {
    await this.#turn(options);
    this.#keepTurn(options.signal);
    const reply = await this.#onThread(name, input, options);
    if ('error' in reply) throw SottoError.fromRecord(reply.error);
    return reply.value as TaskOutput<N>;
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#options.signal?.removeEventListener('abort', this.#cancelAll);
    const error = new SottoError('cancelled', 'the pool is closed');
    this.#refuseWaiting(error);
    for (const { lose } of [...this.#running.values()]) lose(error);
    await this.#piscina.destroy();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Resolves when a thread is free for the caller, first come first served. */
  async #turn({ signal, priority }: RunOptions): Promise<void> {
    this.#refuseIfOver(signal);
    if (this.#busy < this.threads) {
      this.#busy += 1;
      return;
    }
    const limit = this.#options.maxQueue ?? MAX_QUEUE;
    if (this.#waiting.size + this.#idle.size >= limit) {
      throw new SottoError('internal', 'too many tasks wait for a thread', { limit });
    }
    await this.#queue(priority === 'idle' ? this.#idle : this.#waiting, signal);
  }

  #queue(queue: Set<Waiting>, signal: AbortSignal | undefined): Promise<void> {
    return new Promise<void>((resolve, reject) => {
      const leave = (): void => {
        queue.delete(waiting);
        signal?.removeEventListener('abort', giveUp);
      };
      const waiting: Waiting = {
        start: () => {
          leave();
          resolve();
        },
        refuse: (error) => {
          leave();
          reject(error);
        },
      };
      const giveUp = (): void => waiting.refuse(cancelled(signal));
      signal?.addEventListener('abort', giveUp, { once: true });
      queue.add(waiting);
    });
  }

  /** The freed thread goes to who waits longest. */
  #startNext(): void {
    const [next = this.#idle.values().next().value] = this.#waiting;
    if (next === undefined) this.#busy -= 1;
    else next.start();
  }

  /** Settles as soon as the outcome is known; the thread is free again when its task is over. */
  #onThread(
    name: TaskName,
    input: unknown,
    { signal, transfer = [], into }: RunOptions,
  ): Promise<TaskReply> {
    const id = this.#nextId++;
    const controller = new AbortController();
    const timers = new Set<NodeJS.Timeout>();
    const after = (ms: number, step: () => void): void => void timers.add(setTimeout(step, ms));
    const retire = (): void => {
      if (controller.signal.aborted) return;
      this.#replaced += 1;
      controller.abort(); // Piscina ends the thread of an aborted task and starts another
    };
    const { promise, resolve, reject } = Promise.withResolvers<TaskReply>();
    const cancel = (): void => {
      reject(cancelled(signal ?? this.#options.signal));
      after(GRACE_MS, retire);
    };
    const lose = (error: SottoError): void => {
      reject(error);
      retire();
    };
    const timeoutMs = this.#options.taskTimeoutMs ?? TASK_TIMEOUT_MS;
    after(timeoutMs, () =>
      lose(new SottoError('deadline-exceeded', 'a task took too long', { task: name, timeoutMs })),
    );
    signal?.addEventListener('abort', cancel, { once: true });
    this.#running.set(id, { lose, cancel });
    this.#piscina
      .run(
        { id, name, input, ...(into && { into }) },
        { transferList: [...transfer], signal: controller.signal },
      )
      .then(resolve, (thrown: unknown) => reject(unrunnable(name, thrown)))
      .finally(() => {
        for (const timer of timers) clearTimeout(timer);
        signal?.removeEventListener('abort', cancel);
        this.#running.delete(id);
        this.#startNext();
      });
    return promise;
  }

  /** Gives the turn back when there is nothing to do with it any more. */
  #keepTurn(signal: AbortSignal | undefined): void {
    try {
      this.#refuseIfOver(signal);
    } catch (thrown) {
      this.#startNext();
      throw thrown;
    }
  }

  #refuseIfOver(signal: AbortSignal | undefined): void {
    if (this.#closed) throw new SottoError('cancelled', 'the pool is closed');
    if (this.#options.signal?.aborted === true) throw cancelled(this.#options.signal);
    if (signal?.aborted === true) throw cancelled(signal);
  }

  #refuseWaiting(error: SottoError): void {
    for (const waiting of [...this.#waiting, ...this.#idle]) waiting.refuse(error);
  }
}

const unrunnable = (task: TaskName, cause: unknown): SottoError =>
  new SottoError('internal', 'a task could not be run on a thread', { task }, { cause });

function cancelled(signal: AbortSignal | undefined): SottoError {
  const reason: unknown = signal?.reason;
  return reason instanceof SottoError ? reason : new SottoError('cancelled', 'cancelled');
}
