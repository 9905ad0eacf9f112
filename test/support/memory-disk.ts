/** A disk in memory: it forgets at a crash what was not synced, takes as few bytes as it likes, and fails when told to. */
import type { Bytes } from '../../src/base/bytes.ts';
import type { Disk, GrowingFile } from '../../src/jobs/index.ts';

interface Stored {
  /** As it is read now. */
  now: Bytes;
  /** What a crash leaves. */
  synced: Bytes;
}

export class MemoryDisk implements Disk {
  readonly #files = new Map<string, Stored>();
  /** Bytes that one write takes at most. */
  most = Number.POSITIVE_INFINITY;
  #failure: { readonly operation: 'write' | 'sync'; readonly errno: string } | undefined;

  constructor(files: Readonly<Record<string, Uint8Array>> = {}) {
    for (const [path, content] of Object.entries(files)) {
      this.#files.set(path, { now: Uint8Array.from(content), synced: Uint8Array.from(content) });
    }
  }

  /** The power goes, and comes back. */
  crash(): void {
    for (const stored of this.#files.values()) stored.now = stored.synced.slice();
  }

  fail(operation: 'write' | 'sync', errno: string): void {
    this.#failure = { operation, errno };
  }

  mend(): void {
    this.#failure = undefined;
  }

  content(path: string): Bytes {
    return this.#files.get(path)!.now.slice();
  }

  /** All files, as a copy of the disk would have them. */
  copy(): Record<string, Bytes> {
    return Object.fromEntries([...this.#files].map(([path, { synced }]) => [path, synced.slice()]));
  }

  restore(files: Readonly<Record<string, Uint8Array>>): void {
    this.#files.clear();
    for (const [path, content] of Object.entries(files)) {
      this.#files.set(path, { now: Uint8Array.from(content), synced: Uint8Array.from(content) });
    }
  }

  async open(path: string): Promise<GrowingFile> {
    const stored = this.#files.get(path) ?? { now: new Uint8Array(0), synced: new Uint8Array(0) };
    this.#files.set(path, stored);
    return {
      read: async () => stored.now.slice(),
      write: async (bytes, position) => {
        this.#check('write', stored, bytes, position);
        const taken = Math.min(bytes.length, this.most);
        stored.now = written(stored.now, bytes.subarray(0, taken), position);
        return taken;
      },
      truncate: async (length) => {
        stored.now = stored.now.slice(0, length);
      },
      sync: async () => {
        this.#check('sync', stored, new Uint8Array(0), 0);
        stored.synced = stored.now.slice();
      },
      close: async () => {},
    };
  }

  async remove(path: string): Promise<void> {
    this.#files.delete(path);
  }

  async list(folder: string): Promise<string[]> {
    const names = [...this.#files.keys()].filter((path) => path.startsWith(`${folder}/`));
    return names.map((path) => path.slice(folder.length + 1));
  }

  /** A failing write leaves half of what it was given, as a full disk does. */
  #check(operation: 'write' | 'sync', stored: Stored, bytes: Uint8Array, position: number): void {
    if (this.#failure?.operation !== operation) return;
    stored.now = written(stored.now, bytes.subarray(0, bytes.length >> 1), position);
    const { errno } = this.#failure;
    throw Object.assign(new Error('the disk fails'), { code: errno, syscall: operation });
  }
}

function written(before: Bytes, bytes: Uint8Array, position: number): Bytes {
  const after = new Uint8Array(Math.max(before.length, position + bytes.length));
  after.set(before);
  after.set(bytes, position);
  return after;
}
