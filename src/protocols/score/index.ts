/**
 * Scoring aligned rows with a model of two halves: the passive party gives its part in coarse
 * steps.
 *
 * ```
 *   active  X_A, w_A, intercept                       passive  X_B, w_B, ledger
 *      |                                                 |
 *      |---- ScoreRequest { model, rows, step } -------->|  equal to the agreement? else refused
 *      |                                                 |  s = round(X_B w_B / step)
 *      |                                                 |  ledger: given before? then the same again;
 *      |                                                 |          else debit, before anything is sent
 *      |<--- ScoreChunk { s, 2 bytes a row } ------------|  ceil(rows / 131072) times
 *      |                                                 |
 *   z = X_A w_A + intercept + step s
 * ```
 *
 * "Active" is whoever receives the scores, "passive" whoever only contributes; each has its own
 * half of the model, so neither needs a ciphertext.
 *
 * Discloses to the active party: for each aligned row, the passive part of the logit to the nearest
 * step. To the passive party: that these rows were scored by this model. An exact part would be an
 * equation in the row's coded features and the weights; enough of them, from several models or
 * with knapsack-like codes, give both. Hence the step, the answer that never changes, and at most
 * one model for every four passive features of a row. Semi-honest; a passive party can give any
 * number it likes, as it can train on any column it likes.
 */
export { type ActiveScoreInput, activeScore, type Scores } from './active.ts';
export type { ScoreEntry, ScoreLedger } from './ledger.ts';
export { type PassiveScoreInput, passiveScore } from './passive.ts';
export { DEFAULT_STEP, modelsPerRow } from './steps.ts';
