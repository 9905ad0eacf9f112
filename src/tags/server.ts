/** The company's side: manifests, segments, and evaluations that are debited before they exist. */
import { createHmac, createPublicKey, type KeyObject } from 'node:crypto';
import { open } from 'node:fs/promises';
import { create, isMessage } from '@bufbuild/protobuf';
import { equalBytes } from '../base/bytes.ts';
import { asSottoError, SottoError } from '../base/errors.ts';
import type { Vault } from '../base/sealed.ts';
import type { Compute } from '../compute/compute.ts';
import {
  Engine,
  type FetchBlobRequest,
  type GetManifestRequest,
  type GetManifestResponse,
  GetManifestResponseSchema,
  type Manifest,
  type QueryRequest,
  type QueryResponse,
  QueryResponseSchema,
  type SignedManifest,
  SignedManifestSchema,
} from '../gen/sotto/tag/v1/tag_pb.ts';
import { type Epoch, openEpoch } from './epochs.ts';
import { TableFolder } from './folder.ts';
import { expiryMs, readManifest } from './manifest.ts';
import type { Meter } from './meter.ts';
import { signReceipt } from './receipts.ts';
import { rowBytes } from './shape.ts';

/** The three calls of the service, for a peer that has proved who it is; over a network or in memory. */
export interface TagService {
  getManifest(peer: string, request: GetManifestRequest): Promise<GetManifestResponse>;
  /** The bytes of a segment from the offset on. */
  fetchBlob(peer: string, request: FetchBlobRequest): AsyncIterable<Uint8Array>;
  query(peer: string, request: QueryRequest): Promise<QueryResponse>;
}

/** That a version is not answered any more; the table's current manifest goes with it, as its cause. */
export const versionGone = (current: SignedManifest): SottoError =>
  new SottoError(
    'parameters-rejected',
    'this version is not answered any more',
    { field: 'version_id', reason: 'version-gone' },
    { cause: current },
  );

/** The manifest that goes with such an error; undefined for any other. */
export function currentVersion(thrown: unknown): SignedManifest | undefined {
  if (!(thrown instanceof SottoError)) return undefined;
  return isMessage(thrown.cause, SignedManifestSchema) ? thrown.cause : undefined;
}

/** A table that is served to one tenant, for these purposes. */
export interface ServedTable {
  readonly datasetId: string;
  readonly tenant: string;
  readonly purposes: readonly string[];
}

export interface TagServerOptions {
  readonly tables: readonly ServedTable[];
  readonly sealed: string;
  readonly secrets: string;
  readonly vault: Vault;
  readonly signingKey: KeyObject;
  readonly compute: Compute;
  readonly meter: Meter;
  readonly now: () => number;
}

export const MOST_ITEMS = 4096;
export const POINT_BYTES = 32;
const KEY_BYTES = 16;
/** Of RFC 9497's random scalar, see `oprfEvaluateWithProof`. */
const PROOF_COIN_BYTES = 48;
const CHUNK_BYTES = 256 << 10;
/** Manifests that a client may be behind and still follow the chain; all if it knows none. */
const MOST_CHAIN = 256;

interface Version {
  readonly signed: SignedManifest;
  readonly manifest: Manifest;
}

/** What is on disk of a table, read again when a version was added. */
interface Loaded {
  readonly stamp: number;
  readonly versions: readonly Version[];
}

export class TagServer implements TagService {
  readonly #options: TagServerOptions;
  readonly #loaded = new Map<ServedTable, Loaded>();
  readonly #epochs = new Map<string, Promise<Epoch>>();

  constructor(options: TagServerOptions) {
    this.#options = options;
  }

  async getManifest(peer: string, request: GetManifestRequest): Promise<GetManifestResponse> {
    const { versions } = this.#versions(this.#table(peer, request.datasetId));
    const from = versions.findIndex(({ manifest }) => manifest.sequence === request.knownSequence);
    const chain = from < 0 ? versions.slice(-1) : versions.slice(from + 1);
    const manifests = chain.slice(0, MOST_CHAIN).map(({ signed }) => signed);
    return create(GetManifestResponseSchema, { manifests });
  }

