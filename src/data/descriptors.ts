/** DuckDB ends the whole process when it is refused a file descriptor, so enough of them are asked for first. */
import { type FileHandle, open } from 'node:fs/promises';
import { devNull } from 'node:os';
import { asSottoError } from '../base/errors.ts';

/** A reader opens its file once for each of its threads, of which there are at most four, and a few more. */
const NEEDED = 16;

/** @throws peer-unavailable when the process or machine has not as many file descriptors left as a reader may need. */
export async function requireDescriptors(): Promise<void> {
  const held: FileHandle[] = [];
  try {
    while (held.length < NEEDED) held.push(await open(devNull));
  } catch (thrown) {
    throw asSottoError(thrown);
  } finally {
    for (const file of held) await file.close();
  }
}
