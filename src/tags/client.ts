/**
 * The bank's side: keeps up with the company's versions, brings ids to the form that was sealed, and has their rows
 * fetched by the engine that its policy admits. Whether there was a row is known here only.
 */
import { join } from 'node:path';
import { create, toBinary } from '@bufbuild/protobuf';
import { equalBytes } from '../base/bytes.ts';
import { SottoError } from '../base/errors.ts';
import { decodeStored } from '../channel/decode.ts';
import { idNormalizer } from '../data/ids.ts';
import {
  GetManifestRequestSchema,
  type LookupResult,
  LookupResultSchema,
  type Manifest,
  type SignedManifest,
  SignedManifestSchema,
} from '../gen/sotto/tag/v1/tag_pb.ts';
import type { Asking } from './asking.ts';
import { BucketTable } from './bucket-table.ts';
import { recordDigest } from './canary.ts';
import { type DownloadProgress, download, missingBytes, prune } from './download.ts';
import { readIfThere, writeWhole } from './files.ts';
import { lockFolder } from './folder-lock.ts';
import { follow, readManifest } from './manifest.ts';
import { Mirror } from './mirror.ts';
import { chooseEngine, type TagPolicy } from './policy.ts';
import { digested } from './row.ts';
import { decodeRecord } from './schema.ts';
import { currentVersion } from './served-tables.ts';
import { MOST_ITEMS } from './server.ts';

export interface TagClientOptions extends Asking {
  /** Where the mirror is, and nothing else. */
  readonly folder: string;
  readonly datasetId: string;
  readonly policy: TagPolicy;
}

/** Requests for manifests in a row, of many versions each: who has more to tell never ends. */
const MOST_ROUNDS = 64;

export class TagClient implements Disposable {
  readonly #options: TagClientOptions;
  #rows: Mirror | BucketTable | undefined;
  #known: SignedManifest | undefined;
  #syncing: Promise<void> | undefined;
  #downloading: Promise<void> | undefined;

  private constructor(options: TagClientOptions, known: SignedManifest | undefined) {
    this.#options = options;
    this.#known = known;
  }

  /** Opens the mirror in the folder, if one is there. */
  static async open(options: TagClientOptions): Promise<TagClient> {
    const bytes = readIfThere(manifestFile(options.folder));
    if (bytes === undefined) return new TagClient(options, undefined);
    const known = decodeStored(SignedManifestSchema, bytes);
    const client = new TagClient(options, known);
    const manifest = readManifest(known, options);
    client.#rows = await client.#open(manifest);
    return client;
  }

  /** Of the mirror that is looked at; undefined before the first sync. */
  get manifest(): Manifest | undefined {
    return this.#rows?.manifest;
  }

