/** The active role: it holds the labels, and the intercept among its weights. Each arrow is a message to (->) or from (<-) the passive party. */
import type { FeatureMatrix } from '../../math/columns.ts';
import { remaindersOf } from '../../math/torus.ts';
import type { Party, Run } from '../party.ts';
import {
  forwardShares,
  logitShares,
  receiveForwardInput,
  receiveForwardReply,
  sendForwardInput,
  sendForwardReply,
} from './forward.ts';
import {
  localGradients,
  receiveGradientReply,
  receiveResiduals,
  sendGradientReply,
  sendResiduals,
} from './gradient.ts';
import { exchangeKept, History, type Memory, NO_MEMORY } from './history.ts';
import {
  leavesRange,
  openWeights,
  receiveOpening,
  receiveWarning,
  roundedShares,
  sendOpening,
  sendWarning,
} from './opening.ts';
import { describeParameters } from './parameters.ts';
import { Pass, receiveKeys } from './pass.ts';
import {
  checkFeatures,
  checkLabels,
  checkSettings,
  checkStart,
  receiveShape,
  sendShape,
} from './shape.ts';
import { addTransformed, answerPhasors, emptyResiduals, transformReals } from './sigmoid.ts';
import { type Targets, targetsOf } from './targets.ts';
import {
  beforeOpening,
  encodeColumns,
  progressOf,
  type Settings,
  type Trained,
  type Training,
} from './training.ts';
import {
  fromStart,
  type IntegerSchedule,
  integerSchedule,
  type Point,
  weightShares,
} from './weights.ts';

export interface ActiveInput {
  readonly features: FeatureMatrix;
  /** 0 or 1, one a row. */
  readonly labels: Uint8Array;
  readonly settings: Settings;
  /** Weights of the features to begin with; both parties give theirs, or neither. */
  readonly start?: Float64Array | undefined;
  /** Most bytes of residues of the columns that are kept from pass to pass; 512 MiB if left out. */
  readonly keptBytes?: number;
  /** What is left of the same training before a cut; left out, a cut ends it. */
  readonly memory?: Memory;
}

export interface ActiveTrained extends Trained {
  readonly intercept: number;
}

/** What the active party knows besides its columns. */
interface Labelled extends Training {
  readonly schedule: IntegerSchedule;
  readonly targets: Targets;
  readonly q: bigint;
  readonly start: Float64Array | undefined;
}

/** Learns the weights of its own features and the intercept; see the card of the protocol for what else. */
export async function* activeTrain(party: Party, input: ActiveInput): Run<ActiveTrained> {
  const { features, labels, settings, memory = NO_MEMORY } = input;
  checkSettings(settings, features.rows);
  checkLabels(labels, features.rows);
  checkFeatures(features);
  checkStart(input.start, features.columns);
  const shape = { role: 'active', rows: features.rows, weights: features.columns + 1 } as const;
  await sendShape(party, settings, shape); //                                          -> shape
  const parameters = await receiveShape(party, settings, shape); //                    <- shape

  const training: Labelled = {
    party,
    parameters,
    own: await encodeColumns(party, parameters, features, { ones: 1, keptBytes: input.keptBytes }),
    ownWeights: shape.weights,
    peerWeights: parameters.weightsPassive,
    schedule: integerSchedule(parameters, settings.ridge),
    targets: targetsOf(labels, parameters),
    q: remaindersOf(parameters.ring.primes).modulus,
    start: input.start,
  };
  const history = new History(training, memory);
  yield progressOf(training, history.passes + 1, 0);
  if (history.passes === 0 && input.start === undefined) await firstPass(training, history);
  const labelPart = await residualsFor(training, training.targets.series.constant);
  for (let pass = history.passes + 1; pass <= parameters.passes; pass++) {
    yield* laterPass(training, pass, labelPart, history);
  }
  yield beforeOpening(training);
  await exchangeKept(party); //                                                        <-> kept
  await memory.beforeOpening();
  const weights = await open(training, history);
  const intercept = training.targets.series.centre + weights.at(-1)!;
  const own = leavesRange(parameters, features, weights.subarray(0, -1), intercept);
  await sendWarning(training, own); //                                                 -> warning
  const peer = await receiveWarning(training); //                                      <- warning
  return {
    weights: weights.slice(0, -1),
    intercept,
    warning: { own, peer },
    opened: weights.length,
    parameters: describeParameters(parameters),
  };
}

