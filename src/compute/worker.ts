/** What runs on each thread of the pool: one task at a time, errors sent home as records. */
import { parentPort, workerData } from 'node:worker_threads';
import { move, transferableSymbol, valueSymbol } from 'piscina';
import { type ErrorRecord, SottoError } from '../base/errors.ts';
import type { Engine, TaskName } from './compute.ts';
import { type Into, leave } from './into.ts';
import { prepare, tasksWith } from './tasks.ts';

export interface TaskRequest {
  readonly id: number;
  readonly name: TaskName;
  readonly input: unknown;
  /** Shared memory for the result. */
  readonly into?: Into;
}

/** An Error that crosses a thread loses its class and code: hence a record. */
export type TaskReply = { readonly value: unknown } | { readonly error: ErrorRecord };

/** The last word of a thread that must not be used again. */
export interface ThreadLost {
  readonly lostAtTask: number;
  readonly error: ErrorRecord;
}

/** What the pool tells each of its threads. */
export interface ThreadSettings {
  readonly engine: Engine;
}

const tasks = tasksWith((workerData as ThreadSettings).engine);

export default async function runTask({ id, name, input, into }: TaskRequest): Promise<unknown> {
  let reply: TaskReply;
  try {
    await prepare(name);
    reply = { value: leave((tasks[name] as (input: unknown) => unknown)(input), into) };
  } catch (thrown) {
    if (!(thrown instanceof SottoError) || thrown.facts.poisoned === true) {
      return retire(id, name, thrown);
    }
    reply = { error: thrown.toRecord() };
  }
  return moved(reply);
}

/**
 * What is not an error of ours (a WASM trap, memory exhausted) may have left anything behind. The
 * task is never answered, so the thread gets no other, and the pool ends it.
 */
function retire(id: number, name: TaskName, thrown: unknown): Promise<never> {
  // The stranger's name only: its message may quote data.
  const error =
    thrown instanceof SottoError
      ? thrown.toRecord()
      : new SottoError('internal', 'a task failed on its thread', {
          task: name,
          kind: thrown instanceof Error ? thrown.name : typeof thrown,
        }).toRecord();
  parentPort?.postMessage({ lostAtTask: id, error } satisfies ThreadLost);
  return new Promise(() => {});
}

/** The reply with its buffers moved instead of copied. */
function moved(reply: TaskReply): unknown {
  const buffers = new Set<ArrayBuffer>();
  const value = ownBuffers(reply, buffers) as TaskReply;
  return move({ [transferableSymbol]: [...buffers], [valueSymbol]: value });
}

/** Collects all array buffers of a plain value. A view of a part is cut out first: the rest stays here. */
function ownBuffers(value: unknown, buffers: Set<ArrayBuffer>): unknown {
  if (ArrayBuffer.isView(value)) {
    const { buffer, byteLength } = value;
    if (!(buffer instanceof ArrayBuffer)) return value;
    const whole = byteLength === buffer.byteLength && !(value instanceof DataView);
    const owned = whole || value instanceof DataView ? value : (value as Uint8Array).slice();
    buffers.add(owned.buffer as ArrayBuffer);
    return owned;
  }
  if (Array.isArray(value)) return value.map((each) => ownBuffers(each, buffers));
  if (typeof value === 'object' && value !== null && value.constructor === Object) {
    return Object.fromEntries(
      Object.entries(value).map(([key, each]) => [key, ownBuffers(each, buffers)]),
    );
  }
  return value;
}
