/** The company's buckets of one version: what a query is shown of them, and what is transferred. */
import { type FileHandle, open } from 'node:fs/promises';
import { type Bytes, concat, equalBytes } from '../base/bytes.ts';
import { SottoError } from '../base/errors.ts';
import type { Buckets, Manifest } from '../gen/sotto/tag/v1/tag_pb.ts';
import { DIGEST_BYTES } from '../primitives/hashing/index.ts';
import { leafOf, pathOf, recordSet, treeOf } from './buckets.ts';
import { readIfThere } from './files.ts';
import type { TableFolder } from './folder.ts';
import { rowBytes } from './shape.ts';

export class BucketRows {
  readonly #manifest: Manifest;
  readonly #buckets: Buckets;
  readonly #path: string;
  readonly #tree: readonly (readonly Bytes[])[];

  /** @throws internal where the files are not those of the manifest. */
  constructor(folder: TableFolder, manifest: Manifest, buckets: Buckets) {
    this.#manifest = manifest;
    this.#buckets = buckets;
    this.#path = folder.buckets(manifest.versionId, 'rows');
    const leaves = readIfThere(folder.buckets(manifest.versionId, 'leaves')) ?? new Uint8Array();
    this.#tree = treeOf(
      Array.from({ length: leaves.length / DIGEST_BYTES }, (_, at) =>
        leaves.slice(DIGEST_BYTES * at, DIGEST_BYTES * (at + 1)),
      ),
    );
    const root = this.#tree.at(-1)?.[0];
    if (root === undefined || !equalBytes(root, buckets.root)) throw damaged();
  }

  /** The fingerprints of these buckets, and the way from each to the manifest's root. */
  async shown(buckets: readonly number[]): Promise<{ fingerprints: Bytes; paths: Bytes }> {
    const rows = await this.#read(buckets);
    const paths = buckets.flatMap((bucket) => pathOf(this.#tree, bucket));
    return {
      fingerprints: concat(...rows.map(({ fingerprints }) => fingerprints)),
      paths: concat(...paths),
    };
  }

  /** All rows of these buckets without their fingerprints, back to back. */
  async records(buckets: readonly number[]): Promise<Bytes> {
    const rows = await this.#read(buckets);
    return concat(...rows.map(({ records }) => records));
  }

  async #read(buckets: readonly number[]) {
    await using file = await open(this.#path, 'r');
    const read: { fingerprints: Bytes; records: Bytes }[] = [];
    for (const bucket of buckets) read.push(await this.#one(file, bucket));
    return read;
  }

  async #one(file: FileHandle, bucket: number): Promise<{ fingerprints: Bytes; records: Bytes }> {
    const { rows } = this.#buckets;
    const { fingerprintBytes } = this.#manifest;
    const { width } = recordSet(rows, this.#manifest);
    const size = rowBytes(this.#manifest);
    const bytes = new Uint8Array(rows * size);
    const { bytesRead } = await file.read(bytes, 0, bytes.length, bucket * bytes.length);
    const fingerprints = new Uint8Array(rows * fingerprintBytes);
    const records = new Uint8Array(rows * width);
    for (let row = 0; row < rows; row += 1) {
      const at = row * size;
      fingerprints.set(bytes.subarray(at, at + fingerprintBytes), row * fingerprintBytes);
      records.set(bytes.subarray(at + fingerprintBytes, at + size), row * width);
    }
    const isWhole = bytesRead === bytes.length;
    if (!isWhole || !equalBytes(leafOf(bucket, fingerprints), this.#tree[0]![bucket]!))
      throw damaged();
    return { fingerprints, records };
  }
}

const damaged = (): SottoError =>
  new SottoError('internal', 'the buckets on disk are not those of the manifest', {});
