/**
 * What was ever opened, per label column and per scored dataset, for its lifetime: debited durably
 * before the opening, never credited back.
 *
 * Opened weights are equations in the labels (and scores are equations in the columns), so it is
 * their number over all jobs together that has to stay far below the number of rows.
 */
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { equalBytes } from '../base/bytes.ts';
import { SottoError } from '../base/errors.ts';
import type { ScoreEntry, ScoreLedger } from '../protocols/score/index.ts';
import type { AuditLog } from './audit/log.ts';
import { type RowNames, type RowSet, rowsIn, symmetricDifference } from './row-sets.ts';
import { inTransaction } from './state.ts';

/** Label-dependent numbers that may be opened, as a share of the smallest row set they came from. */
const ROWS_PER_NUMBER = 10;
/** Two row sets that differ in fewer rows than this show single labels by the difference of their results. */
const LEAST_DIFFERENCE = 100;
const LEAST_DIFFERENCE_SHARE = 0.01;

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
  readonly #names: RowNames;
  readonly #audit: AuditLog;
  readonly #scoresOfRow: StatementSync;

  constructor(database: DatabaseSync, names: RowNames, audit: AuditLog) {
    this.#database = database;
    this.#names = names;
    this.#audit = audit;
    this.#scoresOfRow = database.prepare(
      'SELECT model, steps FROM scores WHERE dataset = ? AND row = ?',
    );
  }

  /**
   * Whether the debit would be admitted now: asked before the work, so that none is in vain.
   * @throws budget-exhausted with `asked` and `left`, or with `differing` rows and `least`.
   */
  checkLabel(debit: LabelDebit): void {
    const rowSet = this.#names.set(debit.ids);
    if (!this.#isDebited(debit, rowSet)) this.#admit(debit, rowSet);
  }

  /** Durably, before the opening; once for a job, however often it is begun. @throws as `checkLabel`. */
  debitLabel(debit: LabelDebit): void {
    const rowSet = this.#names.set(debit.ids);
    inTransaction(this.#database, () => {
      if (this.#isDebited(debit, rowSet)) return;
      this.#admit(debit, rowSet);
      const { dataset, label, job, attempt, numbers, ids } = debit;
      this.#audit.note({ event: 'debited', job, dataset, budget: 'labels', amount: numbers });
      this.#database
        .prepare('INSERT INTO label_openings VALUES (?, ?, ?, ?, 0, ?, ?, ?)')
        .run(dataset, label, job, attempt, numbers, ids.length, rowSet);
    });
  }

  /** A job opens the same numbers of the same rows whenever it is repeated, so it pays once. */
  #isDebited({ job, numbers }: LabelDebit, rowSet: RowSet): boolean {
    const row = this.#database
      .prepare('SELECT numbers, row_set FROM label_openings WHERE job = ? AND inherited = 0')
      .get(job) as unknown as { numbers: number; row_set: Uint8Array } | undefined;
    if (row === undefined) return false;
    if (row.numbers === numbers && equalBytes(row.row_set, rowSet)) return true;
    throw new SottoError('internal', 'a job was about to open other numbers than before', { job });
  }

  /**
   * What a training opens that begins from another's weights: numbers that depend on all labels the other's depended on.
   * Debited once more for each, of the rows that they came from; once for a job, however often it is begun.
   * @throws as `checkLabel`, before anything is debited.
   */
  debitParent(parentJob: string, debit: Pick<LabelDebit, 'job' | 'attempt' | 'numbers'>): void {
    inTransaction(this.#database, () => {
      for (const [index, opening] of this.#openingsOf(parentJob).entries()) {
        if (this.#isDebitedFor(debit.job, index + 1)) continue;
        this.#requireLeft({ ...opening, numbers: debit.numbers }, opening.rows);
        this.#database
          .prepare('INSERT INTO label_openings VALUES (?, ?, ?, ?, ?, ?, ?, ?)')
          .run(
            ...[opening.dataset, opening.label, debit.job, debit.attempt, index + 1],
            ...[debit.numbers, opening.rows, opening.row_set],
          );
      }
    });
  }

  /** @throws as `debitParent`: asked before the work. */
  checkParent(parentJob: string, numbers: number): void {
    for (const opening of this.#openingsOf(parentJob)) {
      this.#requireLeft({ ...opening, numbers }, opening.rows);
    }
  }

  /** Of the labels' own party; none at the other. */
  #openingsOf(job: string) {
    return this.#database
      .prepare('SELECT DISTINCT dataset, label, rows, row_set FROM label_openings WHERE job = ?')
      .all(job) as unknown as readonly {
      readonly dataset: string;
      readonly label: string;
      readonly rows: number;
      readonly row_set: Uint8Array;
    }[];
  }

  #requireLeft(
    { dataset, label, numbers }: Pick<LabelDebit, 'dataset' | 'label' | 'numbers'>,
    rows: number,
  ): void {
    const left = this.labelsLeft(dataset, label, rows);
    if (numbers <= left) return;
    throw new SottoError(
      'budget-exhausted',
      'opening these weights would say too much about the labels',
      { asked: numbers, left, dataset, label },
    );
  }

  #isDebitedFor(job: string, inherited: number): boolean {
    const row = this.#database
      .prepare('SELECT 1 FROM label_openings WHERE job = ? AND inherited = ?')
      .get(job, inherited);
    return row !== undefined;
  }

  #admit({ dataset, label, numbers, ids }: LabelDebit, rowSet: RowSet): void {
    this.#requireLeft({ dataset, label, numbers }, ids.length);
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
  scores(dataset: string, job: string): ScoreLedger {
    return {
      debit: async (entry) =>
        inTransaction(this.#database, () => {
          this.#pinStep(entry.modelId, entry.step);
          const steps = this.#debitRows(dataset, entry);
          const amount = entry.rowKeys.length;
          this.#audit.note({ event: 'debited', job, dataset, budget: 'scores', amount });
          return steps;
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
    for (const key of asked.rowKeys) this.#given(dataset, this.#names.row(key), asked);
  }

  #debitRows(dataset: string, entry: ScoreEntry): Int16Array {
    const give = this.#database.prepare('INSERT INTO scores VALUES (?, ?, ?, ?)');
    return Int16Array.from(entry.rowKeys, (key, row) => {
      const digest = this.#names.row(key);
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
}

function checkOverlap(a: RowSet, b: RowSet): void {
  const differing = symmetricDifference(a, b);
  const rows = Math.min(rowsIn(a), rowsIn(b));
  const least = Math.max(LEAST_DIFFERENCE, Math.ceil(LEAST_DIFFERENCE_SHARE * rows));
  if (differing > 0 && differing < least) {
    throw new SottoError(
      'budget-exhausted',
      'these rows differ in too few from those of an earlier job on the same labels',
      { differing, least },
    );
  }
}
