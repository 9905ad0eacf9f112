/** The passive role: it holds features only. Each arrow is a message to (->) or from (<-) the active party. */
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
import { checkFeatures, checkSettings, checkStart, receiveShape, sendShape } from './shape.ts';
import { receiveSigmoid, sendPhasors } from './sigmoid.ts';
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

export interface PassiveInput {
  readonly features: FeatureMatrix;
  readonly settings: Settings;
  /** Weights of the features to begin with; both parties give theirs, or neither. */
  readonly start?: Float64Array | undefined;
  /** Most bytes of residues of the columns that are kept from pass to pass; 512 MiB if left out. */
  readonly keptBytes?: number;
  /** What is left of the same training before a cut; left out, a cut ends it. */
  readonly memory?: Memory;
}

interface Scheduled extends Training {
  readonly schedule: IntegerSchedule;
  readonly q: bigint;
  readonly start: Float64Array | undefined;
}

/** Learns the weights of its own features; see the card of the protocol for what else. */
export async function* passiveTrain(party: Party, input: PassiveInput): Run<Trained> {
  const { features, settings, memory = NO_MEMORY } = input;
  checkSettings(settings, features.rows);
  checkFeatures(features);
  checkStart(input.start, features.columns);
  const shape = { role: 'passive', rows: features.rows, weights: features.columns } as const;
  await sendShape(party, settings, shape); //                                          -> shape
  const parameters = await receiveShape(party, settings, shape); //                    <- shape

  const training: Scheduled = {
    party,
    parameters,
    own: await encodeColumns(party, parameters, features, { ones: 0, keptBytes: input.keptBytes }),
    ownWeights: shape.weights,
    peerWeights: parameters.weightsActive,
    schedule: integerSchedule(parameters, settings.ridge),
    q: remaindersOf(parameters.ring.primes).modulus,
    start: input.start,
  };
  const history = new History(training, memory);
  yield progressOf(training, history.passes + 1, 0);
  if (history.passes === 0 && input.start === undefined) await firstPass(training, history);
  for (let pass = history.passes + 1; pass <= parameters.passes; pass++) {
    yield* laterPass(training, pass, history);
  }
  yield beforeOpening(training);
  await exchangeKept(party); //                                                        <-> kept
  await memory.beforeOpening();
  const weights = await open(training, history);
  const own = leavesRange(parameters, features, weights, 0);
  await sendWarning(training, own); //                                                 -> warning
  const peer = await receiveWarning(training); //                                      <- warning
  return {
    weights,
    warning: { own, peer },
    opened: weights.length,
    parameters: describeParameters(parameters),
  };
}

/** Its share of the first residuals is zero, and so is its share of the active party's gradients. */
async function firstPass(training: Scheduled, history: History): Promise<void> {
  using keys = await Pass.begin(training, 1, []);
  keys.draw(await receiveKeys(training, 1, ['gradient'])); //                          <- keys
  const residuals = await receiveResiduals(training); //                               <- gradient input
  const own = await sendGradientReply(training, keys.peer('gradient'), residuals); //  -> gradient reply
  await history.add(own, new Array<bigint>(training.peerWeights).fill(0n));
}

async function* laterPass(training: Scheduled, pass: number, history: History): Run<void> {
  const { parameters, schedule, q } = training;
  const prime = parameters.forwardRing.primes[0]!;
  const { own, peer } = sharesAt(training, schedule.looks[pass - 1]!, history);
  using keys = await Pass.begin(training, pass, ['forward', 'sigmoid', 'gradient']);
  await keys.sendKeys(); //                                                            -> keys
  keys.draw(await receiveKeys(training, pass, ['forward', 'gradient'])); //            <- keys

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

  const [, residuals] = await Promise.all([
    sendPhasors(training, keys.own('sigmoid'), logits), //                             -> sigmoid input
    receiveSigmoid(training, keys.own('sigmoid')), //                                  <- sigmoid reply
  ]);
  keys.end('sigmoid');
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

/** This party's shares of all weights at a point. The intercept is the active party's last. */
function sharesAt(training: Scheduled, point: Point, history: History) {
  const { q, ownWeights, peerWeights, parameters, start } = training;
  const own = weightShares(point, history.own, { q, weights: ownWeights });
  return {
    own: fromStart(own, start, point, { q, turn: parameters.turn }),
    peer: weightShares(point, history.peer, {
      q,
      weights: peerWeights,
      intercept: peerWeights - 1,
    }),
  };
}

async function open(training: Scheduled, history: History): Promise<Float64Array> {
  const { schedule, parameters, q } = training;
  const { own, peer } = sharesAt(training, schedule.end, history);
  const [, opened] = await Promise.all([
    sendOpening(training, roundedShares(peer, q)), //                                  -> opened weights
    receiveOpening(training), //                                                       <- opened weights
  ]);
  return openWeights(own, opened, { q, turn: parameters.turn });
}
