/** The whole list of what may run on a thread: ordinary synchronous functions of the primitives. */
import { ready as groupReady, groupTasks } from '../primitives/group/index.ts';
import {
  type Engine,
  ready as heReady,
  heTasks,
  samplers,
  sumTasks,
} from '../primitives/he/index.ts';
import { oprfTasks } from '../primitives/oprf/index.ts';
import { otTasks } from '../primitives/ot/index.ts';
import { sharingTasks } from '../primitives/sharing/index.ts';

export const tasks = {
  ...groupTasks,
  ...heTasks,
  ...sumTasks,
  ...oprfTasks,
  ...otTasks,
  ...sharingTasks,
};

export type Tasks = typeof tasks;

/** The list with keys and zeros drawn by this engine. */
export const tasksWith = (engine: Engine): Tasks => ({ ...tasks, ...samplers[engine] });

/** What a thread loads before its first task of a primitive. */
const loaders: readonly { readonly of: object; readonly ready: () => Promise<void> }[] = [
  { of: groupTasks, ready: groupReady },
  { of: heTasks, ready: heReady },
  { of: oprfTasks, ready: groupReady },
  { of: otTasks, ready: groupReady },
];

/** Resolves when this thread can run the task: WASM is loaded where it is first needed. */
export async function prepare(name: keyof Tasks): Promise<void> {
  for (const { of, ready } of loaders) {
    if (Object.hasOwn(of, name)) await ready();
  }
}
