/** A sealed table at the bank: one version of it on disk, checked, in which rows are found and opened. */
import { closeSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { create } from '@bufbuild/protobuf';
import { equalBytes, toHex } from '../base/bytes.ts';
import { SottoError } from '../base/errors.ts';
import { type Manifest, QueryRequestSchema, type Segment } from '../gen/sotto/tag/v1/tag_pb.ts';
import { type Asking, evaluate } from './asking.ts';
import { fileSha256 } from './files.ts';
import { inputOf, openRow, rowKey } from './row.ts';
import { SECRET_BYTES } from './row-index.ts';
import { MOST_ITEMS } from './server.ts';
import { rowBytes, segmentOf } from './shape.ts';
import { findRow } from './sorted-rows.ts';

export const segmentFile = (folder: string, sha256: Uint8Array): string =>
  join(folder, `${toHex(sha256)}.rows`);

interface OpenLayer {
  readonly versionId: string;
  readonly salt: Uint8Array;
  readonly segments: readonly { readonly file: number; readonly rows: number }[];
}

export class Mirror {
  readonly manifest: Manifest;
  readonly mostItems = MOST_ITEMS;
  readonly #layers: readonly OpenLayer[];
  #users = 0;
  #retired = false;

  private constructor(manifest: Manifest, layers: readonly OpenLayer[]) {
    this.manifest = manifest;
    this.#layers = layers;
  }

  /** Opens what was downloaded; every segment is hashed once more, for disks forget. @throws verification-failed */
  static async open(folder: string, manifest: Manifest): Promise<Mirror> {
    const layers: OpenLayer[] = [];
    const mirror = new Mirror(manifest, layers);
    try {
      for (const { versionId, salt, segments } of manifest.layers) {
        const open: { file: number; rows: number }[] = [];
        layers.push({ versionId, salt, segments: open });
        for (const segment of segments) {
          await checkSegment(folder, segment);
          const file = openSync(segmentFile(folder, segment.sha256), 'r');
          open.push({ file, rows: Number(segment.rows) });
        }
      }
      return mirror;
    } catch (thrown) {
      mirror.retire();
      throw thrown;
    }
  }

  /** The record of each id, or undefined: evaluated by the company, looked up here. */
  async records(
    asking: Asking,
    forms: readonly string[],
    signal: AbortSignal,
  ): Promise<(Uint8Array | undefined)[]> {
    const inputs = forms.map((id) => inputOf(this.manifest, id));
    const { fetch } = create(QueryRequestSchema, { fetch: { case: 'mirror', value: {} } });
    const { secrets } = await evaluate(asking, this.manifest, inputs, fetch, signal);
    const records = forms.map((_, at) =>
      this.record(secrets.subarray(at * SECRET_BYTES, (at + 1) * SECRET_BYTES)),
    );
    secrets.fill(0);
    return records;
  }

  /** The record sealed for the id with this secret, newest layer first; undefined if there is none. */
  record(secret: Uint8Array): Uint8Array | undefined {
    const { datasetId, fieldGroup, fingerprintBytes } = this.manifest;
    for (const { versionId, salt, segments } of this.#layers.toReversed()) {
      const key = rowKey(secret, { datasetId, versionId, salt, fieldGroup }, this.manifest);
      const index = segmentOf(key.fingerprint, segments.length);
      const { file, rows } = segments[index]!;
      const size = rowBytes(this.manifest);
      const read = (target: Uint8Array, position: number): void => readAll(file, target, position);
      const [from, to] = [index / segments.length, (index + 1) / segments.length];
      const at = findRow({ count: rows, rowBytes: size, read, from, to }, key.fingerprint);
      if (at < 0) continue;
      const row = new Uint8Array(size);
      read(row, at * size);
      const record = openRow(key, row);
      key.key.fill(0);
      if (record !== undefined) return record;
      // By chance once in 2^40 epochs: so the company has sealed something else under this fingerprint.
      throw new SottoError('verification-failed', 'a row does not open with its own key', {
        fingerprintBytes,
      });
    }
    return undefined;
  }

  /** Kept open while `work` runs, even when a newer version has taken its place. */
  async using<T>(work: (mirror: Mirror) => Promise<T>): Promise<T> {
    this.#users += 1;
    try {
      return await work(this);
    } finally {
      this.#users -= 1;
      this.#closeIfDone();
    }
  }

  /** No new users: closes with the last. */
  retire(): void {
    this.#retired = true;
    this.#closeIfDone();
  }

  #closeIfDone(): void {
    if (!this.#retired || this.#users > 0) return;
    for (const { segments } of this.#layers) for (const { file } of segments) closeSync(file);
  }
}

async function checkSegment(folder: string, { sha256 }: Segment): Promise<void> {
  const found = await fileSha256(segmentFile(folder, sha256)).catch((cause: unknown) => {
    const message = 'a segment of the mirror is missing: sync it again';
    throw new SottoError('not-found', message, {}, { cause });
  });
  if (equalBytes(found, sha256)) return;
  const message = 'a segment of the mirror is damaged: sync it again';
  throw new SottoError('verification-failed', message, { sha256: toHex(sha256) });
}

function readAll(file: number, target: Uint8Array, position: number): void {
  if (readSync(file, target, 0, target.length, position) === target.length) return;
  throw new SottoError('verification-failed', 'a segment of the mirror was cut short', {});
}
