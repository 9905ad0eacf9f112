/** The file of debits: its tables, and how an older one is brought up to date. */
import { mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { SottoError } from '../base/errors.ts';

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
/** Since version 2; and epochs are counted apart, as two of them are answered while keys change. */
const SECOND = `
  UPDATE spent SET span = span || ' ' || number WHERE span = 'epoch';
  CREATE TABLE transfers (
    tenant TEXT NOT NULL,
    key BLOB NOT NULL,
    digest BLOB NOT NULL,
    time_ms INTEGER NOT NULL,
    PRIMARY KEY (tenant, key)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX transfers_by_time ON transfers (time_ms);
`;

/** Of a log: brings it to the disk, off the main thread. */
export type Sync = (file: number) => Promise<void>;

/**
 * The database, and its log, which is to be synced after each commit and before anybody is answered: by `fdatasync`
 * and not by SQLite, which would do the same, but hold the main thread meanwhile.
 * @throws already-exists while another process has it open.
 */
export function openMeterFile(file: string): { database: DatabaseSync; log: number } {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const database = new DatabaseSync(file);
  try {
    // NORMAL: whole and in order whatever happens, but of a commit's sync we take care ourselves.
    database.exec(
      'PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;',
    );
    const { user_version: version } = database.prepare('PRAGMA user_version').get() as {
      user_version: number;
    };
    if (version < VERSION) {
      const lacking = version === 0 ? TABLES + SECOND : SECOND;
      database.exec(`BEGIN IMMEDIATE; ${lacking} PRAGMA user_version = ${VERSION}; COMMIT;`);
    } else if (version !== VERSION) {
      throw new SottoError('invalid-argument', 'the file of debits is of another version', {
        expected: VERSION,
        found: version,
      });
    }
    database.exec('BEGIN IMMEDIATE; COMMIT;'); // so that there is a log
    return { database, log: openSync(`${file}-wal`, 'r+') };
  } catch (thrown) {
    database.close();
    if (thrown instanceof Error && /database is locked/.test(thrown.message)) {
      throw new SottoError('already-exists', 'another process serves tags from this folder', {});
    }
    throw thrown;
  }
}

export function prepared(database: DatabaseSync) {
  const prepare = (sql: string): StatementSync => database.prepare(sql);
  return {
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
}
