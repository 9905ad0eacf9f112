/** The active role: it holds the labels, and the intercept among its weights. Each arrow is a message to (->) or from (<-) the passive party. */
import type { Party, Run } from '../party.ts';
import { sendResiduals } from './chunks.ts';
import { localGradients, receiveGradientReply } from './gradient.ts';
import { exchangeKept, History, NO_MEMORY } from './history.ts';
import { laterPass } from './later-pass.ts';
import { exchangeOpenings, leavesRange, receiveWarning, sendWarning } from './opening.ts';
import { describeParameters } from './parameters.ts';
import { NextPass, Pass } from './pass.ts';
import {
  checkFeatures,
  checkLabels,
  checkSettings,
  checkStart,
  receiveShape,
  sendShape,
} from './shape.ts';
import { knowResiduals, transformReals } from './sigmoid.ts';
import { type Targets, targetsOf } from './targets.ts';
import {
  beforeOpening,
  encodeColumns,
  type OwnSeries,
  progressOf,
  rowMemory,
  type Trained,
  type Training,
  type TrainingInput,
} from './training.ts';
import { integerSchedule } from './weights.ts';

export interface ActiveInput extends TrainingInput {
  /** 0 or 1, one a row. */
  readonly labels: Uint8Array;
}

export interface ActiveTrained extends Trained {
  readonly intercept: number;
}

type Parts = Pick<Training, 'party' | 'parameters'>;

/** What the active party knows besides its columns. */
interface Labelled extends Training {
  readonly targets: Targets;
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

  const targets = targetsOf(labels, parameters);
  const training: Labelled = {
    party,
    parameters,
    role: 'active',
    own: await encodeColumns(party, parameters, features, { ones: 1, keptBytes: input.keptBytes }),
    ownWeights: shape.weights,
    peerWeights: parameters.weightsPassive,
    series: await ownSeries({ party, parameters }, targets),
    start: input.start,
    rows: rowMemory(parameters),
    targets,
  };
  const schedule = integerSchedule(parameters, settings.ridge);
  const history = new History(training, memory);
  yield progressOf(training, history.passes + 1, 0);
  if (history.passes === 0 && input.start === undefined) await firstPass(training, history);
  using next = new NextPass(training);
  for (let pass = history.passes + 1; pass <= parameters.passes; pass++) {
    yield* laterPass(training, pass, { schedule, history, next });
  }
  yield beforeOpening(training);
  await exchangeKept(party); //                                                        <-> kept
  await memory.beforeOpening();
  const weights = await exchangeOpenings(training, schedule, history); //              <-> opened weights
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

/** The coefficients of the sigmoid, and the part of the residuals that is the same in every pass. */
async function ownSeries(training: Parts, targets: Targets): Promise<OwnSeries> {
  const { real, imaginary, constant } = targets.series;
  const paced = (factor: number): number => targets.pace * factor;
  return {
    factors: { real: real.map(paced), imaginary: imaginary.map(paced) },
    added: await residualsFor(training, targets, constant),
  };
}

/** prediction - y, paced and transformed: for a prediction that is the same on all rows. */
function residualsFor(
  training: Parts,
  { labels, pace }: Targets,
  prediction: number,
): Promise<Int32Array> {
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
  const { targets } = training;
  await knowResiduals(training, await residualsFor(training, targets, targets.rate));
  using keys = await Pass.begin(training, 1, ['gradient']);
  await keys.sendKeys(); //                                                            -> keys
  await sendResiduals(training, keys); //                                              -> gradient input
  const [peer, own] = await Promise.all([
    receiveGradientReply(training, keys.own('gradient')), //                           <- gradient reply
    localGradients(training),
  ]);
  await history.add(own, peer);
}
