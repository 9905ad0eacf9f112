/**
 * A sealed table that stayed at the company, as the bank asks it: a bucket is named, the row's place in it follows
 * from the function's value, and that one row is transferred. For an id that is not there, any row is: it does not open.
 */
import { create } from '@bufbuild/protobuf';
import { type Bytes, concat, equalBytes } from '../base/bytes.ts';
import { SottoError } from '../base/errors.ts';
import type { Random } from '../base/random.ts';
import {
  type BucketFetched,
  type Buckets,
  type Manifest,
  QueryRequestSchema,
  TransferRequestSchema,
  type TransferResponse,
} from '../gen/sotto/tag/v1/tag_pb.ts';
import { DIGEST_BYTES } from '../primitives/hashing/index.ts';
import { directCoins } from '../primitives/ot/index.ts';
import { type Asking, type Evaluated, evaluate, untilAnswered } from './asking.ts';
import { bucketOf, leafOf, mostBucketItems, pathHolds } from './buckets.ts';
import { inputOf, openRow, type RowKey, rowKey } from './row.ts';
import { SECRET_BYTES } from './row-index.ts';
import { setsOf } from './transfer.ts';

/** Where a wanted row is; `place` is drawn where there is none. */
interface Wanted extends RowKey {
  readonly place: number;
  readonly isThere: boolean;
}

export class BucketTable {
  readonly manifest: Manifest;
  readonly #buckets: Buckets;

  constructor(manifest: Manifest) {
    this.manifest = manifest;
    this.#buckets = manifest.buckets!; // the manifest was checked to have them, as it has the mode
  }

  get mostItems(): number {
    return mostBucketItems(this.#buckets.rows, this.manifest);
  }

  /** Nothing is held open. */
  using<T>(work: (table: BucketTable) => Promise<T>): Promise<T> {
    return work(this);
  }

  retire(): void {}

  /** The record of each id, or undefined; more ids than an answer carries are asked in turn. */
  async records(
    asking: Asking,
    forms: readonly string[],
    signal: AbortSignal,
  ): Promise<(Bytes | undefined)[]> {
    const records: (Bytes | undefined)[] = [];
    for (let at = 0; at < forms.length; at += this.mostItems) {
      const some = forms.slice(at, at + this.mostItems);
      records.push(...(await this.#ask(asking, some, signal)));
    }
    return records;
  }

  async #ask(asking: Asking, forms: readonly string[], signal: AbortSignal) {
    const inputs = forms.map((id) => inputOf(this.manifest, id));
    const buckets = inputs.map((input) => bucketOf(this.#buckets, input));
    const fetch = { case: 'bucket', value: { buckets } } as const;
    const request = create(QueryRequestSchema, { fetch }).fetch;
    const evaluated = await evaluate(asking, this.manifest, inputs, request, signal);
    const { response } = evaluated;
    const shown = response.fetched.case === 'bucket' ? response.fetched.value : undefined;
    const fingerprints = this.#checked(shown, buckets);
    const wanted = fingerprints.map((each, at) => this.#find(each, evaluated, at, asking.random));
    evaluated.secrets.fill(0);
    const rows = await this.#transfer(asking, evaluated, wanted, signal);
    return wanted.map((each, at) => this.#open(each, rows[at]!));
  }

  /** The fingerprints of each bucket, once the manifest has been found to bind them. */
  #checked(shown: BucketFetched | undefined, buckets: readonly number[]): Uint8Array[] {
    const { rows, count } = this.#buckets;
    const size = rows * this.manifest.fingerprintBytes;
    const steps = DIGEST_BYTES * Math.log2(count);
    const { fingerprints = new Uint8Array(), paths = new Uint8Array() } = shown ?? {};
    if (fingerprints.length !== buckets.length * size || paths.length !== buckets.length * steps) {
      const facts = { expected: buckets.length * size, received: fingerprints.length };
      throw new SottoError('protocol-violation', 'fingerprints of other buckets', facts);
    }
    return buckets.map((bucket, at) => {
      const own = fingerprints.subarray(at * size, (at + 1) * size);
      const path = paths.subarray(at * steps, (at + 1) * steps);
      if (pathHolds(this.#buckets, bucket, leafOf(bucket, own), path)) return own;
      const message = 'a bucket is not what the manifest says';
      throw new SottoError('verification-failed', message, { buckets: count });
    });
  }

  #find(fingerprints: Uint8Array, { secrets }: Evaluated, at: number, random: Random): Wanted {
    const { datasetId, versionId, fieldGroup, fingerprintBytes } = this.manifest;
    const { salt, rows } = this.#buckets;
    const secret = secrets.subarray(at * SECRET_BYTES, (at + 1) * SECRET_BYTES);
    const key = rowKey(secret, { datasetId, versionId, salt, fieldGroup }, this.manifest);
    let place = -1;
    for (let row = 0; row < rows; row += 1) {
      const other = fingerprints.subarray(row * fingerprintBytes, (row + 1) * fingerprintBytes);
      if (equalBytes(other, key.fingerprint)) place = row;
    }
    if (place >= 0) return { ...key, place, isThere: true };
    const drawn = Buffer.from(random.bytes(4)).readUInt32LE();
    return { ...key, place: drawn % rows, isThere: false };
  }

  /** The sealed record of each id, by transfers whose choices nobody sees. */
  async #transfer(
    { compute, random, remote, sleep }: Asking,
    { request: query }: Evaluated,
    wanted: readonly Wanted[],
    signal: AbortSignal,
  ): Promise<Uint8Array[]> {
    const sets = setsOf(this.manifest, this.#buckets, query);
    const indices = wanted.map(({ place }) => place);
    const coins = random.bytes(directCoins(sets).receiver);
    const own = await compute.run('otDirectChoose', { ...sets, indices, coins }, { signal });
    coins.fill(0);
    const { offered } = own;
    const request = create(TransferRequestSchema, { query, choices: offered });
    const heard: TransferResponse = await untilAnswered(
      () => remote.transfer(request, signal),
      { sleep },
      signal,
    );
    const answer = { answered: heard.answers, sealed: heard.sealed };
    const opening = { ...sets, indices, ...own, ...answer };
    const { records } = await compute.run('otDirectOpen', opening, { signal });
    own.secrets.fill(0);
    return wanted.map((_, at) => records.subarray(at * sets.width, (at + 1) * sets.width));
  }

  #open({ isThere, ...key }: Wanted, sealed: Uint8Array): Bytes | undefined {
    if (!isThere) return undefined;
    const record = openRow(key, concat(key.fingerprint, sealed));
    key.key.fill(0);
    if (record !== undefined) return record;
    const { fingerprintBytes } = this.manifest;
    const message = 'a row does not open with its own key';
    throw new SottoError('verification-failed', message, { fingerprintBytes });
  }
}
