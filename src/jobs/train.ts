/** The job "train": align, prepare, train on shares, and measure the model on rows held out. */
import { SottoError } from '../base/errors.ts';
import { type SetupMessage, SetupMessageSchema } from '../gen/sotto/job/v1/setup_pb.ts';
import type { Progress, Run } from '../protocols/party.ts';
import { activeScore, DEFAULT_STEP, modelsPerRow, passiveScore } from '../protocols/score/index.ts';
import { activeTrain, passiveTrain } from '../protocols/vertical-lr/index.ts';
import { type Alignment, alignTables } from './align.ts';
import { type Prepared, prepareTraining } from './features.ts';
import type { LabelDebit } from './ledger.ts';
import { at, type JobContext, type JobRole, type Outcome, stretch, trainSpecOf } from './role.ts';
import { StopWatch } from './stop-watch.ts';
import { activeOutcome, labelsOf, passiveOutcome } from './trained.ts';
import { warmStart } from './warm-start.ts';

/** Shares of the job, from measured trainings of 5,000 to 100,000 rows: alignment dominates small ones. */
const ALIGNED = 0.35;
const PREPARED = 0.4;
const TRAINED = 0.93;
const SCORED = 0.97;

/** Three small numbers. */
const SETUP_BYTES = 64;

export const activeTrainJob: JobRole = async function* (context): Run<Outcome> {
  const { party } = context;
  const watch = new StopWatch(context);
  const alignment = yield* alignTables(context, ALIGNED);
  watch.lap('align');
  yield at('prepare', ALIGNED);
  const prepared = await prepare(context, alignment);
  const labels = await labelsOf(context, alignment, prepared.split);
  const peer = await exchangeSetup(context, prepared);
  const debit = debitOf(context, alignment, prepared, peer.features);
  context.ledger.checkLabel(debit);
  const start = await beginning(context, alignment, prepared, peer.features);
  watch.lap('prepare');

  const run = activeTrain(party, {
    features: prepared.train,
    labels: labels.train,
    settings: settingsOf(context),
    start: start.weights,
  });
  const trained = yield* stretch(
    untilOpening(run, () => {
      // Marked first: a process that ends in between has spent too much, not opened too much.
      context.markOpened();
      context.ledger.debitLabel(debit);
      start.debit();
    }),
    PREPARED,
    TRAINED,
  );
  watch.lap('train');

  const scores = yield* stretch(
    activeScore(party, {
      modelId: context.modelId,
      step: DEFAULT_STEP,
      features: prepared.heldOut,
      weights: trained.weights,
      intercept: trained.intercept,
    }),
    TRAINED,
    SCORED,
  );
  watch.lap('evaluate');
  yield at('report', SCORED);
  return activeOutcome(context, {
    alignment,
    prepared,
    labels,
    trained,
    scores,
    peerFeatures: peer.features,
    phases: watch.phases,
  });
};

export const passiveTrainJob: JobRole = async function* (context): Run<Outcome> {
  const { party, ledger, own } = context;
  const alignment = yield* alignTables(context, ALIGNED);
  yield at('prepare', ALIGNED);
  const prepared = await prepare(context, alignment);
  const rowKeys = Array.from(prepared.split.heldOut, (place) => alignment.ids[place]!);
  requireScorable(context, prepared, rowKeys);
  const peer = await exchangeSetup(context, prepared);

  const start = await beginning(context, alignment, prepared, peer.features);
  const run = passiveTrain(party, {
    features: prepared.train,
    settings: settingsOf(context),
    start: start.weights,
  });
  const trained = yield* stretch(
    untilOpening(run, () => {
      context.markOpened();
      start.debit();
    }),
    PREPARED,
    TRAINED,
  );
  yield* stretch(
    passiveScore(party, {
      modelId: context.modelId,
      step: DEFAULT_STEP,
      features: prepared.heldOut,
      weights: trained.weights,
      intercept: 0,
      rowKeys,
      ledger: ledger.scores(own.dataset, context.agreement.jobId),
    }),
    TRAINED,
    SCORED,
  );
  return passiveOutcome(context, { alignment, prepared, trained, peerFeatures: peer.features });
};

/**
 * Where the training begins, and what that costs: the peer's new weights depend on the parent's labels too, of whichever
 * party they are.
 */
async function beginning(
  context: JobContext,
  alignment: Alignment,
  prepared: Prepared,
  numbers: number,
): Promise<{ readonly weights: Float64Array | undefined; debit(): void }> {
  const { ledger, agreement, attempt } = context;
  const warm = await warmStart(context, alignment, prepared);
  if (warm === undefined) return { weights: undefined, debit: () => {} };
  ledger.checkParent(warm.parentJob, numbers);
  const debit = { job: agreement.jobId, attempt, numbers };
  return { weights: warm.weights, debit: () => ledger.debitParent(warm.parentJob, debit) };
}

function settingsOf(context: JobContext) {
  const { passes, ridge, harmonics } = trainSpecOf(context);
  return { passes, ridge, harmonics };
}

async function prepare(context: JobContext, alignment: Alignment): Promise<Prepared> {
  await using table = await context.tables.open(context.own.dataset);
  // Awaited here: the table is closed on return.
  return await prepareTraining(context, table, alignment, trainSpecOf(context).heldOutFraction);
}

/** What the scores of the held-out rows will take, asked before the training rather than after. */
function requireScorable(
  { ledger, own, modelId }: JobContext,
  { train }: Prepared,
  rowKeys: readonly string[],
): void {
  const models = modelsPerRow(train.columns);
  if (models === 0) {
    throw new SottoError(
      'budget-exhausted',
      'so few features would be told by their scores: add columns',
      { features: train.columns, atLeast: 4 },
    );
  }
  ledger.checkScores(own.dataset, { modelId, rowKeys, modelsPerRow: models });
}

async function exchangeSetup(
  { party: { channel } }: JobContext,
  { train, heldOut }: Prepared,
): Promise<SetupMessage> {
  const own = { trainRows: train.rows, heldOutRows: heldOut.rows, features: train.columns };
  await channel.send(SetupMessageSchema, own);
  const peer = await channel.receive(SetupMessageSchema, SETUP_BYTES);
  if (peer.trainRows !== own.trainRows || peer.heldOutRows !== own.heldOutRows) {
    throw new SottoError('verification-failed', 'the parties hold out different rows', {
      expected: own.heldOutRows,
      received: peer.heldOutRows,
    });
  }
  return peer;
}

/** As many label-dependent numbers as the peer has weights, from the training rows. */
function debitOf(
  { own, agreement, attempt }: JobContext,
  { ids }: Alignment,
  { split }: Prepared,
  numbers: number,
): LabelDebit {
  return {
    dataset: own.dataset,
    label: own.label!.column,
    job: agreement.jobId,
    attempt,
    numbers,
    ids: Array.from(split.train, (place) => ids[place]!),
  };
}

/**
 * Calls `before` at the last safe point of the training: all passes are done, and the weights are
 * opened as soon as it goes on.
 */
async function* untilOpening<T>(run: Run<T>, before: () => void): Run<T> {
  let due = false;
  for (;;) {
    const step: IteratorResult<Progress, T> = await run.next();
    if (step.done === true) {
      if (!due) throw new SottoError('internal', 'weights were opened without a debit', {});
      return step.value;
    }
    if (!due && step.value.fraction >= 1) {
      due = true;
      before();
    }
    yield step.value;
  }
}
