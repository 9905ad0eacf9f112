/** Partial scores as whole steps: rounding, encoding, and what both roles check alike. */
import type { Bytes } from '../../base/bytes.ts';
import { SottoError } from '../../base/errors.ts';
import type { FeatureMatrix } from '../../math/columns.ts';
import { linearScores } from '../../math/linear-model.ts';

/**
 * Logits. The largest rounding error, a sixteenth of a logit, moves a probability by at most 0.016;
 * it is also the finest step allowed, since every halving tells one bit more of each row.
 */
export const DEFAULT_STEP = 0.125;
const COARSEST_STEP = 4;

/** A step count is two bytes on the wire; -32768 has no positive twin and is never sent. */
const MOST_STEPS = 32_767;

/** 256 KiB a message: well below the largest frame, and 30 messages for four million rows. */
export const CHUNK_ROWS = 131_072;

/**
 * What one party brings: its features of the aligned rows, in the common order, and its weights
 * for them.
 */
export interface Half {
  /** The model's id, equal at both parties. */
  readonly modelId: string;
  /** Logits in one step, from the agreement. */
  readonly step: number;
  readonly features: FeatureMatrix;
  readonly weights: Float64Array;
  /** 0 for the half that has none. */
  readonly intercept: number;
}

/** At most one model for each four features: fewer equations than a quarter of a row's unknowns. */
export const modelsPerRow = (columns: number): number => Math.floor(columns / 4);

/**
 * intercept + x w of each row; every feature must have a value, for a row without data has no
 * score.
 */
export function partialScores(half: Half): Float64Array {
  const { features, weights, step } = half;
  if (!(step >= DEFAULT_STEP && step <= COARSEST_STEP)) {
    throw new SottoError('parameters-rejected', 'the step of the scores is out of range', {
      field: 'step',
      atLeast: DEFAULT_STEP,
      atMost: COARSEST_STEP,
      received: step,
    });
  }
  if (features.rows === 0) throw new SottoError('invalid-argument', 'no row to score');
  if (features.values.length !== features.rows * features.columns) {
    throw new SottoError('invalid-argument', 'features are missing for some of the rows', {
      expected: features.rows * features.columns,
      received: features.values.length,
    });
  }
  if (weights.length !== features.columns) {
    throw new SottoError('invalid-argument', 'the model has another number of features', {
      expected: weights.length,
      received: features.columns,
    });
  }
  const scores = linearScores(features, weights, half.intercept);
  const row = scores.findIndex((score) => !Number.isFinite(score));
  if (row >= 0) {
    throw new SottoError('invalid-argument', 'a row has a missing or infinite feature', { row });
  }
  return scores;
}

/**
 * To the nearest step; what lies beyond two bytes (4,096 logits at the finest step) is certain
 * anyway.
 */
export function toSteps(scores: Float64Array, step: number): Int16Array {
  return Int16Array.from(scores, (score) =>
    Math.max(-MOST_STEPS, Math.min(MOST_STEPS, Math.round(score / step))),
  );
}

export function encodeSteps(steps: Int16Array): Bytes {
  const bytes = new Uint8Array(2 * steps.length);
  const view = new DataView(bytes.buffer);
  for (const [row, count] of steps.entries()) view.setInt16(2 * row, count, true);
  return bytes;
}

/** Exactly `rows` step counts; anything else is the peer's violation. */
export function decodeSteps(bytes: Uint8Array, rows: number): Int16Array {
  if (bytes.length !== 2 * rows) {
    throw new SottoError('protocol-violation', 'scores came for another number of rows', {
      expectedBytes: 2 * rows,
      receivedBytes: bytes.length,
    });
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const steps = Int16Array.from({ length: rows }, (_, row) => view.getInt16(2 * row, true));
  if (steps.some((count) => count < -MOST_STEPS)) {
    throw new SottoError('protocol-violation', 'a score is out of range', {
      atLeast: -MOST_STEPS,
    });
  }
  return steps;
}
