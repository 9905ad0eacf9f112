/**
 * The role that contributes to scores: rounds its part, debits its ledger, and only then gives it.
 */
import { SottoError } from '../../base/errors.ts';
import {
  ScoreChunkMessageSchema,
  ScoreRequestMessageSchema,
} from '../../gen/sotto/protocol/v1/score_pb.ts';
import type { Party, Run } from '../party.ts';
import type { ScoreLedger } from './ledger.ts';
import {
  CHUNK_ROWS,
  encodeSteps,
  type Half,
  modelsPerRow,
  partialScores,
  toSteps,
} from './steps.ts';

export interface PassiveScoreInput extends Half {
  /** What each row is known by at this party, in the common order; distinct; never sent. */
  readonly rowKeys: readonly string[];
  readonly ledger: ScoreLedger;
}

/** A model id of at most 200 bytes, a count and a double. */
const REQUEST_BYTES = 256;

/**
 * Gives each row's part of the logit to the nearest `step`, or as it was given before. Learns only
 * that the rows are scored. Fails with `parameters-rejected` (naming the field) when the active
 * party asks for something else than was agreed, and as the ledger does when there is no budget.
 */
export async function* passiveScore(
  { channel, signal }: Party,
  input: PassiveScoreInput,
): Run<{ readonly rows: number }> {
  checkQuota(input);
  const scores = partialScores(input);
  const rows = scores.length;
  const request = await channel.receive(ScoreRequestMessageSchema, REQUEST_BYTES);
  requireEqual('modelId', input.modelId, request.modelId);
  requireEqual('rows', rows, request.rows);
  requireEqual('step', input.step, request.step);
  yield { phase: 'score', fraction: 0 };
  const given = await input.ledger.debit({
    modelId: input.modelId,
    step: input.step,
    rowKeys: input.rowKeys,
    steps: toSteps(scores, input.step),
    modelsPerRow: modelsPerRow(input.features.columns),
  });
  for (let start = 0; start < rows; start += CHUNK_ROWS) {
    signal.throwIfAborted();
    const steps = encodeSteps(given.subarray(start, start + CHUNK_ROWS));
    await channel.send(ScoreChunkMessageSchema, { steps });
    yield { phase: 'score', fraction: Math.min(1, (start + CHUNK_ROWS) / rows), facts: { rows } };
  }
  return { rows };
}

function checkQuota({ features, rowKeys }: PassiveScoreInput): void {
  if (modelsPerRow(features.columns) === 0) {
    throw new SottoError(
      'budget-exhausted',
      'a half of so few features would tell them through its scores',
      { features: features.columns, atLeast: 4 },
    );
  }
  if (rowKeys.length !== features.rows || new Set(rowKeys).size !== rowKeys.length) {
    throw new SottoError('invalid-argument', 'each row to score needs one key of its own', {
      rows: features.rows,
      keys: new Set(rowKeys).size,
    });
  }
}

function requireEqual(field: string, expected: string | number, received: string | number): void {
  if (expected === received) return;
  throw new SottoError('parameters-rejected', 'the parties do not agree on what to score', {
    field,
  });
}
