/** The job "train": align, prepare, train on shares, and measure the model on rows held out. */
import { fromBinary, toBinary } from '@bufbuild/protobuf';
import { concat } from '../base/bytes.ts';
import { SottoError } from '../base/errors.ts';
import { type SetupMessage, SetupMessageSchema } from '../gen/sotto/job/v1/setup_pb.ts';
import { logistic } from '../math/linear-model.ts';
import type { Run } from '../protocols/party.ts';
import { activeScore, DEFAULT_STEP, modelsPerRow, passiveScore } from '../protocols/score/index.ts';
import {
  type ActiveTrained,
  activeTrain,
  type Memory,
  passiveTrain,
  type Trained,
} from '../protocols/vertical-lr/index.ts';
import { type Alignment, alignTables } from './align.ts';
import { type Prepared, prepareTraining } from './features.ts';
import { DIGEST_BYTES, DONE, DOUBLES, featuresDigest, plain, requireSameData } from './kept.ts';
import type { LabelDebit } from './ledger.ts';
import { at, type JobContext, type JobRole, type Outcome, stretch, trainSpecOf } from './role.ts';
import type { Codec, Steps } from './steps.ts';
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
  const { party, steps } = context;
  const watch = new StopWatch(context);
  const alignment = yield* alignTables(context, ALIGNED);
  watch.lap('align');
  yield at('prepare', ALIGNED);
  const prepared = await prepare(context, alignment);
  const labels = await labelsOf(context, alignment, prepared.split);
  const peer = yield* setUp(context, prepared, [labels.train, labels.heldOut]);
  const debit = debitOf(context, alignment, prepared, peer.features);
  context.ledger.checkLabel(debit);
  const start = await beginning(context, alignment, prepared, peer.features);
  watch.lap('prepare');

  const memory = memoryOf(steps, () => {
    context.ledger.debitLabel(debit);
    start.debit();
  });
  const trained = yield* steps.once('open', ACTIVE_TRAINED, () =>
    stretch(
      activeTrain(party, {
        keptBytes: context.keptBytes,
        features: prepared.train,
        labels: labels.train,
        settings: settingsOf(context),
        start: start.weights,
        memory,
      }),
      PREPARED,
      TRAINED,
    ),
  );
  watch.lap('train');

  const logits = yield* steps.once('score', DOUBLES, async function* () {
    const run = activeScore(party, {
      modelId: context.modelId,
      step: DEFAULT_STEP,
      features: prepared.heldOut,
      weights: trained.weights,
      intercept: trained.intercept,
    });
    return (yield* stretch(run, TRAINED, SCORED)).logits;
  });
  const scores = { logits, probabilities: logits.map(logistic) };
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
  const { party, ledger, own, steps } = context;
  const alignment = yield* alignTables(context, ALIGNED);
  yield at('prepare', ALIGNED);
  const prepared = await prepare(context, alignment);
  const rowKeys = Array.from(prepared.split.heldOut, (place) => alignment.ids[place]!);
  requireScorable(context, prepared, rowKeys);
  const peer = yield* setUp(context, prepared, []);

  const start = await beginning(context, alignment, prepared, peer.features);
  const memory = memoryOf(steps, () => start.debit());
  const trained = yield* steps.once('open', TRAINED_HALF, () =>
    stretch(
      passiveTrain(party, {
        features: prepared.train,
        settings: settingsOf(context),
        start: start.weights,
        keptBytes: context.keptBytes,
        memory,
      }),
      PREPARED,
      TRAINED,
    ),
  );
  yield* steps.once('score', DONE, () =>
    stretch(
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
    ),
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

/** Both hold out the same rows, and still have the data that the job began with. */
async function* setUp(
  context: JobContext,
  prepared: Prepared,
  labels: readonly Uint8Array[],
): Run<SetupMessage> {
  const digest = featuresDigest([prepared.train, prepared.heldOut], labels);
  const kept = yield* context.steps.once('setup', SET_UP, async function* () {
    yield at('prepare', PREPARED);
    return { peer: await exchangeSetup(context, prepared), digest };
  });
  requireSameData(context.own.dataset, kept.digest, digest);
  return kept.peer;
}

const SET_UP: Codec<{ readonly peer: SetupMessage; readonly digest: Uint8Array }> = {
  encode: ({ peer, digest }) => concat(digest, toBinary(SetupMessageSchema, peer)),
  decode: (state) => ({
    digest: state.subarray(0, DIGEST_BYTES),
    peer: fromBinary(SetupMessageSchema, state.subarray(DIGEST_BYTES)),
  }),
};

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
 * The passes of a training as steps, and one more: that both have kept all of them. From that on
 * every attempt opens the same shares of the same passes, so that whoever hears them twice hears
 * nothing new; and the peer, if it comes back with fewer passes, is refused.
 */
function memoryOf(steps: Steps, debit: () => void): Memory {
  const passes = steps.known('pass');
  const [all] = steps.known('all passes', 1);
  return {
    passes,
    keepPass: (shares) => steps.keep('pass', shares),
    async beforeOpening() {
      // Debited first: a process that ends in between has spent too much, not opened too much.
      debit();
      if (all === undefined) await steps.keep('all passes', new Uint8Array(0));
    },
  };
}

type Plain<T> = { readonly [name in keyof T]: T[name] extends Float64Array ? number[] : T[name] };

/** What a role came to, weights included. */
function trainedCodec<T extends Trained>(): Codec<T> {
  const { encode, decode } = plain<Plain<T>>();
  return {
    encode: (trained) => encode({ ...trained, weights: [...trained.weights] } as Plain<T>),
    decode(state) {
      const kept = decode(state);
      return { ...kept, weights: Float64Array.from(kept.weights as number[]) } as unknown as T;
    },
  };
}

const ACTIVE_TRAINED = trainedCodec<ActiveTrained>();
const TRAINED_HALF = trainedCodec<Trained>();
