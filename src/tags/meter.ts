/**
 * What each tenant has asked for: debited durably before it is answered, never credited back.
 *
 * Quotas are the only defence against a tenant that asks for every id there could be.
 */

import { closeSync, fdatasync } from 'node:fs';
import type { DatabaseSync } from 'node:sqlite';
import { promisify } from 'node:util';
import { create } from '@bufbuild/protobuf';
import { type Bytes, equalBytes } from '../base/bytes.ts';
import { SottoError } from '../base/errors.ts';
import {
  type Manifest,
  type QueryRequest,
  type Quota,
  ReceiptSchema,
} from '../gen/sotto/tag/v1/tag_pb.ts';
import { type Debited, debitedIn } from './debited.ts';
import { openMeterFile, prepared, type Sync } from './meter-file.ts';
import { NO_RECEIPT, receiptBytes, receiptHash, requestDigest, UNLIMITED } from './receipts.ts';

const SECOND_MS = 1000;
const DAY_MS = 86_400_000;
/** How long a retry is known as one. */
const REMEMBERED_MS = 7 * DAY_MS;

type Span = 'second' | 'day' | 'epoch';

/** A debit or a transfer that waits for its commit, and its owner for the sync behind that. */
interface Entry {
  /** Writes it, or refuses it and has written nothing. Gives what tells its owner. */
  readonly write: () => () => void;
  readonly reject: (error: unknown) => void;
}

/** Evaluations debited in a span, and those that are left of its quota; undefined: there is none. */
export interface Usage {
  readonly span: Span;
  readonly used: number;
  readonly left: number | undefined;
}

export class Meter implements Disposable {
  readonly #database: DatabaseSync;
  readonly #log: number;
  readonly #sync: Sync;
  readonly #now: () => number;
  readonly #statements: ReturnType<typeof prepared>;
  #waiting: Entry[] = [];
  #isCommitting = false;
  /** The last commit's sync and all before it. */
  #synced = Promise.resolve();
  /** A sync that failed: what was to be written may be lost, and no later sync would say so. */
  #failure: { readonly thrown: unknown } | undefined;

  /** One process at a time: the file is locked while it is open. */
  constructor(file: string, now: () => number, sync: Sync = promisify(fdatasync)) {
    this.#now = now;
    this.#sync = sync;
    const { database, log } = openMeterFile(file);
    this.#database = database;
    this.#log = log;
    try {
      this.#statements = prepared(database);
      const before = this.#now() - REMEMBERED_MS;
      this.#statements.forget.run(before);
      database.prepare('DELETE FROM transfers WHERE time_ms < ?').run(before);
    } catch (thrown) {
      this[Symbol.dispose](); // of a file that is damaged, too, nobody else may be kept out
      throw thrown;
    }
  }

  /**
   * The receipt, on disk when this resolves. A request that was debited before gets the receipt of that
   * time. Requests that come while two others are synced share the next commit; each is decided by itself.
   * @throws budget-exhausted with `retryAfterMs`; already-exists for a known key with another request.
   */
  debit(manifest: Manifest, request: QueryRequest): Promise<Bytes> {
    return this.#durably(() => this.#decide(manifest, request));
  }

  /**
   * Notes that this transfer is the one for a debited query; on disk when it resolves. The same again is no error.
   * @throws not-found for a query that was not debited; already-exists for one that had another transfer.
   */
  transfer(tenant: string, query: QueryRequest, digest: Bytes): Promise<void> {
    return this.#durably(() => this.#bind(tenant, query, digest));
  }

