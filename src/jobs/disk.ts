/** Files that grow, as the journals of jobs need them: the one place where a kept step meets the disk. */
import { mkdir, open, readdir, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Bytes } from '../base/bytes.ts';
import { syncFolder } from '../model/file.ts';

/** A file that is open, readable by its owner only. */
export interface GrowingFile {
  /** All of it. */
  read(): Promise<Bytes>;
  /** Resolves to how many of the bytes were taken, which may be fewer than there are. */
  write(bytes: Uint8Array, position: number): Promise<number>;
  truncate(length: number): Promise<void>;
  /** Whatever was written or cut off before is on the medium when it resolves. */
  sync(): Promise<void>;
  close(): Promise<void>;
}

export interface Disk {
  /** Opens a file, or makes it with its folder; a new name is on the medium when it resolves. */
  open(path: string): Promise<GrowingFile>;
  /** Nothing happens if there is none. */
  remove(path: string): Promise<void>;
  /** Names in a folder; none if there is no such folder. */
  list(folder: string): Promise<string[]>;
}

const FILE_MODE = 0o600;
const FOLDER_MODE = 0o700;

/** The operating system's. */
export const systemDisk: Disk = {
  async open(path) {
    await mkdir(dirname(path), { recursive: true, mode: FOLDER_MODE });
    const file = await open(path, 'r+').catch(async (thrown: unknown) => {
      if (!isAbsent(thrown)) throw thrown;
      const made = await open(path, 'wx+', FILE_MODE);
      await syncFolder(dirname(path));
      return made;
    });
    return {
      read: async () => Uint8Array.from(await file.readFile()),
      write: async (bytes, position) =>
        (await file.write(bytes, 0, bytes.length, position)).bytesWritten,
      truncate: (length) => file.truncate(length),
      sync: () => file.sync(),
      close: () => file.close(),
    };
  },
  remove: (path) => rm(path, { force: true }),
  list: (folder) =>
    readdir(folder).catch((thrown: unknown) => {
      if (isAbsent(thrown)) return [];
      throw thrown;
    }),
};

const isAbsent = (thrown: unknown): boolean =>
  thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT';
