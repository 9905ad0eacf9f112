/** The company's side: manifests, segments, and evaluations that are debited before they exist. */
import { createHmac } from 'node:crypto';
import { open } from 'node:fs/promises';
import { create } from '@bufbuild/protobuf';
import { equalBytes } from '../base/bytes.ts';
import { asSottoError, SottoError } from '../base/errors.ts';
import {
  type Buckets,
  Engine,
  type FetchBlobRequest,
  type GetManifestRequest,
  type GetManifestResponse,
  GetManifestResponseSchema,
  type Manifest,
  type Mode,
  type QueryRequest,
  type QueryResponse,
  QueryResponseSchema,
  type TransferRequest,
  type TransferResponse,
  TransferResponseSchema,
} from '../gen/sotto/tag/v1/tag_pb.ts';
import { Evaluations } from './evaluations.ts';
import { TableFolder } from './folder.ts';
import { NAME } from './manifest.ts';
import type { Meter, Usage } from './meter.ts';
import { signReceipt } from './receipts.ts';
import { type ServedFrom, type ServedTable, ServedTables } from './served-tables.ts';
import { rowBytes } from './shape.ts';
import {
  answerTransfer,
  bucketsOf,
  checkBuckets,
  checkChoices,
  setsOf,
  transferDigest,
} from './transfer.ts';
import { Turns } from './turns.ts';

/** The calls of the service, for a peer that has proved who it is; over a network or in memory. */
export interface TagService {
  getManifest(peer: string, request: GetManifestRequest): Promise<GetManifestResponse>;
  /** The bytes of a segment from the offset on. */
  fetchBlob(peer: string, request: FetchBlobRequest): AsyncIterable<Uint8Array>;
  query(peer: string, request: QueryRequest): Promise<QueryResponse>;
  /** The rows of a bucket query. */
  transfer(peer: string, request: TransferRequest): Promise<TransferResponse>;
}

export interface TagServerOptions extends ServedFrom {
  readonly tables: readonly ServedTable[];
  readonly meter: Meter;
}

/** How far one tenant's quota of one table is used; an empty purpose stands for all together. */
export interface TagQuota extends Usage {
  readonly table: string;
  readonly peer: string;
  readonly purpose: string;
}

export const MOST_ITEMS = 4096;
export const POINT_BYTES = 32;
const KEY_BYTES = 16;
/** Of RFC 9497's random scalar, see `Asked`. */
const PROOF_COIN_BYTES = 48;
const CHUNK_BYTES = 256 << 10;
/** Manifests that a client may be behind and still follow the chain; all if it knows none. */
const MOST_CHAIN = 256;

export class TagServer implements TagService {
  readonly #options: TagServerOptions;
  readonly #tables: ServedTables;
  readonly #evaluations: Evaluations;
  readonly #turns = new Turns();

  constructor(options: TagServerOptions) {
    this.#options = options;
    this.#tables = new ServedTables(options.tables, options);
    this.#evaluations = new Evaluations(options.compute);
  }

