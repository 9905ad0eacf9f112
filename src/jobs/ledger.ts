/**
 * What was ever opened, per label column and per scored dataset, for its lifetime: debited durably
 * before the opening, never credited back.
 *
 * Opened weights are equations in the labels (and scores are equations in the columns), so it is
 * their number over all jobs together that has to stay far below the number of rows.
 */
import { createHmac } from 'node:crypto';
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { SottoError } from '../base/errors.ts';
import type { Random } from '../base/random.ts';
import type { Place, Vault } from '../base/sealed.ts';
import type { ScoreEntry, ScoreLedger } from '../protocols/score/index.ts';
import { inTransaction } from './state.ts';

/** Label-dependent numbers that may be opened, as a share of the smallest row set they came from. */
const ROWS_PER_NUMBER = 10;
/** Two row sets that differ in fewer rows than this show single labels by the difference of their results. */
const LEAST_DIFFERENCE = 100;
const LEAST_DIFFERENCE_SHARE = 0.01;
/** Two of 100 million rows meet with probability 2^-76. */
const DIGEST_BYTES = 16;
const LEDGER_KEY: Place = { purpose: 'ledger-key' };

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
  readonly #scoresOfRow: StatementSync;

  constructor(database: DatabaseSync, random: Random, vault: Vault) {
    this.#database = database;
    this.#key = ledgerKey(database, random, vault);
    this.#scoresOfRow = database.prepare(
      'SELECT model, steps FROM scores WHERE dataset = ? AND row = ?',
    );
  }

  /**
   * Whether the debit would be admitted now: asked before the work, so that none is in vain.
   * @throws budget-exhausted with `asked` and `left`, or with `differing` rows and `least`.
   */
  checkLabel(debit: LabelDebit): void {
    this.#admit(debit, this.#digests(debit.ids));
  }

  /** Durably, before the opening. @throws as `checkLabel`. */
  debitLabel(debit: LabelDebit): void {
    const rowSet = this.#digests(debit.ids);
    inTransaction(this.#database, () => {
      this.#admit(debit, rowSet);
      const { dataset, label, job, attempt, numbers, ids } = debit;
      this.#database
        .prepare('INSERT INTO label_openings VALUES (?, ?, ?, ?, ?, ?, ?)')
        .run(dataset, label, job, attempt, numbers, ids.length, rowSet);
    });
  }

  #admit({ dataset, label, numbers, ids }: LabelDebit, rowSet: Uint8Array): void {
    const left = this.labelsLeft(dataset, label, ids.length);
    if (numbers > left) {
      throw new SottoError(
        'budget-exhausted',
        'opening these weights would say too much about the labels',
        { asked: numbers, left, dataset, label },
      );
    }
    const before = this.#database
      .prepare('SELECT row_set FROM label_openings WHERE dataset = ? AND label = ?')
      .all(dataset, label) as unknown as { row_set: Uint8Array }[];
    for (const opening of before) checkOverlap(rowSet, opening.row_set);
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

  /**
   * Whether one more model may score these rows: asked before the work.
   * @throws budget-exhausted with `asked`, `left` and `modelsPerRow`.
   */
  checkScores(
    dataset: string,
    asked: Pick<ScoreEntry, 'modelId' | 'rowKeys' | 'modelsPerRow'>,
  ): void {
    for (const key of asked.rowKeys) this.#given(dataset, this.#digest(key), asked);
  }

  #debitRows(dataset: string, entry: ScoreEntry): Int16Array {
    const give = this.#database.prepare('INSERT INTO scores VALUES (?, ?, ?, ?)');
    return Int16Array.from(entry.rowKeys, (key, row) => {
      const digest = this.#digest(key);
      const before = this.#given(dataset, digest, entry);
      if (before !== undefined) return before;
      give.run(dataset, digest, entry.modelId, entry.steps[row]!);
      return entry.steps[row]!;
    });
  }

  /** The steps given for a row before; undefined if it may be given now. */
  #given(
    dataset: string,
    row: Uint8Array,
    { modelId, modelsPerRow }: Pick<ScoreEntry, 'modelId' | 'modelsPerRow'>,
  ): number | undefined {
    const known = this.#scoresOfRow.all(dataset, row) as unknown as {
      model: string;
      steps: number;
    }[];
    const before = known.find(({ model }) => model === modelId);
    if (before === undefined && known.length >= modelsPerRow) {
      throw new SottoError(
        'budget-exhausted',
        'scores of one more model would say too much about a row of this dataset',
        { asked: 1, left: 0, modelsPerRow, dataset },
      );
    }
    return before?.steps;
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

/** The key of the digests, sealed where it lies: without it they say nothing of an id. */
function ledgerKey(database: DatabaseSync, random: Random, vault: Vault): Uint8Array {
  const fresh = vault.seal(random.bytes(32), LEDGER_KEY);
  database.prepare("INSERT OR IGNORE INTO secrets VALUES ('ledger', ?)").run(fresh);
  const row = database.prepare("SELECT value FROM secrets WHERE name = 'ledger'").get();
  return vault.open((row as unknown as { value: Uint8Array }).value, LEDGER_KEY);
}
