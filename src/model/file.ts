/** Files that are there whole or not at all, whenever the power goes. */
import { randomUUID } from 'node:crypto';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Readable by their owner only: models and reports are about a company's customers. */
const FILE_MODE = 0o600;
const FOLDER_MODE = 0o700;

/**
 * Writes beside the target, syncs, then renames over it, and syncs the folder so that the new name
 * lasts as well. Makes missing folders.
 */
export async function writeWhole(path: string, content: string | Uint8Array): Promise<void> {
  const folder = dirname(path);
  await mkdir(folder, { recursive: true, mode: FOLDER_MODE });
  const beside = `${path}.${randomUUID()}.part`;
  try {
    await writeSynced(beside, content);
    await rename(beside, path);
  } catch (thrown) {
    await rm(beside, { force: true });
    throw thrown;
  }
  await syncFolder(folder);
}

async function writeSynced(path: string, content: string | Uint8Array): Promise<void> {
  await using file = await open(path, 'wx', FILE_MODE);
  await file.writeFile(content);
  await file.sync();
}

export async function syncFolder(folder: string): Promise<void> {
  await using handle = await open(folder, 'r');
  await handle.sync();
}