  async *fetchBlob(peer: string, request: FetchBlobRequest): AsyncIterable<Uint8Array> {
    const table = this.#table(peer, request.datasetId);
    const found = this.#versions(table)
      .versions.flatMap(({ manifest }) =>
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
    const table = this.#table(peer, request.datasetId);
    this.#check(table, request);
    const { manifest } = this.#answered(table, request.versionId);
    if (!manifest.modes.some(({ engine }) => engine === engineOf(request))) {
      throw invalid('fetch', 'is no mode of this version');
    }
    const epoch = await this.#epoch(table, manifest.epoch);
    const receipt = await this.#options.meter.debit(manifest, request);
    const { blinded } = request;
    // Fixed by the points, so that a retry gets the same bytes; another batch gets other coins.
    const coins = createHmac('sha512', epoch.proofKey).update(blinded).digest();
    const { compute } = this.#options;
    const { secretKey, publicKey } = epoch;
    const input = { secretKey, publicKey, blinded, coins: coins.subarray(0, PROOF_COIN_BYTES) };
    const { evaluated, proof } = await compute
      .run('oprfEvaluateWithProof', input)
      .catch(refusePoint);
    const signed = signReceipt(receipt, this.#options.signingKey);
    return create(QueryResponseSchema, { evaluated, proof, receipt: signed });
  }

  #check({ purposes }: ServedTable, request: QueryRequest): void {
    const { blinded, idempotencyKey, purpose, fetch } = request;
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
    if (fetch.case === undefined) throw invalid('fetch', 'is required');
    if (!purposes.includes(purpose) && !purposes.includes('*')) {
      const facts = { field: 'purpose' };
      throw new SottoError('permission-denied', 'the table is not offered for this purpose', facts);
    }
  }

  #table(peer: string, datasetId: string): ServedTable {
    const table = this.#options.tables.find(
      (each) => each.tenant === peer && each.datasetId === datasetId,
    );
    // The same for a table that is there for somebody else.
    if (table === undefined) throw new SottoError('not-found', 'no such table is offered', {});
    return table;
  }

  #versions(table: ServedTable): Loaded {
    const { sealed, signingKey } = this.#options;
    const { datasetId, tenant } = table;
    const folder = new TableFolder(sealed, datasetId, tenant);
    const known = this.#loaded.get(table);
    const { stamp } = folder;
    if (known?.stamp === stamp) return known;
    const expected = { signer: createPublicKey(signingKey), datasetId, tenant };
    const versions = folder
      .chain()
      .map((signed) => ({ signed, manifest: readManifest(signed, expected) }));
    if (versions.length === 0) {
      throw new SottoError('not-found', 'no version of this table is sealed', {});
    }
    const loaded = { stamp, versions };
    this.#loaded.set(table, loaded);
    return loaded;
  }

  #answered(table: ServedTable, versionId: string): Version {
    const { versions } = this.#versions(table);
    const found = versions.find(({ manifest }) => manifest.versionId === versionId);
    if (found === undefined || expiryMs(found.manifest) <= this.#options.now()) {
      throw versionGone(versions.at(-1)!.signed);
    }
    return found;
  }

  #epoch({ datasetId, tenant }: ServedTable, number: number): Promise<Epoch> {
    const { secrets, vault, compute } = this.#options;
    const name = JSON.stringify([datasetId, tenant, number]);
    const known = this.#epochs.get(name);
    if (known !== undefined) return known;
    const opened = openEpoch({ secrets, vault, dataset: datasetId, tenant }, number, compute);
    opened.catch(() => this.#epochs.delete(name));
    this.#epochs.set(name, opened);
    return opened;
  }
}

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
