/** Files that jobs leave at this party: common ids, scores, reports. Sealed, and given to operators only. */
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { SottoError } from '../base/errors.ts';
import type { Place, Vault } from '../base/sealed.ts';
import { writeWhole } from '../model/file.ts';

/** No separators and no leading dot: a name is never a path. */
const NAME = /^[a-z0-9][a-z0-9._-]{0,63}$/;

const placeOf = (jobId: string, name: string): Place => ({
  purpose: 'artifact',
  job: `${jobId}/${name}`,
});

export class Artifacts {
  readonly #folder: string;
  readonly #vault: Vault;

  constructor(stateDir: string, vault: Vault) {
    this.#folder = join(stateDir, 'jobs');
    this.#vault = vault;
  }

  /** Each file whole or not at all. Resolves to the names. */
  async write(jobId: string, files: Readonly<Record<string, Uint8Array>>): Promise<string[]> {
    for (const [name, content] of Object.entries(files)) {
      const sealed = this.#vault.seal(content, placeOf(jobId, name));
      await writeWhole(this.#path(jobId, name), sealed);
    }
    return Object.keys(files);
  }

  async read(jobId: string, name: string): Promise<Uint8Array> {
    const path = this.#path(jobId, name);
    const sealed = await readFile(path).catch((cause: unknown) => {
      throw new SottoError('not-found', 'the job has no such artifact', {}, { cause });
    });
    return this.#vault.open(sealed, placeOf(jobId, name));
  }

  /** All files of the job. */
  async remove(jobId: string): Promise<void> {
    await rm(join(this.#folder, jobId), { recursive: true, force: true });
  }

  #path(jobId: string, name: string): string {
    if (!NAME.test(jobId) || !NAME.test(name)) {
      throw new SottoError('not-found', 'the job has no such artifact');
    }
    return join(this.#folder, jobId, name);
  }
}
