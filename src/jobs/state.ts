/** The worker's durable state: one SQLite file, each change on disk before it counts. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { SottoError } from '../base/errors.ts';

/** A file of another version is refused, never guessed at. 2: the ledger's key is sealed. 3: releases. 4: inherited openings. */
const VERSION = 4;

const TABLES = `
  CREATE TABLE jobs (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    ended INTEGER NOT NULL,
    request_id TEXT UNIQUE,
    request_spec BLOB NOT NULL,
    job BLOB NOT NULL,
    agreement BLOB,
    peer_signature BLOB,
    approved INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX unfinished ON jobs (ended) WHERE ended = 0;
  CREATE TABLE label_openings (
    dataset TEXT NOT NULL,
    label TEXT NOT NULL,
    job TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    inherited INTEGER NOT NULL,
    numbers INTEGER NOT NULL,
    rows INTEGER NOT NULL,
    row_set BLOB NOT NULL,
    PRIMARY KEY (job, attempt, inherited)
  ) STRICT;
  CREATE INDEX openings_by_label ON label_openings (dataset, label);
  CREATE TABLE scores (
    dataset TEXT NOT NULL,
    row BLOB NOT NULL,
    model TEXT NOT NULL,
    steps INTEGER NOT NULL,
    PRIMARY KEY (dataset, row, model)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE score_steps (model TEXT PRIMARY KEY, step REAL NOT NULL) STRICT;
  CREATE TABLE releases (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    question BLOB NOT NULL UNIQUE,
    peer TEXT NOT NULL,
    dataset TEXT NOT NULL,
    kind TEXT NOT NULL,
    job TEXT NOT NULL,
    epsilon REAL NOT NULL,
    exact INTEGER NOT NULL,
    rows INTEGER NOT NULL,
    answer BLOB
  ) STRICT;
  CREATE INDEX releases_by_dataset ON releases (dataset, peer);
  CREATE TABLE released_sets (
    dataset TEXT NOT NULL,
    name BLOB NOT NULL,
    row_set BLOB NOT NULL,
    PRIMARY KEY (dataset, name)
  ) STRICT;
  CREATE TABLE secrets (name TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT;
`;

/**
 * Opens or creates `stateDir`/jobs.sqlite. A second worker in the same folder is refused: the lock
 * is held as long as the database is open.
 */
export function openState(stateDir: string): DatabaseSync {
  mkdirSync(stateDir, { recursive: true, mode: 0o700 });
  const database = new DatabaseSync(join(stateDir, 'jobs.sqlite'));
  try {
    // FULL: a commit has been synced when it returns. EXCLUSIVE: jobs of two processes never mix.
    // A small cache (KiB): pages of jobs that have ended are for the operating system to keep.
    database.exec(
      'PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -256;',
    );
    const row = database.prepare('PRAGMA user_version').get() as { user_version: number };
    if (row.user_version === 0) {
      inTransaction(database, () => {
        database.exec(TABLES);
        database.exec(`PRAGMA user_version = ${VERSION}`);
      });
    } else if (row.user_version !== VERSION) {
      throw new SottoError('invalid-argument', 'the state folder is of another version', {
        expected: VERSION,
        found: row.user_version,
      });
    }
    return database;
  } catch (thrown) {
    database.close();
    if (thrown instanceof Error && /database is locked/.test(thrown.message)) {
      throw new SottoError('already-exists', 'another worker uses this state folder', {});
    }
    throw thrown;
  }
}

/** All of it or nothing. IMMEDIATE: what was read inside is still so when it is written. */
export function inTransaction<T>(database: DatabaseSync, step: () => T): T {
  database.exec('BEGIN IMMEDIATE');
  try {
    const value = step();
    database.exec('COMMIT');
    return value;
  } catch (thrown) {
    // A database that is damaged may have ended the transaction itself.
    if (database.isTransaction) database.exec('ROLLBACK');
    throw thrown;
  }
}
