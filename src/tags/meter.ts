/**
 * What each tenant has asked for: debited durably before it is answered, never credited back.
 *
 * Quotas are the only defence against a tenant that asks for every id there could be.
 */

import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { create } from '@bufbuild/protobuf';
import { type Bytes, equalBytes } from '../base/bytes.ts';
import { SottoError } from '../base/errors.ts';
import { type Manifest, type QueryRequest, ReceiptSchema } from '../gen/sotto/tag/v1/tag_pb.ts';
import { NO_RECEIPT, receiptBytes, receiptHash, requestDigest, UNLIMITED } from './receipts.ts';

/** A newer file is refused, never guessed at; an older one gets what it lacks. */
const VERSION = 2;

const TABLES = `
  CREATE TABLE accounts (
    tenant TEXT NOT NULL,
    dataset TEXT NOT NULL,
    receipts INTEGER NOT NULL,
    last_receipt BLOB NOT NULL,
    total INTEGER NOT NULL,
    PRIMARY KEY (tenant, dataset)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE spent (
    tenant TEXT NOT NULL,
    dataset TEXT NOT NULL,
    span TEXT NOT NULL,
    number INTEGER NOT NULL,
    items INTEGER NOT NULL,
    PRIMARY KEY (tenant, dataset, span)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE requests (
    tenant TEXT NOT NULL,
    key BLOB NOT NULL,
    digest BLOB NOT NULL,
    receipt BLOB NOT NULL,
    time_ms INTEGER NOT NULL,
    PRIMARY KEY (tenant, key)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX requests_by_time ON requests (time_ms);
`;
/** Since version 2. */
const TRANSFERS = `
  CREATE TABLE transfers (
    tenant TEXT NOT NULL,
    key BLOB NOT NULL,
    digest BLOB NOT NULL,
    time_ms INTEGER NOT NULL,
    PRIMARY KEY (tenant, key)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX transfers_by_time ON transfers (time_ms);
`;

const SECOND_MS = 1000;
const DAY_MS = 86_400_000;
/** How long a retry is known as one. */
const REMEMBERED_MS = 7 * DAY_MS;

type Span = 'second' | 'day' | 'epoch';

interface Debit {
  readonly manifest: Manifest;
  readonly request: QueryRequest;
  readonly resolve: (receipt: Bytes) => void;
  readonly reject: (error: unknown) => void;
}

export class Meter implements Disposable {
  readonly #database: DatabaseSync;
  readonly #now: () => number;
  readonly #statements: Readonly<
    Record<
      | ('request' | 'account' | 'spent' | 'keep' | 'link' | 'spend' | 'forget')
      | ('transfer' | 'transferred'),
      StatementSync
    >
  >;
  #waiting: Debit[] = [];

