/**
 * The bank's side: keeps the mirror, asks for blinded ids, checks everything that comes back, and only
 * then looks up and opens, here, where nobody sees whether there was a row.
 */
import type { KeyObject } from 'node:crypto';
import { join } from 'node:path';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { equalBytes } from '../base/bytes.ts';
import { asSottoError, SottoError } from '../base/errors.ts';
import type { Random } from '../base/random.ts';
import type { Compute } from '../compute/compute.ts';
import { idNormalizer } from '../data/ids.ts';
import {
  Engine,
  GetManifestRequestSchema,
  type LookupResult,
  LookupResultSchema,
  type Manifest,
  type QueryRequest,
  QueryRequestSchema,
  type QueryResponse,
  type SignedManifest,
  SignedManifestSchema,
} from '../gen/sotto/tag/v1/tag_pb.ts';
import { blindCoins, type ReceiptStore } from './audit.ts';
import { recordDigest } from './canary.ts';
import { type DownloadProgress, download, missingBytes, prune } from './download.ts';
import { readIfThere, writeWhole } from './files.ts';
import { follow, readManifest } from './manifest.ts';
import { Mirror } from './mirror.ts';
import { checkReceipt } from './receipts.ts';
import type { TagRemote } from './remote.ts';
import { digested, inputOf } from './row.ts';
import { SECRET_BYTES } from './row-index.ts';
import { decodeRecord } from './schema.ts';
import { currentVersion, MOST_ITEMS } from './server.ts';

/** What the bank insists on, whatever a manifest offers. */
export interface TagPolicy {
  /** Ids among which each asked one is hidden; "full" is the whole table. */
  readonly minAnonymity: 'full' | number;
  readonly maxDownloadBytes: number;
  /** Of one look-up, retries included. */
  readonly maxLatencyMs: number;
}

export interface TagClientOptions {
  readonly remote: TagRemote;
  /** Where the mirror is, and nothing else. */
  readonly folder: string;
  readonly datasetId: string;
  /** This party, as the company calls it. */
  readonly tenant: string;
  readonly signer: KeyObject;
  readonly purpose: string;
  readonly policy: TagPolicy;
  readonly receipts: ReceiptStore;
  readonly compute: Compute;
  readonly random: Random;
  /** Resolves after so many milliseconds, or rejects when the signal aborts. */
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
}

const KEY_BYTES = 16;
/** Between two attempts with the same bytes. */
const RETRY_MS = 50;

