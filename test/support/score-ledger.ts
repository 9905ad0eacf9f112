/** A ledger of given scores in memory, as strict as a durable one has to be. */
import { SottoError } from '../../src/base/errors.ts';
import type { ScoreEntry, ScoreLedger } from '../../src/protocols/score/index.ts';

export class MemoryScoreLedger implements ScoreLedger {
  readonly #steps = new Map<string, number>();
  /** Row key -> model -> what was given. */
  readonly #given = new Map<string, Map<string, number>>();

  async debit(entry: ScoreEntry): Promise<Int16Array> {
    const step = this.#steps.get(entry.modelId) ?? entry.step;
    if (step !== entry.step) {
      throw new SottoError('parameters-rejected', 'the model scored with another step before', {
        field: 'step',
        expected: step,
        received: entry.step,
      });
    }
    const full = entry.rowKeys.filter((key) => {
      const models = this.#given.get(key);
      return (models?.size ?? 0) >= entry.modelsPerRow && !models!.has(entry.modelId);
    });
    if (full.length > 0) {
      throw new SottoError('budget-exhausted', 'rows were scored by as many models as may be', {
        rows: full.length,
        modelsPerRow: entry.modelsPerRow,
      });
    }
    this.#steps.set(entry.modelId, step);
    return entry.steps.map((count, index) => {
      const key = entry.rowKeys[index]!;
      const models = this.#given.get(key) ?? new Map<string, number>();
      const before = models.get(entry.modelId);
      if (before === undefined) models.set(entry.modelId, count);
      this.#given.set(key, models);
      return before ?? count;
    });
  }
}
