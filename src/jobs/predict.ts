/** The job "predict": score the aligned rows of two tables with the halves of a model trained before. */
import { SottoError } from '../base/errors.ts';
import type { PredictSpec } from '../gen/sotto/job/v1/agreement_pb.ts';
import type { FeatureMatrix } from '../math/columns.ts';
import { logistic } from '../math/linear-model.ts';
import type { ModelHalf } from '../model/half.ts';
import type { Run } from '../protocols/party.ts';
import { activeScore, passiveScore } from '../protocols/score/index.ts';
import { type Alignment, alignTables, csv } from './align.ts';
import { prepareScoring } from './features.ts';
import { DONE, DOUBLES } from './kept.ts';
import { at, type JobContext, type JobRole, type Outcome, stretch } from './role.ts';

const ALIGNED = 0.85;
const PREPARED = 0.9;
const SCORED = 0.99;

/** Leaves `scores.csv`: normalised id, probability, logit; in the common order. */
export const activePredictJob: JobRole = async function* (context): Run<Outcome> {
  const { alignment, half, features } = yield* prepare(context);
  const logits = yield* context.steps.once('score', DOUBLES, async function* () {
    const run = activeScore(context.party, inputOf(context, half, features));
    return (yield* stretch(run, PREPARED, SCORED)).logits;
  });
  const probabilities = logits.map(logistic);
  const mean = probabilities.reduce((sum, value) => sum + value, 0) / probabilities.length;
  const columns = [alignment.ids, shown(probabilities), shown(logits)];
  return {
    result: { ...counts(half, alignment), meanProbability: mean },
    parameters: { step: predictSpecOf(context).step },
    artifacts: { 'scores.csv': csv(['id', 'probability', 'logit'], columns) },
  };
};

export const passivePredictJob: JobRole = async function* (context): Run<Outcome> {
  const { alignment, half, features } = yield* prepare(context);
  const run = () =>
    passiveScore(context.party, {
      ...inputOf(context, half, features),
      rowKeys: alignment.ids,
      ledger: context.ledger.scores(context.own.dataset, context.agreement.jobId),
    });
  // Given twice, scores are the same: the ledger sees to it.
  yield* context.steps.once('score', DONE, () => stretch(run(), PREPARED, SCORED));
  return {
    result: counts(half, alignment),
    parameters: { step: predictSpecOf(context).step },
    artifacts: {},
  };
};

async function* prepare(
  context: JobContext,
): Run<{ alignment: Alignment; half: ModelHalf; features: FeatureMatrix }> {
  const { inventory, clock, tables, own } = context;
  const half = await inventory.loadCurrent(predictSpecOf(context).modelId, clock.now());
  const alignment = yield* alignTables(context, ALIGNED);
  yield at('prepare', ALIGNED);
  await using table = await tables.open(own.dataset);
  const features = await prepareScoring(context, table, alignment, half.preprocessing);
  return { alignment, half, features };
}

/** Each half brings its own intercept; that of the party without labels is 0. */
const inputOf = (context: JobContext, half: ModelHalf, features: FeatureMatrix) => ({
  modelId: half.id,
  step: predictSpecOf(context).step,
  features,
  weights: Float64Array.from(half.weights.whitened),
  intercept: half.intercept,
});

function predictSpecOf({ agreement }: JobContext): PredictSpec {
  const protocol = agreement.spec?.protocol;
  if (protocol?.case !== 'predict') throw new SottoError('internal', 'not a scoring', {});
  return protocol.value;
}

const counts = (half: ModelHalf, { rows, tableRows, peerRows }: Alignment) => ({
  modelId: half.id,
  rows: rows.length,
  ownRows: tableRows,
  peerRows,
});

/** Scores carry the rounding of the peer's part anyway: more digits would say nothing. */
const shown = (values: Float64Array): string[] =>
  Array.from(values, (value) => value.toPrecision(9));
