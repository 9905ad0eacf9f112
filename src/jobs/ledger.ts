/**
 * What was ever opened, per label column and per scored dataset, for its lifetime: debited durably
 * before the opening, never credited back.
 *
 * Opened weights are equations in the labels (and scores are equations in the columns), so it is
 * their number over all jobs together that has to stay far below the number of rows.
 */
import { createHmac } from 'node:crypto';
import type { DatabaseSync } from 'node:sqlite';
import { SottoError } from '../base/errors.ts';
import type { Random } from '../base/random.ts';
import type { ScoreEntry, ScoreLedger } from '../protocols/score/index.ts';
import { inTransaction } from './state.ts';

/** Label-dependent numbers that may be opened, as a share of the smallest row set they came from. */
const ROWS_PER_NUMBER = 10;
/** Two row sets that differ in fewer rows than this show single labels by the difference of their results. */
const LEAST_DIFFERENCE = 100;
const LEAST_DIFFERENCE_SHARE = 0.01;
/** Two of 100 million rows meet with probability 2^-76. */
const DIGEST_BYTES = 16;

export interface LabelDebit {
  readonly dataset: string;
  readonly label: string;
  readonly job: string;
  readonly attempt: number;
  /** Label-dependent numbers that the peer is about to learn. */
  readonly numbers: number;
  /** Normalised ids of the rows they are computed from. */
  readonly ids: readonly string[];
}

export class Ledger {
  readonly #database: DatabaseSync;
  readonly #key: Uint8Array;

  constructor(database: DatabaseSync, random: Random) {
    this.#database = database;
    this.#key = ledgerKey(database, random);
  }

  /** @throws budget-exhausted with `asked` and `left`, or with `differing` rows and how many it takes. */
  debitLabel(debit: LabelDebit): void {
    const rowSet = this.#digests(debit.ids);
    inTransaction(this.#database, () => {
      const before = this.#database
        .prepare(
          'SELECT numbers, rows, row_set FROM label_openings WHERE dataset = ? AND label = ?',
        )
        .all(debit.dataset, debit.label) as unknown as {
        numbers: number;
        rows: number;
        row_set: Uint8Array;
      }[];
      const rows = Math.min(debit.ids.length, ...before.map((opening) => opening.rows));
      const spent = before.reduce((total, opening) => total + opening.numbers, 0);
      const left = Math.max(0, Math.floor(rows / ROWS_PER_NUMBER) - spent);
      if (debit.numbers > left) {
        throw new SottoError(
          'budget-exhausted',
          'opening these weights would say too much about the labels',
          { asked: debit.numbers, left, dataset: debit.dataset, label: debit.label },
        );
      }
      for (const opening of before) checkOverlap(rowSet, opening.row_set);
      this.#database
        .prepare('INSERT INTO label_openings VALUES (?, ?, ?, ?, ?, ?, ?)')
        .run(
          debit.dataset,
          debit.label,
          debit.job,
          debit.attempt,
          debit.numbers,
          debit.ids.length,
          rowSet,
        );
    });
  }

  /** Label-dependent numbers still to be opened, if all future row sets have `rows` rows or more. */
  labelsLeft(dataset: string, label: string, rows: number): number {
    const sum = this.#database
      .prepare(
        `SELECT coalesce(sum(numbers), 0) AS spent, coalesce(min(rows), ?) AS least
         FROM label_openings WHERE dataset = ? AND label = ?`,
      )
      .get(rows, dataset, label) as unknown as { spent: number; least: number };
    return Math.max(0, Math.floor(Math.min(rows, sum.least) / ROWS_PER_NUMBER) - sum.spent);
  }

  /** What was answered for the rows of a dataset; see protocols/score for what it promises. */
  scores(dataset: string): ScoreLedger {
    return {
      debit: async (entry) =>
        inTransaction(this.#database, () => {
          this.#pinStep(entry.modelId, entry.step);
          return this.#debitRows(dataset, entry);
        }),
    };
  }

  #pinStep(model: string, step: number): void {
    this.#database.prepare('INSERT OR IGNORE INTO score_steps VALUES (?, ?)').run(model, step);
    const row = this.#database.prepare('SELECT step FROM score_steps WHERE model = ?').get(model);
    const pinned = (row as unknown as { step: number }).step;
    if (pinned !== step) {
      throw new SottoError('parameters-rejected', 'this model has scored with another step', {
        field: 'spec.predict.step',
        expected: pinned,
      });
    }
  }

  #debitRows(dataset: string, entry: ScoreEntry): Int16Array {
    const given = this.#database.prepare(
      'SELECT steps FROM scores WHERE dataset = ? AND row = ? AND model = ?',
    );
    const models = this.#database.prepare(
      'SELECT count(*) AS models FROM scores WHERE dataset = ? AND row = ?',
    );
    const give = this.#database.prepare('INSERT INTO scores VALUES (?, ?, ?, ?)');
    return Int16Array.from(entry.rowKeys, (key, row) => {
      const digest = this.#digest(key);
      const before = given.get(dataset, digest, entry.modelId);
      if (before !== undefined) return (before as unknown as { steps: number }).steps;
      const counted = models.get(dataset, digest) as unknown as { models: number };
      if (counted.models >= entry.modelsPerRow) {
        throw new SottoError(
          'budget-exhausted',
          'scores of one more model would say too much about a row of this dataset',
          { asked: 1, left: 0, modelsPerRow: entry.modelsPerRow, dataset },
        );
      }
      give.run(dataset, digest, entry.modelId, entry.steps[row]!);
      return entry.steps[row]!;
    });
  }

  #digest(id: string): Uint8Array {
    return createHmac('sha256', this.#key).update(id).digest().subarray(0, DIGEST_BYTES);
  }

  /** Sorted keyed digests: enough to compare row sets, useless to who finds the file without its key. */
  #digests(ids: readonly string[]): Uint8Array {
    const digests = ids.map((id) => this.#digest(id));
    return Uint8Array.from(Buffer.concat(digests.sort(Buffer.compare)));
  }
}

function checkOverlap(a: Uint8Array, b: Uint8Array): void {
  const differing = symmetricDifference(a, b);
  const rows = Math.min(a.length, b.length) / DIGEST_BYTES;
  const least = Math.max(LEAST_DIFFERENCE, Math.ceil(LEAST_DIFFERENCE_SHARE * rows));
  if (differing > 0 && differing < least) {
    throw new SottoError(
      'budget-exhausted',
      'these rows differ in too few from those of an earlier job on the same labels',
      { differing, least },
    );
  }
}

/** How many digests are in one of two sorted lists only. */
function symmetricDifference(a: Uint8Array, b: Uint8Array): number {
  let [i, j, same] = [0, 0, 0];
  while (i < a.length && j < b.length) {
    const order = Buffer.compare(a.subarray(i, i + DIGEST_BYTES), b.subarray(j, j + DIGEST_BYTES));
    if (order === 0) same += 1;
    if (order <= 0) i += DIGEST_BYTES;
    if (order >= 0) j += DIGEST_BYTES;
  }
  return (a.length + b.length) / DIGEST_BYTES - 2 * same;
}

function ledgerKey(database: DatabaseSync, random: Random): Uint8Array {
  database.prepare("INSERT OR IGNORE INTO secrets VALUES ('ledger', ?)").run(random.bytes(32));
  const row = database.prepare("SELECT value FROM secrets WHERE name = 'ledger'").get();
  return (row as unknown as { value: Uint8Array }).value;
}
