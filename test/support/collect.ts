/** V8's collector by hand, in the thread that loads this file. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const gc: (how: Readonly<Record<string, string>>) => void = runInNewContext('gc');

/** As before a process would die of its size: an ordinary one leaves code and caches that may be wanted again. */
const ALL = { type: 'major', execution: 'sync', flavor: 'last-resort' };

/** Whole collections, and between them the turns in which what was collected is let go of. */
export async function collect(): Promise<void> {
  for (let i = 0; i < 3; i += 1) {
    gc(ALL);
    await new Promise((resolve) => setImmediate(resolve));
  }
}
