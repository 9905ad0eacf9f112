/**
 * Where a sealed table lies: `<root>/<dataset>/<tenant>/` with manifests by sequence and segments by
 * hash. All of it may be read by anybody; what opens it is elsewhere (epochs.ts).
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { toBinary } from '@bufbuild/protobuf';
import { toHex } from '../base/bytes.ts';
import { decodeStored } from '../channel/decode.ts';
import { type SignedManifest, SignedManifestSchema } from '../gen/sotto/tag/v1/tag_pb.ts';
import { writeWhole } from './files.ts';
import { checkNamed } from './manifest.ts';

const MANIFEST = /^(\d{10})\.binpb$/;

export class TableFolder {
  readonly path: string;
  /** For what is in the making. */
  readonly sealing: string;
  readonly #manifests: string;

  constructor(root: string, dataset: string, tenant: string) {
    checkNamed('dataset', dataset);
    checkNamed('tenant', tenant);
    this.path = join(root, dataset, tenant);
    this.sealing = join(this.path, 'sealing');
    this.#manifests = join(this.path, 'manifests');
  }

  /** Changes whenever a manifest is added. */
  get stamp(): number {
    return existsSync(this.#manifests) ? statSync(this.#manifests).mtimeMs : 0;
  }

  /** All manifests, oldest first. */
  chain(): SignedManifest[] {
    if (!existsSync(this.#manifests)) return [];
    return readdirSync(this.#manifests)
      .filter((name) => MANIFEST.test(name))
      .sort()
      .map((name) => decodeStored(SignedManifestSchema, readFileSync(join(this.#manifests, name))));
  }

  /** From here on it is what is served. */
  append(sequence: bigint, signed: SignedManifest): void {
    const name = `${String(sequence).padStart(10, '0')}.binpb`;
    writeWhole(join(this.#manifests, name), toBinary(SignedManifestSchema, signed));
  }

  segment(sha256: Uint8Array): string {
    return join(this.path, 'segments', `${toHex(sha256)}.rows`);
  }

  /** Of a version: its buckets' rows, and the hash of each bucket's fingerprints. */
  buckets(versionId: string, part: 'rows' | 'leaves'): string {
    return join(this.path, 'buckets', `${versionId}.${part}`);
  }

  /** Removes all segments but these, and the buckets of all versions but these. */
  prune(segments: readonly Uint8Array[], versions: readonly string[]): void {
    keepOnly(join(this.path, 'segments'), new Set(segments.map((sha256) => this.segment(sha256))));
    const files = versions.flatMap((version) => [
      this.buckets(version, 'rows'),
      this.buckets(version, 'leaves'),
    ]);
    keepOnly(join(this.path, 'buckets'), new Set(files));
  }

  make(): void {
    for (const folder of [this.#manifests, join(this.path, 'segments')]) {
      mkdirSync(folder, { recursive: true, mode: 0o700 });
    }
  }
}

function keepOnly(folder: string, paths: ReadonlySet<string>): void {
  if (!existsSync(folder)) return;
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    if (!paths.has(path)) rmSync(path);
  }
}
