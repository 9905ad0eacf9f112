/**
 * Where a training begins that has a parent: each party gives the part of the scores that its half of the parent adds,
 * as weights of its new features. Nothing is exchanged for it, and no half leaves its party.
 */
import type { FeatureMatrix } from '../math/columns.ts';
import { linearScores } from '../math/linear-model.ts';
import type { Alignment } from './align.ts';
import { type Prepared, prepareScoring } from './features.ts';
import { type JobContext, trainSpecOf } from './role.ts';

export interface WarmStart {
  readonly weights: Float64Array;
  /** The job that opened the parent's weights. */
  readonly parentJob: string;
}

/** Undefined for a training without a parent. */
export async function warmStart(
  context: JobContext,
  { rows }: Alignment,
  { split, train }: Prepared,
): Promise<WarmStart | undefined> {
  const { parentModelId } = trainSpecOf(context);
  if (parentModelId === '') return undefined;
  const half = await context.inventory.loadCurrent(parentModelId, context.clock.now());
  await using table = await context.tables.open(context.own.dataset);
  const own = Uint32Array.from(split.train, (place) => rows[place]!);
  const features = await prepareScoring(context, table, { rows: own }, half.preprocessing);
  const scores = linearScores(features, Float64Array.from(half.weights.whitened), 0);
  return { weights: projected(train, scores), parentJob: half.lineage.jobId };
}

/** Weights beyond it would only be walked back from. */
const LARGEST = 8;

/**
 * The weights with which features come nearest to scores, up to a constant: features are whitened, so each is by
 * itself. A new preprocessing, new columns or other rows are no obstacle.
 */
function projected({ rows, columns, values }: FeatureMatrix, scores: Float64Array): Float64Array {
  const mean = scores.reduce((sum, score) => sum + score, 0) / rows;
  return Float64Array.from({ length: columns }, (_, column) => {
    const feature = values.subarray(column * rows, (column + 1) * rows);
    const product = feature.reduce((sum, x, row) => sum + x * (scores[row]! - mean), 0);
    const square = feature.reduce((sum, x) => sum + x * x, 0);
    return Math.min(LARGEST, Math.max(-LARGEST, product / square));
  });
}