  /** Of each newest version; a table that was never sealed has none. */
  quotas(): TagQuota[] {
    return this.#options.tables.flatMap((table) => {
      const manifest = this.#tables.newest(table);
      if (manifest === undefined) return [];
      const { datasetId, tenant: peer } = table;
      const purposes = ['', ...table.purposes.filter((purpose) => purpose !== '*')];
      return purposes.flatMap((purpose) =>
        this.#options.meter
          .usage(manifest, purpose)
          .map((usage) => ({ ...usage, table: datasetId, peer, purpose })),
      );
    });
  }

  async getManifest(peer: string, request: GetManifestRequest): Promise<GetManifestResponse> {
    const { versions } = this.#tables.versions(this.#tables.find(peer, request.datasetId));
    const from = versions.findIndex(({ manifest }) => manifest.sequence === request.knownSequence);
    const chain = from < 0 ? versions.slice(-1) : versions.slice(from + 1);
    const manifests = chain.slice(0, MOST_CHAIN).map(({ signed }) => signed);
    return create(GetManifestResponseSchema, { manifests });
  }

  async *fetchBlob(peer: string, request: FetchBlobRequest): AsyncIterable<Uint8Array> {
    const table = this.#tables.find(peer, request.datasetId);
    const found = this.#tables
      .versions(table)
      .versions.filter(({ manifest }) => manifest.modes.some(isMirror))
      .flatMap(({ manifest }) =>
        manifest.layers.flatMap((layer) =>
          layer.segments.map((segment) => ({
            segment,
            size: Number(segment.rows) * rowBytes(manifest),
          })),
        ),
      )
      .find(({ segment }) => equalBytes(segment.sha256, request.sha256));
    if (found === undefined) throw invalid('sha256', 'names no segment of this table');
    if (request.offset > found.size) throw invalid('offset', 'is beyond the segment');
    const folder = new TableFolder(this.#options.sealed, table.datasetId, table.tenant);
    await using file = await open(folder.segment(request.sha256), 'r');
    const end = found.size;
    for (let at = Number(request.offset); at < end; ) {
      const chunk = new Uint8Array(Math.min(CHUNK_BYTES, end - at));
      const { bytesRead } = await file.read(chunk, 0, chunk.length, at);
      if (bytesRead === 0) throw new SottoError('internal', 'a segment is cut short', {});
      at += bytesRead;
      yield chunk.subarray(0, bytesRead);
    }
  }

  async query(peer: string, request: QueryRequest): Promise<QueryResponse> {
    await this.#turns.next(peer);
    const table = this.#tables.find(peer, request.datasetId);
    this.#check(table, request);
    const { manifest } = this.#tables.answered(table, request.versionId);
    if (!manifest.modes.some(({ engine }) => engine === engineOf(request))) {
      throw invalid('fetch', 'is no mode of this version');
    }
    const { buckets } = manifest;
    const fetched =
      request.fetch.case === 'bucket' && buckets !== undefined
        ? await this.#shown(table, manifest, buckets, request)
        : {};
    const epoch = await this.#tables.epoch(table, manifest.epoch);
    const receipt = await this.#options.meter.debit(manifest, request);
    const { blinded } = request;
    // Fixed by the points, so that a retry gets the same bytes; another batch gets other coins.
    const coins = createHmac('sha512', epoch.proofKey).update(blinded).digest();
    const asked = { blinded, coins: coins.subarray(0, PROOF_COIN_BYTES) };
    const { evaluated, proof } = await this.#evaluations
      .evaluate(table.tenant, epoch, asked)
      .catch(refusePoint);
    const signed = signReceipt(receipt, this.#options.signingKey);
    return create(QueryResponseSchema, { evaluated, proof, receipt: signed, ...fetched });
  }

  async #shown(table: ServedTable, manifest: Manifest, buckets: Buckets, request: QueryRequest) {
    checkBuckets(manifest, request, request.blinded.length / POINT_BYTES);
    const value = await this.#tables.buckets(table, manifest, buckets).shown(bucketsOf(request));
    return { fetched: { case: 'bucket', value } } as const;
  }

  async transfer(peer: string, request: TransferRequest): Promise<TransferResponse> {
    await this.#turns.next(peer);
    const table = this.#tables.find(peer, request.query?.datasetId ?? '');
    const { query } = request;
    if (query?.fetch.case !== 'bucket') throw invalid('query', 'must be one that names buckets');
    this.#check(table, query);
    const { manifest } = this.#tables.answered(table, query.versionId);
    const { buckets } = manifest;
    if (buckets === undefined) throw invalid('fetch', 'is no mode of this version');
    checkBuckets(manifest, query, query.blinded.length / POINT_BYTES);
    checkChoices(request, setsOf(manifest, buckets, query));
    const { transferKey } = await this.#tables.epoch(table, manifest.epoch);
    const rows = this.#tables.buckets(table, manifest, buckets);
    const { meter, compute } = this.#options;
    await meter.transfer(manifest.tenant, query, transferDigest(query, request.choices));
    const shape = { manifest, buckets, rows };
    const answer = await answerTransfer({ ...request, query }, shape, { compute, transferKey });
    return create(TransferResponseSchema, answer);
  }

  #check({ purposes }: ServedTable, request: QueryRequest): void {
    const { versionId, blinded, idempotencyKey, purpose, fetch } = request;
    const items = blinded.length / POINT_BYTES;
    if (!Number.isInteger(items) || items < 1 || items > MOST_ITEMS) {
      throw invalid('blinded', 'must be 1 to 4096 points of 32 bytes', {
        bytes: blinded.length,
        most: MOST_ITEMS,
      });
    }
    if (idempotencyKey.length !== KEY_BYTES) {
      const facts = { expected: KEY_BYTES, received: idempotencyKey.length };
      throw invalid('idempotency_key', 'must be 16 random bytes', facts);
    }
    if (!NAME.test(versionId)) throw invalid('version_id', 'is no name of a version');
    if (fetch.case === undefined) throw invalid('fetch', 'is required');
    if (!purposes.includes(purpose) && !purposes.includes('*')) {
      const facts = { field: 'purpose' };
      throw new SottoError('permission-denied', 'the table is not offered for this purpose', facts);
    }
  }
}

const isMirror = ({ engine }: Mode): boolean => engine === Engine.MIRROR;

const engineOf = ({ fetch }: QueryRequest): Engine =>
  ({ mirror: Engine.MIRROR, bucket: Engine.BUCKET, blind: Engine.BLIND })[fetch.case ?? 'mirror'];

/** A point that is none is the caller's mistake, and debited all the same: it was asked. */
function refusePoint(thrown: unknown): never {
  const error = asSottoError(thrown);
  if (error.code !== 'protocol-violation') throw error;
  throw invalid('blinded', 'holds what is no usable group element', {
    index: Number(error.facts.position ?? 0),
  });
}

const invalid = (field: string, why: string, facts: Record<string, number> = {}): SottoError =>
  new SottoError('invalid-argument', `${field} ${why}`, { field, ...facts });
