/** Whatever a run of tests leaves in the folder for temporary files is in one folder of its own, which goes with the run. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * From now on, here and in whatever is started from here: what is killed cleans nothing up. Ends with the process, or by
 * what is returned.
 */
export function inOneFolder(): () => void {
  const path = mkdtempSync(join(tmpdir(), 'sotto-run-'));
  process.env.TMPDIR = path;
  const leave = (): void => rmSync(path, { recursive: true, force: true, maxRetries: 3 });
  process.once('exit', leave);
  return leave;
}

/** What Vitest does before all tests, and then after them. */
export const setup = inOneFolder;