  /** One process at a time: the file is locked while it is open. */
  constructor(file: string, now: () => number) {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    this.#now = now;
    this.#database = openDatabase(file);
    const prepare = (sql: string): StatementSync => this.#database.prepare(sql);
    this.#statements = {
      request: prepare('SELECT digest, receipt FROM requests WHERE tenant = ? AND key = ?'),
      account: prepare(
        'SELECT receipts, last_receipt FROM accounts WHERE tenant = ? AND dataset = ?',
      ),
      spent: prepare(
        'SELECT items FROM spent WHERE tenant = ? AND dataset = ? AND span = ? AND number = ?',
      ),
      keep: prepare('INSERT INTO requests VALUES (?, ?, ?, ?, ?)'),
      link: prepare(`INSERT INTO accounts VALUES (?1, ?2, 1, ?3, ?4)
        ON CONFLICT DO UPDATE SET receipts = receipts + 1, last_receipt = ?3, total = total + ?4`),
      spend: prepare(`INSERT INTO spent VALUES (?1, ?2, ?3, ?4, ?5)
        ON CONFLICT DO UPDATE SET
          items = CASE WHEN number = ?4 THEN items + ?5 ELSE ?5 END, number = ?4`),
      transfer: prepare('INSERT OR IGNORE INTO transfers VALUES (?, ?, ?, ?)'),
      transferred: prepare('SELECT digest FROM transfers WHERE tenant = ? AND key = ?'),
      forget: prepare('DELETE FROM requests WHERE time_ms < ?'),
    };
    const before = this.#now() - REMEMBERED_MS;
    this.#statements.forget.run(before);
    this.#database.prepare('DELETE FROM transfers WHERE time_ms < ?').run(before);
  }

  /**
   * The receipt, on disk when this resolves. A request that was debited before gets the receipt of that
   * time. Requests that come together share one commit, and each is decided by itself.
   * @throws budget-exhausted with `retryAfterMs`; already-exists for a known key with another request.
   */
  debit(manifest: Manifest, request: QueryRequest): Promise<Bytes> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ manifest, request, resolve, reject });
      if (this.#waiting.length === 1) setImmediate(() => this.#commit());
    });
  }

  /**
   * Notes, durably, that this transfer is the one for a debited query. The same again is no error.
   * @throws not-found for a query that was not debited; already-exists for one that had another transfer.
   */
  transfer(tenant: string, query: QueryRequest, digest: Bytes): void {
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

  #commit(): void {
    const debits = this.#waiting;
    this.#waiting = [];
    const outcomes: (() => void)[] = [];
    try {
      this.#database.exec('BEGIN IMMEDIATE');
      for (const debit of debits) {
        try {
          const receipt = this.#decide(debit);
          outcomes.push(() => debit.resolve(receipt));
        } catch (thrown) {
          // A refusal has written nothing, so the others' debits stand.
          if (!(thrown instanceof SottoError)) throw thrown;
          outcomes.push(() => debit.reject(thrown));
        }
      }
      this.#database.exec('COMMIT');
    } catch (thrown) {
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
      for (const { reject } of debits) reject(thrown);
      return;
    }
    for (const settle of outcomes) settle();
  }

  #decide({ manifest, request }: Debit): Bytes {
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
    const left = this.#spend(manifest, items, time);
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

  /** All three spans or none. Gives what is left in the longer ones. */
  #spend(manifest: Manifest, items: number, time: number): { day: bigint; epoch: bigint } {
    const { tenant, datasetId, quota, epoch } = manifest;
    const spans: readonly (readonly [Span, number, bigint, number])[] = [
      ['second', Math.floor(time / SECOND_MS), quota?.perSecond ?? 0n, SECOND_MS],
      ['day', Math.floor(time / DAY_MS), quota?.perDay ?? 0n, DAY_MS],
      ['epoch', epoch, quota?.perEpoch ?? 0n, 0],
    ];
    const left = spans.map(([span, number, most, lengthMs]) => {
      if (most === 0n) return UNLIMITED;
      const row = this.#statements.spent.get(tenant, datasetId, span, number);
      const spent = (row as { items: number } | undefined)?.items ?? 0;
      const rest = most - BigInt(spent) - BigInt(items);
      if (rest >= 0n) return rest;
      // No waiting helps at the end of an epoch, nor when one request is larger than a whole span's quota.
      const waitMs = lengthMs === 0 || items > most ? -1 : lengthMs - (time % lengthMs);
      throw new SottoError('budget-exhausted', `the quota per ${span} is used up`, {
        span,
        quota: Number(most),
        asked: items,
        left: Number(most) - spent,
        ...(waitMs < 0 ? {} : { retryAfterMs: waitMs }),
      });
    });
    for (const [span, number] of spans) {
      this.#statements.spend.run(tenant, datasetId, span, number, items);
    }
    return { day: left[1]!, epoch: left[2]! };
  }

  [Symbol.dispose](): void {
    this.#database.close();
  }
}

function openDatabase(file: string): DatabaseSync {
  const database = new DatabaseSync(file);
  try {
    // FULL: a commit has been synced when it returns.
    database.exec(
      'PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;',
    );
    const { user_version: version } = database.prepare('PRAGMA user_version').get() as {
      user_version: number;
    };
    if (version < VERSION) {
      const lacking = version === 0 ? TABLES + TRANSFERS : TRANSFERS;
      database.exec(`BEGIN IMMEDIATE; ${lacking} PRAGMA user_version = ${VERSION}; COMMIT;`);
    } else if (version !== VERSION) {
      throw new SottoError('invalid-argument', 'the file of debits is of another version', {
        expected: VERSION,
        found: version,
      });
    }
    return database;
  } catch (thrown) {
    database.close();
    if (thrown instanceof Error && /database is locked/.test(thrown.message)) {
      throw new SottoError('already-exists', 'another process serves tags from this folder', {});
    }
    throw thrown;
  }
}
