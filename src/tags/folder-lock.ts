/** One process at a time fetches a mirror: a command and a worker may share a folder. Given up by whoever dies. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

/** Between two looks whether the other is done. */
const WAIT_MS = 100;

/** Resolves when the folder is ours, until it is disposed of. */
export async function lockFolder(
  folder: string,
  sleep: (ms: number, signal: AbortSignal) => Promise<void>,
  signal: AbortSignal,
): Promise<Disposable> {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  // SQLite's own lock of a file, which the system lets go of with the process.
  const database = new DatabaseSync(join(folder, 'lock.sqlite'));
  for (;;) {
    try {
      database.exec('BEGIN EXCLUSIVE');
      return { [Symbol.dispose]: () => database.close() };
    } catch (thrown) {
      if (!(thrown instanceof Error && /database is locked/.test(thrown.message))) {
        database.close();
        throw thrown;
      }
    }
    await sleep(WAIT_MS, signal).catch((thrown: unknown) => {
      database.close();
      throw thrown;
    });
  }
}
