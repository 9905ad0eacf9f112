/**
 * What the passive party remembers of the scores it gave: the only state of scoring, kept by the
 * caller.
 */

/** Scores about to be given. */
export interface ScoreEntry {
  readonly modelId: string;
  /** Logits in one step. */
  readonly step: number;
  /** What a row is known by at this party from one dataset to the next, e.g. its normalised id. */
  readonly rowKeys: readonly string[];
  /** In whole steps, one for each row key. */
  readonly steps: Int16Array;
  /** The most models that may ever score one row. */
  readonly modelsPerRow: number;
}

/**
 * A ledger that outlives jobs. `debit` records, durably and all or nothing, every row of the entry
 * that this model has not scored before, and resolves to the scores to give: for a row scored
 * before the one given then (whatever its data says now: two answers would be two equations), else
 * the entry's own.
 *
 * Rejects with nothing recorded: `budget-exhausted` when a row has been scored by `modelsPerRow`
 * other models; `parameters-rejected` with `field: 'step'` when this model has scored with another
 * step (a second step refines the first).
 */
export interface ScoreLedger {
  debit(entry: ScoreEntry): Promise<Int16Array>;
}
