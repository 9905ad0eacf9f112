/** Files that jobs leave at this party, readable by the worker's own account only. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SottoError } from '../base/errors.ts';
import { writeWhole } from '../model/file.ts';

/** No separators and no leading dot: a name is never a path. */
const NAME = /^[a-z0-9][a-z0-9._-]{0,63}$/;

export class Artifacts {
  readonly #folder: string;

  constructor(stateDir: string) {
    this.#folder = join(stateDir, 'jobs');
  }

  /** Each file whole or not at all. Resolves to the names. */
  async write(jobId: string, files: Readonly<Record<string, Uint8Array>>): Promise<string[]> {
    for (const [name, content] of Object.entries(files)) {
      await writeWhole(this.#path(jobId, name), content);
    }
    return Object.keys(files);
  }

  async read(jobId: string, name: string): Promise<Uint8Array> {
    try {
      return await readFile(this.#path(jobId, name));
    } catch (thrown) {
      if (thrown instanceof SottoError) throw thrown;
      throw new SottoError('not-found', 'the job has no such artifact', {}, { cause: thrown });
    }
  }

  #path(jobId: string, name: string): string {
    if (!NAME.test(jobId) || !NAME.test(name)) {
      throw new SottoError('not-found', 'the job has no such artifact');
    }
    return join(this.#folder, jobId, name);
  }
}
