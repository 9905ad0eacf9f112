/** Fetching a version: only the segments that are not here yet, each from where an earlier attempt stopped. */
import {
  closeSync,
  existsSync,
  fstatSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { create } from '@bufbuild/protobuf';
import { equalBytes } from '../base/bytes.ts';
import { SottoError } from '../base/errors.ts';
import { FetchBlobRequestSchema, type Manifest, type Segment } from '../gen/sotto/tag/v1/tag_pb.ts';
import { fileSha256, syncFolder, writeAll, writing } from './files.ts';
import { segmentFile } from './mirror.ts';
import type { TagRemote } from './remote.ts';
import { rowBytes } from './shape.ts';

export interface DownloadProgress {
  readonly doneBytes: number;
  readonly totalBytes: number;
}

const segmentsOf = ({ layers }: Manifest): Segment[] => layers.flatMap(({ segments }) => segments);
const part = (folder: string, segment: Segment): string =>
  `${segmentFile(folder, segment.sha256)}.part`;

/** What is still to be fetched, in bytes. */
export function missingBytes(folder: string, manifest: Manifest): number {
  return missing(folder, manifest).reduce((sum, segment) => {
    const path = part(folder, segment);
    const here = existsSync(path) ? statSync(path).size : 0;
    return sum + Math.max(0, Number(segment.rows) * rowBytes(manifest) - here);
  }, 0);
}

function missing(folder: string, manifest: Manifest): Segment[] {
  const names = new Set<string>();
  return segmentsOf(manifest).filter((segment) => {
    const path = segmentFile(folder, segment.sha256);
    const isNew = !names.has(path) && !existsSync(path);
    names.add(path);
    return isNew;
  });
}

/** @throws verification-failed for a segment that is not what the manifest says; the others stay. */
export async function* download(
  remote: TagRemote,
  folder: string,
  manifest: Manifest,
  signal: AbortSignal,
): AsyncGenerator<DownloadProgress, void, void> {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const totalBytes = missingBytes(folder, manifest);
  let doneBytes = 0;
  for (const segment of missing(folder, manifest)) {
    for await (const bytes of fetchSegment(remote, folder, manifest, segment, signal)) {
      doneBytes += bytes;
      yield { doneBytes, totalBytes };
    }
  }
}

async function* fetchSegment(
  remote: TagRemote,
  folder: string,
  manifest: Manifest,
  segment: Segment,
  signal: AbortSignal,
): AsyncGenerator<number, void, void> {
  const path = part(folder, segment);
  const size = Number(segment.rows) * rowBytes(manifest);
  const file = openSync(path, 'a', 0o600);
  try {
    let at = fstatSync(file).size;
    const request = create(FetchBlobRequestSchema, {
      datasetId: manifest.datasetId,
      sha256: segment.sha256,
      offset: BigInt(at),
    });
    const isWhole = at >= size;
    for await (const chunk of isWhole ? [] : remote.fetchBlob(request, signal)) {
      at += chunk.length;
      if (at > size) break; // refused below; what would follow is not stored
      writing(() => writeAll(file, chunk));
      yield chunk.length;
    }
    writing(() => fsyncSync(file));
    if (at < size) {
      const facts = { expected: size, received: at };
      throw new SottoError('peer-unavailable', 'the download ended early: run it again', facts);
    }
  } finally {
    closeSync(file);
  }
  if (!equalBytes(await fileSha256(path), segment.sha256)) {
    rmSync(path);
    const facts = { dataset: manifest.datasetId, bytes: size };
    throw new SottoError('verification-failed', 'a segment is not what the manifest says', facts);
  }
  renameSync(path, segmentFile(folder, segment.sha256));
  syncFolder(folder);
}

/** Removes what the manifest does not list: segments of older versions, and attempts at them. */
export function prune(folder: string, manifest: Manifest): void {
  const kept = new Set(
    segmentsOf(manifest).map(({ sha256 }) => basename(segmentFile(folder, sha256))),
  );
  for (const name of readdirSync(folder)) if (!kept.has(name)) rmSync(join(folder, name));
}
