/** The bank's receipts, and how it opens one of its queries to an auditor without keeping any id. */
import { createCipheriv, hkdfSync, type KeyObject } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { create, toBinary } from '@bufbuild/protobuf';
import { type Bytes, equalBytes, lengthPrefixed } from '../base/bytes.ts';
import { SottoError } from '../base/errors.ts';
import type { Random } from '../base/random.ts';
import type { Place, Vault } from '../base/sealed.ts';
import { decodeStored } from '../channel/decode.ts';
import type { Compute } from '../compute/compute.ts';
import {
  type Manifest,
  ManifestSchema,
  type OpenedQuery,
  OpenedQuerySchema,
  type QueryRequest,
  QueryRequestSchema,
  type Receipt,
  type SignedManifest,
  SignedManifestSchema,
  type SignedReceipt,
  SignedReceiptSchema,
} from '../gen/sotto/tag/v1/tag_pb.ts';
import { readIfThere, writeWhole } from './files.ts';
import { readManifest } from './manifest.ts';
import { checkReceipt } from './receipts.ts';
import { inputOf } from './row.ts';

const COIN_DOMAIN = 'sotto tag blinds 1';
const SECRET_BYTES = 32;
const SECRET_PLACE: Place = { purpose: 'tag-receipt' };
/** Of RFC 9497's random scalar, see `oprfBlind`. */
const COIN_BYTES = 48;
const POINT_BYTES = 32;

/**
 * The coins that blind a request: 48 bytes for each id, from the bank's secret and the request's key. So
 * whoever has the secret can show later what a request asked, if he knows the id; and no id is kept.
 */
export function blindCoins(secret: Uint8Array, idempotencyKey: Uint8Array, items: number): Bytes {
  const info = lengthPrefixed(COIN_DOMAIN, idempotencyKey);
  const key = new Uint8Array(hkdfSync('sha512', secret, '', info, SECRET_BYTES));
  const stream = createCipheriv('aes-256-ctr', key, new Uint8Array(16)); // a key of its own each time
  key.fill(0);
  return new Uint8Array(stream.update(new Uint8Array(items * COIN_BYTES)));
}

/** Requests and receipts, by idempotency key. No ids: only with the secret beside it can a guess be checked. */
export class ReceiptStore implements Disposable {
  readonly secret: Bytes;
  readonly #database: DatabaseSync;
  readonly #insert: StatementSync;

  private constructor(secret: Bytes, database: DatabaseSync) {
    this.secret = secret;
    this.#database = database;
    this.#insert = database.prepare('INSERT OR REPLACE INTO receipts VALUES (?, ?, ?)');
  }

