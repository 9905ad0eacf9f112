/** Where sums are done: the interface between protocols and threads. */
import type { Into } from './into.ts';
import type { Tasks } from './tasks.ts';

export { DEFAULT_ENGINE, ENGINES, type Engine } from '../primitives/he/api.ts';

export type TaskName = keyof Tasks;
export type TaskInput<N extends TaskName> = Parameters<Tasks[N]>[0];
export type TaskOutput<N extends TaskName> = ReturnType<Tasks[N]>;

export interface RunOptions {
  readonly signal?: AbortSignal;
  /**
   * Buffers moved to the thread instead of copied: the caller must not touch them again.
   * SharedArrayBuffers are never listed: they are always passed by reference.
   */
  readonly transfer?: readonly ArrayBuffer[];
  /**
   * Shared memory where the thread leaves the result, or some fields of it; the result has these views then. What is
   * large and stays here goes this way: it is copied on the thread, and is nobody's garbage.
   */
  readonly into?: Into;
  /** Work ahead of its time: it waits while there is anything else for the threads to do. */
  readonly priority?: 'idle';
}

/** Runs tasks, on threads or inline. Task functions know nothing of it. */
export interface Compute {
  /** How many tasks run at once: split work into a few times as many pieces of 5 to 50 ms. */
  readonly threads: number;
  run<N extends TaskName>(
    name: N,
    input: TaskInput<N>,
    options?: RunOptions,
  ): Promise<TaskOutput<N>>;
}