/** prediction - y, paced and transformed: for a prediction that is the same on all rows. */
function residualsFor(training: Labelled, prediction: number): Promise<Int32Array> {
  const { labels, pace } = training.targets;
  return transformReals(
    training,
    Float64Array.from(labels, (y) => pace * (prediction - y)),
  );
}

/**
 * Without a start the residuals base rate - y are the active party's alone, and only the passive party's
 * gradients need the other.
 */
async function firstPass(training: Labelled, history: History): Promise<void> {
  const residuals = emptyResiduals(training.parameters);
  addTransformed(training, residuals, await residualsFor(training, training.targets.rate));

  using keys = await Pass.begin(training, 1, ['gradient']);
  await keys.sendKeys(); //                                                            -> keys
  keys.draw({});
  await sendResiduals(training, keys.own('gradient'), residuals); //                   -> gradient input
  const [peer, own] = await Promise.all([
    receiveGradientReply(training, keys.own('gradient')), //                           <- gradient reply
    localGradients(training, residuals),
  ]);
  await history.add(own, peer);
}

async function* laterPass(
  training: Labelled,
  pass: number,
  labelPart: Int32Array,
  history: History,
): Run<void> {
  const { parameters, schedule, targets, q } = training;
  const prime = parameters.forwardRing.primes[0]!;
  const { own, peer } = sharesAt(training, schedule.looks[pass - 1]!, history);
  using keys = await Pass.begin(training, pass, ['forward', 'gradient']);
  await keys.sendKeys(); //                                                            -> keys
  keys.draw(await receiveKeys(training, pass, ['forward', 'sigmoid', 'gradient'])); // <- keys

  const [, weights] = await Promise.all([
    sendForwardInput(training, keys.own('forward'), forwardShares(peer, q, prime)), // -> forward input
    receiveForwardInput(training), //                                                  <- forward input
  ]);
  const [kept, owned] = await Promise.all([
    sendForwardReply(training, keys.peer('forward'), weights), //                      -> forward reply
    receiveForwardReply(training, keys.own('forward')), //                             <- forward reply
  ]);
  keys.end('forward');
  const logits = await logitShares(training, forwardShares(own, q, prime), kept, owned);
  yield progressOf(training, pass, 1);

  //                                                                                   <- sigmoid input
  const residuals = await answerPhasors(training, keys.peer('sigmoid'), logits, targets); //    -> sigmoid reply
  keys.end('sigmoid');
  addTransformed(training, residuals, labelPart);
  yield progressOf(training, pass, 2);

  const [, theirs] = await Promise.all([
    sendResiduals(training, keys.own('gradient'), residuals), //                       -> gradient input
    receiveResiduals(training), //                                                     <- gradient input
  ]);
  const [evaluated, ofPeer, local] = await Promise.all([
    sendGradientReply(training, keys.peer('gradient'), theirs), //                     -> gradient reply
    receiveGradientReply(training, keys.own('gradient')), //                           <- gradient reply
    localGradients(training, residuals),
  ]);
  const gradients = evaluated.map((share, i) => share + local[i]!);
  await history.add(gradients, ofPeer);
  yield progressOf(training, pass, 3);
}

/** This party's shares of all weights at a point. The intercept is the last of its own. */
function sharesAt(training: Labelled, point: Point, history: History) {
  const { q, ownWeights, peerWeights, parameters, start } = training;
  const own = weightShares(point, history.own, {
    q,
    weights: ownWeights,
    intercept: ownWeights - 1,
  });
  return {
    own: fromStart(own, start, point, { q, turn: parameters.turn }),
    peer: weightShares(point, history.peer, { q, weights: peerWeights }),
  };
}

async function open(training: Labelled, history: History): Promise<Float64Array> {
  const { schedule, parameters, q } = training;
  const { own, peer } = sharesAt(training, schedule.end, history);
  const [, opened] = await Promise.all([
    sendOpening(training, roundedShares(peer, q)), //                                  -> opened weights
    receiveOpening(training), //                                                       <- opened weights
  ]);
  return openWeights(own, opened, { q, turn: parameters.turn });
}