  #durably<T>(write: () => T): Promise<T> {
    return new Promise((resolve, reject) => {
      const written = (): (() => void) => {
        const value = write();
        return () => resolve(value);
      };
      this.#waiting.push({ write: written, reject });
      if (this.#isCommitting) return;
      this.#isCommitting = true;
      setImmediate(() => void this.#commitAll());
    });
  }

  #bind(tenant: string, query: QueryRequest, digest: Bytes): void {
    const { idempotencyKey } = query;
    const debited = this.#digestOf(this.#statements.request.get(tenant, idempotencyKey));
    if (debited === undefined || !equalBytes(debited, requestDigest(query))) {
      throw new SottoError('not-found', 'this query was not debited', { field: 'query' });
    }
    this.#statements.transfer.run(tenant, idempotencyKey, digest, this.#now());
    const kept = this.#digestOf(this.#statements.transferred.get(tenant, idempotencyKey));
    if (kept !== undefined && equalBytes(kept, digest)) return;
    const facts = { field: 'choices' };
    throw new SottoError('already-exists', 'the query had its rows by other choices', facts);
  }

  #digestOf(row: unknown): Uint8Array | undefined {
    return (row as { digest: Uint8Array } | undefined)?.digest;
  }

  /** Evaluations debited to a tenant for a dataset since the beginning. */
  total(tenant: string, dataset: string): number {
    const row = this.#database
      .prepare('SELECT total FROM accounts WHERE tenant = ? AND dataset = ?')
      .get(tenant, dataset) as { total: number } | undefined;
    return row?.total ?? 0;
  }

  /** For the audit log: what each tenant was debited, by table and purpose. */
  debited(): Debited[] {
    return debitedIn(this.#database);
  }

  /** Of the present day and of the manifest's epoch; with an empty purpose of all purposes together. */
  usage({ tenant, datasetId, quota, purposeQuotas, epoch }: Manifest, purpose: string): Usage[] {
    const own = purposeQuotas.find((each) => each.purpose === purpose)?.quota;
    const spans = spansOf(purpose === '' ? quota : own, purpose, epoch, this.#now());
    return spans.slice(1).map(({ span, name, number, most }) => {
      const used = this.#spent(tenant, datasetId, name, number);
      return { span, used, left: most === 0n ? undefined : Math.max(0, Number(most) - used) };
    });
  }

  #spent(tenant: string, dataset: string, name: string, number: number): number {
    const row = this.#statements.spent.get(tenant, dataset, name, number);
    return (row as { items: number } | undefined)?.items ?? 0;
  }

  /** Two syncs at a time: who comes during one is not to wait for it, nor each to be synced alone. */
  async #commitAll(): Promise<void> {
    while (this.#waiting.length > 0) {
      const entries = this.#waiting;
      this.#waiting = [];
      const reject = (thrown: unknown): void => {
        for (const entry of entries) entry.reject(thrown);
      };
      try {
        this.#refuseAfterFailure();
        const outcomes = this.#commit(entries);
        const before = this.#synced;
        this.#synced = this.#settle(outcomes, before).catch(reject);
        await before;
      } catch (thrown) {
        reject(thrown);
      }
    }
    this.#isCommitting = false;
  }

  /** In the order of the log, of which a later part is lost with an earlier one. */
  async #settle(outcomes: readonly (() => void)[], before: Promise<void>): Promise<void> {
    await this.#sync(this.#log).catch((thrown: unknown) => {
      this.#failure ??= { thrown };
    });
    await before;
    this.#refuseAfterFailure();
    for (const settle of outcomes) settle();
  }

  #refuseAfterFailure(): void {
    if (this.#failure !== undefined) throw this.#failure.thrown;
  }

  /** What each entry's owner is to be told, once it is on disk. */
  #commit(entries: readonly Entry[]): (() => void)[] {
    const outcomes: (() => void)[] = [];
    try {
      this.#database.exec('BEGIN IMMEDIATE');
      for (const { write, reject } of entries) {
        try {
          outcomes.push(write());
        } catch (thrown) {
          // A refusal has written nothing, so the others' entries stand.
          if (!(thrown instanceof SottoError)) throw thrown;
          outcomes.push(() => reject(thrown));
        }
      }
      this.#database.exec('COMMIT');
      return outcomes;
    } catch (thrown) {
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
      throw thrown;
    }
  }

  #decide(manifest: Manifest, request: QueryRequest): Bytes {
    const { tenant, datasetId, versionId } = manifest;
    const { request: known, account, keep, link } = this.#statements;
    const digest = requestDigest(request);
    const before = known.get(tenant, request.idempotencyKey) as
      | { digest: Uint8Array; receipt: Uint8Array }
      | undefined;
    if (before !== undefined) {
      if (equalBytes(before.digest, digest)) return Uint8Array.from(before.receipt);
      const facts = { field: 'idempotency_key' };
      throw new SottoError('already-exists', 'the key was used for another request', facts);
    }
    const time = this.#now();
    const items = request.blinded.length / 32;
    const left = this.#spend(manifest, request, items, time);
    const last = account.get(tenant, datasetId) as
      | { receipts: number; last_receipt: Uint8Array }
      | undefined;
    const receipt = receiptBytes(
      create(ReceiptSchema, {
        datasetId,
        versionId,
        tenant,
        purpose: request.purpose,
        idempotencyKey: request.idempotencyKey,
        requestDigest: digest,
        items,
        sequence: BigInt(last?.receipts ?? 0) + 1n,
        previous: last?.last_receipt ?? NO_RECEIPT,
        timeMs: BigInt(time),
        leftToday: left.day,
        leftInEpoch: left.epoch,
      }),
    );
    keep.run(tenant, request.idempotencyKey, digest, receipt, time);
    link.run(tenant, datasetId, receiptHash(receipt), items);
    return receipt;
  }

  /** All spans or none, of all purposes together and of this one. Gives what is left in the longer ones. */
  #spend(
    manifest: Manifest,
    { purpose }: QueryRequest,
    items: number,
    time: number,
  ): { day: bigint; epoch: bigint } {
    const { tenant, datasetId, quota, epoch } = manifest;
    const own = manifest.purposeQuotas.find((each) => each.purpose === purpose)?.quota;
    const spans = [...spansOf(quota, '', epoch, time), ...spansOf(own, purpose, epoch, time)];
    const left = spans.map(({ span, said, name, number, most, lengthMs }) => {
      if (most === 0n) return UNLIMITED;
      const spent = this.#spent(tenant, datasetId, name, number);
      const rest = most - BigInt(spent) - BigInt(items);
      if (rest >= 0n) return rest;
      // No waiting helps at the end of an epoch, nor when one request is larger than a whole span's quota.
      const waitMs = lengthMs === 0 || items > most ? -1 : lengthMs - (time % lengthMs);
      const ofPurpose = said === span ? {} : { purpose };
      throw new SottoError('budget-exhausted', `the quota per ${said} is used up`, {
        span,
        ...ofPurpose,
        quota: Number(most),
        asked: items,
        left: Number(most) - spent,
        ...(waitMs < 0 ? {} : { retryAfterMs: waitMs }),
      });
    });
    for (const { name, number } of spans) {
      this.#statements.spend.run(tenant, datasetId, name, number, items);
    }
    const least = (at: number): bigint => (left[at]! < left[at + 3]! ? left[at]! : left[at + 3]!);
    return { day: least(1), epoch: least(2) };
  }

  [Symbol.dispose](): void {
    closeSync(this.#log);
    this.#database.close();
  }
}

/** Second, day and epoch; `purpose` is empty for what all purposes share. */
function spansOf(quota: Quota | undefined, purpose: string, epoch: number, time: number) {
  const spans: readonly (readonly [Span, number, bigint, number])[] = [
    ['second', Math.floor(time / SECOND_MS), quota?.perSecond ?? 0n, SECOND_MS],
    ['day', Math.floor(time / DAY_MS), quota?.perDay ?? 0n, DAY_MS],
    ['epoch', epoch, quota?.perEpoch ?? 0n, 0],
  ];
  return spans.map(([span, number, most, lengthMs]) => {
    const said = purpose === '' ? span : `${span} for ${purpose}`;
    // Versions of two epochs are answered while keys change: each has its own count.
    const name = span === 'epoch' ? `${said} ${epoch}` : said;
    return { span, said, name, number, most, lengthMs };
  });
}