  static open(folder: string, random: Random, vault: Vault): ReceiptStore {
    const file = join(folder, 'audit.secret');
    if (readIfThere(file) === undefined) {
      writeWhole(file, vault.seal(random.bytes(SECRET_BYTES), SECRET_PLACE));
    }
    const secret = vault.open(readIfThere(file)!, SECRET_PLACE);
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    const database = new DatabaseSync(join(folder, 'receipts.sqlite'));
    database.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA busy_timeout = 5000;
      CREATE TABLE IF NOT EXISTS receipts (
        key BLOB PRIMARY KEY, request BLOB NOT NULL, receipt BLOB NOT NULL
      ) STRICT, WITHOUT ROWID;
      CREATE TABLE IF NOT EXISTS manifests (
        dataset TEXT NOT NULL, version TEXT NOT NULL, manifest BLOB NOT NULL,
        PRIMARY KEY (dataset, version)
      ) STRICT, WITHOUT ROWID`);
    return new ReceiptStore(secret, database);
  }

  keep(request: QueryRequest, receipt: SignedReceipt): void {
    const encoded = toBinary(QueryRequestSchema, request);
    this.#insert.run(request.idempotencyKey, encoded, toBinary(SignedReceiptSchema, receipt));
  }

  find(key: Uint8Array): { request: Bytes; receipt: SignedReceipt } {
    const row = this.#database
      .prepare('SELECT request, receipt FROM receipts WHERE key = ?')
      .get(key) as { request: Uint8Array; receipt: Uint8Array } | undefined;
    if (row === undefined) throw new SottoError('not-found', 'no receipt has this key', {});
    return {
      request: Uint8Array.from(row.request),
      receipt: decodeStored(SignedReceiptSchema, row.receipt),
    };
  }

  /** What a version was, for an auditor who looks at a query of it when it is long gone. */
  keepManifest(signed: SignedManifest, { datasetId, versionId }: Manifest): void {
    this.#database
      .prepare('INSERT OR REPLACE INTO manifests VALUES (?, ?, ?)')
      .run(datasetId, versionId, toBinary(SignedManifestSchema, signed));
  }

  manifestOf({ datasetId, versionId }: QueryRequest): SignedManifest {
    const row = this.#database
      .prepare('SELECT manifest FROM manifests WHERE dataset = ? AND version = ?')
      .get(datasetId, versionId) as { manifest: Uint8Array } | undefined;
    if (row !== undefined) return decodeStored(SignedManifestSchema, row.manifest);
    throw new SottoError('not-found', 'the manifest of this query was not kept', {});
  }

  *all(): Generator<{ readonly key: Bytes; readonly receipt: SignedReceipt }, void, void> {
    for (const row of this.#database.prepare('SELECT key, receipt FROM receipts').iterate()) {
      const { key, receipt } = row as { key: Uint8Array; receipt: Uint8Array };
      yield { key: Uint8Array.from(key), receipt: decodeStored(SignedReceiptSchema, receipt) };
    }
  }

  [Symbol.dispose](): void {
    this.#database.close();
  }
}

/**
 * Opens the query for one id (in its sealed form): finds which of the request's blinded ids it is.
 * @throws not-found if the request did not ask for it.
 */
export async function openQuery(
  store: ReceiptStore,
  key: Uint8Array,
  id: string,
  compute: Compute,
): Promise<OpenedQuery> {
  const { request, receipt } = store.find(key);
  const decoded = decodeStored(QueryRequestSchema, request);
  const { blinded } = decoded;
  const manifest = store.manifestOf(decoded);
  const items = blinded.length / POINT_BYTES;
  const coins = blindCoins(store.secret, key, items);
  // Which place the id had is not kept: as if it had had each, until the blinded id is the one sent.
  const input = inputOf(decodeStored(ManifestSchema, manifest.manifest), id);
  const inputs = Array.from({ length: items }, () => input);
  const guess = await compute.run('oprfBlind', { inputs, coins });
  for (let index = 0; index < items; index++) {
    const [from, to] = [index * POINT_BYTES, (index + 1) * POINT_BYTES];
    if (!equalBytes(guess.blinded.subarray(from, to), blinded.subarray(from, to))) continue;
    const own = coins.slice(index * COIN_BYTES, (index + 1) * COIN_BYTES);
    return create(OpenedQuerySchema, { receipt, manifest, request, index, id, coins: own });
  }
  throw new SottoError('not-found', 'this request did not ask for the id', { items });
}

/**
 * What an auditor checks, with nothing but the company's public key: that it signed a receipt for a
 * request in which that place is that id. @throws verification-failed
 */
export async function verifyOpened(
  opened: OpenedQuery,
  expected: { readonly signer: KeyObject; readonly datasetId: string; readonly tenant: string },
  compute: Compute,
): Promise<Receipt> {
  const refuse = (field: string): SottoError =>
    new SottoError('verification-failed', 'an opened query does not hold', { field });
  if (opened.manifest === undefined) throw refuse('manifest');
  const manifest = readManifest(opened.manifest, expected);
  const request = decodeStored(QueryRequestSchema, opened.request);
  const receipt = checkReceipt(opened.receipt, request, expected);
  if (request.versionId !== manifest.versionId) throw refuse('version_id');
  const from = opened.index * POINT_BYTES;
  const asked = request.blinded.subarray(from, from + POINT_BYTES);
  if (opened.coins.length !== COIN_BYTES) throw refuse('coins');
  const inputs = [inputOf(manifest, opened.id)];
  const { blinded } = await compute.run('oprfBlind', { inputs, coins: opened.coins });
  if (!equalBytes(asked, blinded)) throw refuse('id');
  return receipt;
}