export class TagClient implements Disposable {
  readonly #options: TagClientOptions;
  #mirror: Mirror | undefined;
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
    const known = fromBinary(SignedManifestSchema, bytes);
    const client = new TagClient(options, known);
    const manifest = readManifest(known, options);
    client.#mirror = await Mirror.open(segmentFolder(options.folder), manifest);
    return client;
  }

  /** Of the mirror that is looked at; undefined before the first sync. */
  get manifest(): Manifest | undefined {
    return this.#mirror?.manifest;
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
      return yield* this.#sync(signal);
    } finally {
      this.#downloading = undefined;
      resolve();
    }
  }

  async *#sync(signal: AbortSignal): AsyncGenerator<DownloadProgress, Manifest, void> {
    const { remote, folder, datasetId } = this.#options;
    let known = this.#known;
    for (;;) {
      const knownSequence = known === undefined ? 0n : readManifest(known, this.#options).sequence;
      const request = create(GetManifestRequestSchema, { datasetId, knownSequence });
      const { manifests } = await remote.getManifest(request, signal);
      known = follow(manifests, known, this.#options).signed;
      if (manifests.length === 0 || knownSequence === 0n) break;
    }
    const manifest = readManifest(known, this.#options);
    const segments = segmentFolder(folder);
    this.#checkPolicy(manifest, missingBytes(segments, manifest));
    yield* download(remote, segments, manifest, signal);
    const mirror = await Mirror.open(segments, manifest);
    writeWhole(manifestFile(folder), toBinary(SignedManifestSchema, known));
    this.#options.receipts.keepManifest(known, manifest);
    this.#known = known;
    this.#mirror?.retire();
    this.#mirror = mirror;
    prune(segments, manifest);
    return manifest;
  }

  #checkPolicy({ modes, layers }: Manifest, downloadBytes: number): void {
    const { minAnonymity, maxDownloadBytes } = this.#options.policy;
    const mode = modes.find(({ engine }) => engine === Engine.MIRROR);
    if (mode === undefined) {
      throw new SottoError('permission-denied', 'the company offers no mirror', { field: 'modes' });
    }
    const rows = layers.reduce((sum, layer) => sum + Number(layer.rows), 0);
    const anonymity = mode.anonymity === 0n ? rows : Number(mode.anonymity);
    const least = minAnonymity === 'full' ? rows : minAnonymity;
    if (anonymity < least) {
      const facts = { field: 'minAnonymity', offered: anonymity, least };
      throw new SottoError('permission-denied', 'the policy asks for more anonymity', facts);
    }
    if (downloadBytes > maxDownloadBytes) {
      const facts = { field: 'maxDownload', bytes: downloadBytes, most: maxDownloadBytes };
      throw new SottoError('permission-denied', 'the policy forbids so large a download', facts);
    }
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
    return this.#ready().using(async (mirror) => {
      const { manifest } = mirror;
      const secrets = await this.#evaluate(manifest, forms, signal);
      const results = forms.map((_, at) => {
        const record = mirror.record(secrets.subarray(at * SECRET_BYTES, (at + 1) * SECRET_BYTES));
        const tags = record === undefined ? undefined : decodeRecord(manifest.fields, record);
        return create(LookupResultSchema, { found: tags !== undefined, tags: tags ?? [] });
      });
      secrets.fill(0);
      return { versionId: manifest.versionId, results };
    });
  }

  /** Asks for one of the ids that are there to be asked for: key, proof, table and schema in one. */
  async checkCanary(signal: AbortSignal): Promise<boolean> {
    return await this.#ready().using(async (mirror) => {
      const [canary] = mirror.manifest.canaries;
      if (canary === undefined) return false;
      const record = mirror.record(await this.#evaluate(mirror.manifest, [canary.id], signal));
      if (record !== undefined && equalBytes(recordDigest(record), canary.recordSha256))
        return true;
      const facts = { dataset: mirror.manifest.datasetId };
      throw new SottoError('verification-failed', 'an id that must be there is not', facts);
    });
  }

  /** The function's values for ids: blinded, evaluated by the company, its proof and receipt checked. */
  async #evaluate(
    manifest: Manifest,
    forms: readonly string[],
    signal: AbortSignal,
  ): Promise<Uint8Array> {
    if (forms.length < 1 || forms.length > MOST_ITEMS) {
      const facts = { field: 'ids', found: forms.length, most: MOST_ITEMS };
      throw new SottoError('invalid-argument', 'a query has 1 to 4096 ids', facts);
    }
    const { random, compute, purpose, receipts } = this.#options;
    const inputs = forms.map((id) => inputOf(manifest, id));
    const idempotencyKey = random.bytes(KEY_BYTES);
    const coins = blindCoins(receipts.secret, idempotencyKey, forms.length);
    const { blinds, blinded } = await compute.run('oprfBlind', { inputs, coins }, { signal });
    const request = create(QueryRequestSchema, {
      datasetId: manifest.datasetId,
      versionId: manifest.versionId,
      idempotencyKey,
      purpose,
      blinded,
      fetch: { case: 'mirror', value: {} },
    });
    const { evaluated, proof, receipt } = await this.#ask(request, signal);
    checkReceipt(receipt, request, this.#options);
    const answer = { publicKey: manifest.publicKey, inputs, blinds, blinded, evaluated, proof };
    const { outputs } = await compute.run('oprfFinalize', answer, { signal });
    receipts.keep(request, receipt!);
    return outputs;
  }

  /** The identical bytes again while nobody answers: billed once, and the answer does not change. */
  async #ask(request: QueryRequest, signal: AbortSignal): Promise<QueryResponse> {
    for (let wait = RETRY_MS; ; wait *= 2) {
      try {
        return await this.#options.remote.query(request, signal);
      } catch (thrown) {
        const { code } = asSottoError(thrown);
        if (signal.aborted || code !== 'peer-unavailable') throw thrown;
        await this.#options.sleep(wait, signal);
      }
    }
  }

  #ready(): Mirror {
    if (this.#mirror !== undefined) return this.#mirror;
    const facts = { dataset: this.#options.datasetId };
    throw new SottoError('not-found', 'there is no mirror yet: sync it first', facts);
  }

  [Symbol.dispose](): void {
    this.#mirror?.retire();
  }
}

const manifestFile = (folder: string): string => join(folder, 'manifest.binpb');
const segmentFolder = (folder: string): string => join(folder, 'segments');

async function drain(generator: AsyncGenerator<unknown, unknown, void>): Promise<void> {
  for await (const _ of generator);
}