  /** How rows are fetched; undefined before the first sync. */
  get engine(): 'mirror' | 'bucket' | undefined {
    if (this.#rows === undefined) return undefined;
    return this.#rows instanceof Mirror ? 'mirror' : 'bucket';
  }

  /** Ids of one query. */
  get mostItems(): number {
    return this.#rows?.mostItems ?? MOST_ITEMS;
  }

  /**
   * Brings the mirror to the company's current version: manifests that follow the known one, then the
   * segments that are missing. @throws permission-denied where the policy forbids what is offered.
   */
  async *sync(signal: AbortSignal): AsyncGenerator<DownloadProgress, Manifest, void> {
    while (this.#downloading !== undefined) await this.#downloading; // two would write the same files
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#downloading = promise;
    try {
      const { folder, sleep } = this.#options;
      using _ = await lockFolder(folder, sleep, signal); // a command and a worker share it
      return yield* this.#sync(signal);
    } finally {
      this.#downloading = undefined;
      resolve();
    }
  }

  async *#sync(signal: AbortSignal): AsyncGenerator<DownloadProgress, Manifest, void> {
    const { remote, folder, datasetId } = this.#options;
    let known = this.#known;
    for (let round = 0; ; round += 1) {
      if (round === MOST_ROUNDS) {
        const facts = { dataset: datasetId, most: MOST_ROUNDS };
        throw new SottoError('protocol-violation', 'the chain of manifests does not end', facts);
      }
      const knownSequence = known === undefined ? 0n : readManifest(known, this.#options).sequence;
      const request = create(GetManifestRequestSchema, { datasetId, knownSequence });
      const { manifests } = await remote.getManifest(request, signal);
      known = follow(manifests, known, this.#options).signed;
      if (manifests.length === 0 || knownSequence === 0n) break;
    }
    const manifest = readManifest(known, this.#options);
    const segments = segmentFolder(folder);
    const engine = chooseEngine(manifest, this.#options.policy, missingBytes(segments, manifest));
    if (engine === 'mirror') yield* download(remote, segments, manifest, signal);
    const rows = await this.#openBy(engine, manifest);
    writeWhole(manifestFile(folder), toBinary(SignedManifestSchema, known));
    this.#options.receipts.keepManifest(known, manifest);
    this.#known = known;
    this.#rows?.retire();
    this.#rows = rows;
    if (engine === 'mirror') prune(segments, manifest);
    return manifest;
  }

  /** What an earlier sync left: the mirror if all of it is there, or if the policy leaves nothing else. */
  async #open(manifest: Manifest): Promise<Mirror | BucketTable> {
    const { folder, policy } = this.#options;
    const missing = missingBytes(segmentFolder(folder), manifest);
    const engine = missing === 0 ? 'mirror' : chooseEngine(manifest, policy, missing);
    return await this.#openBy(engine, manifest);
  }

  async #openBy(engine: 'mirror' | 'bucket', manifest: Manifest): Promise<Mirror | BucketTable> {
    if (engine === 'bucket') return new BucketTable(manifest);
    return await Mirror.open(segmentFolder(this.#options.folder), manifest);
  }

  /** Ids as they were sealed; refuses one that cannot be an id, by its position. */
  form(ids: readonly string[]): string[] {
    const { idNormalization, digestAlgorithm } = this.#ready().manifest;
    const normalize = idNormalizer(idNormalization);
    return ids.map((id, index) => {
      const form = normalize(id);
      if (form !== undefined && !form.startsWith('\0')) return digested(digestAlgorithm, form);
      const facts = { field: 'ids', index };
      throw new SottoError('invalid-argument', `ids[${index}] cannot be normalised`, facts);
    });
  }

  /** Tags of up to 4096 distinct ids in their sealed form: one debited query. */
  async lookup(
    forms: readonly string[],
    outer: AbortSignal,
  ): Promise<{ versionId: string; results: LookupResult[] }> {
    const { maxLatencyMs } = this.#options.policy;
    const signal = AbortSignal.any([outer, AbortSignal.timeout(maxLatencyMs)]);
    try {
      return await this.#lookup(forms, signal);
    } catch (thrown) {
      if (outer.aborted || !signal.aborted) throw thrown;
      const facts = { field: 'maxLatency', ms: maxLatencyMs };
      throw new SottoError('deadline-exceeded', 'no answer within the policy', facts);
    }
  }

  async #lookup(forms: readonly string[], signal: AbortSignal) {
    try {
      return await this.#once(forms, signal);
    } catch (thrown) {
      const current = currentVersion(thrown);
      if (current === undefined) throw thrown;
      readManifest(current, this.#options); // by the company's hand, before it makes us do anything
      await this.#syncOnce(signal);
      return await this.#once(forms, signal);
    }
  }

  /** Callers that find their version gone at the same time share one download. */
  #syncOnce(signal: AbortSignal): Promise<void> {
    this.#syncing ??= drain(this.sync(signal)).finally(() => {
      this.#syncing = undefined;
    });
    return this.#syncing;
  }

  #once(forms: readonly string[], signal: AbortSignal) {
    return this.#ready().using(async (rows) => {
      const { manifest } = rows;
      const results = (await this.#records(rows, forms, signal)).map((record) => {
        const tags = record === undefined ? undefined : decodeRecord(manifest.fields, record);
        return create(LookupResultSchema, { found: tags !== undefined, tags: tags ?? [] });
      });
      return { versionId: manifest.versionId, results };
    });
  }

  #records(rows: Mirror | BucketTable, forms: readonly string[], signal: AbortSignal) {
    if (forms.length >= 1 && forms.length <= MOST_ITEMS) {
      return rows.records(this.#options, forms, signal);
    }
    const facts = { field: 'ids', found: forms.length, most: MOST_ITEMS };
    throw new SottoError('invalid-argument', 'a look-up has 1 to 4096 ids', facts);
  }

  /** Asks for one of the ids that are there to be asked for: key, proof, table and schema in one. */
  async checkCanary(signal: AbortSignal): Promise<boolean> {
    return await this.#ready().using(async (rows) => {
      const [canary] = rows.manifest.canaries;
      if (canary === undefined) return false;
      const [record] = await this.#records(rows, [canary.id], signal);
      if (record !== undefined && equalBytes(recordDigest(record), canary.recordSha256))
        return true;
      const facts = { dataset: rows.manifest.datasetId };
      throw new SottoError('verification-failed', 'an id that must be there is not', facts);
    });
  }

  #ready(): Mirror | BucketTable {
    if (this.#rows !== undefined) return this.#rows;
    const facts = { dataset: this.#options.datasetId };
    throw new SottoError('not-found', 'there is no mirror yet: sync it first', facts);
  }

  [Symbol.dispose](): void {
    this.#rows?.retire();
  }
}

const manifestFile = (folder: string): string => join(folder, 'manifest.binpb');
const segmentFolder = (folder: string): string => join(folder, 'segments');

async function drain(generator: AsyncGenerator<unknown, unknown, void>): Promise<void> {
  for await (const _ of generator);
}
