/** Files of sealed tables: written whole or not at all, and a full disk told from every other fault. */
import { createHash } from 'node:crypto';
import {
  closeSync,
  createReadStream,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import type { Bytes } from '../base/bytes.ts';
import { SottoError } from '../base/errors.ts';

const FILE_MODE = 0o600;
const FOLDER_MODE = 0o700;

/** What a file system says when there is no room, be it of the disk, the quota or the process. */
const NO_ROOM: readonly (string | undefined)[] = ['ENOSPC', 'EDQUOT', 'EFBIG'];

/** Does what writes; without room it fails `budget-exhausted`, and what was finished before is still there. */
export function writing<T>(write: () => T): T {
  try {
    return write();
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (!NO_ROOM.includes(code)) throw cause;
    throw new SottoError(
      'budget-exhausted',
      'the disk is full: make room and run it again, it goes on where it stopped',
      { reason: code ?? '' },
      { cause },
    );
  }
}

export function writeWhole(path: string, content: Uint8Array | string): void {
  writeChunks(path, [typeof content === 'string' ? Buffer.from(content) : content]);
}

/** Beside the target first, synced, then renamed over it, the folder synced too. Makes missing folders. */
export function writeChunks(path: string, chunks: Iterable<Uint8Array>): void {
  writing(() => {
    mkdirSync(dirname(path), { recursive: true, mode: FOLDER_MODE });
    const beside = `${path}.new`;
    try {
      const file = openSync(beside, 'w', FILE_MODE);
      try {
        for (const chunk of chunks) writeAll(file, chunk);
        fsyncSync(file);
      } finally {
        closeSync(file);
      }
      renameSync(beside, path);
    } catch (thrown) {
      rmSync(beside, { force: true });
      throw thrown;
    }
    syncFolder(dirname(path));
  });
}

export function writeAll(file: number, bytes: Uint8Array, position?: number): void {
  for (let at = 0; at < bytes.length; ) {
    const from = position === undefined ? null : position + at;
    at += writeSync(file, bytes, at, bytes.length - at, from);
  }
}

export function syncFolder(folder: string): void {
  const handle = openSync(folder, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

/** The content, or undefined where there is no such file. */
export function readIfThere(path: string): Bytes | undefined {
  return existsSync(path) ? Uint8Array.from(readFileSync(path)) : undefined;
}

/** SHA-256 of a file of any size. */
export async function fileSha256(path: string): Promise<Bytes> {
  const digest = createHash('sha256');
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) {
    digest.update(chunk as Buffer);
  }
  return Uint8Array.from(digest.digest());
}
