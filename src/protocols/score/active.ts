/**
 * The role that receives the scores: adds its own part to the steps that the passive party gives.
 */
import {
  ScoreChunkMessageSchema,
  ScoreRequestMessageSchema,
} from '../../gen/sotto/protocol/v1/score_pb.ts';
import { logistic } from '../../math/linear-model.ts';
import type { Party, Run } from '../party.ts';
import { CHUNK_ROWS, decodeSteps, type Half, partialScores } from './steps.ts';

export type ActiveScoreInput = Half;

/** In the common order of the aligned rows. */
export interface Scores {
  /** Within half a step of the exact logits. */
  readonly logits: Float64Array;
  readonly probabilities: Float64Array;
}

/** A tag and a length of up to 3 bytes in front of the steps. */
const CHUNK_BYTES = 2 * CHUNK_ROWS + 8;

/**
 * Learns the passive part of each row's logit to the nearest `step`. Fails with
 * `protocol-violation` when the peer gives another number of scores. The caller finishes the
 * channel before it uses them.
 */
export async function* activeScore(
  { channel, signal }: Party,
  input: ActiveScoreInput,
): Run<Scores> {
  const logits = partialScores(input);
  const rows = logits.length;
  await channel.send(ScoreRequestMessageSchema, { modelId: input.modelId, rows, step: input.step });
  for (let start = 0; start < rows; start += CHUNK_ROWS) {
    yield { phase: 'score', fraction: start / rows };
    signal.throwIfAborted();
    const chunk = await channel.receive(ScoreChunkMessageSchema, CHUNK_BYTES);
    const steps = decodeSteps(chunk.steps, Math.min(CHUNK_ROWS, rows - start));
    for (const [offset, count] of steps.entries()) {
      logits[start + offset] = logits[start + offset]! + input.step * count;
    }
  }
  yield { phase: 'score', fraction: 1, facts: { rows } };
  return { logits, probabilities: logits.map(logistic) };
}
