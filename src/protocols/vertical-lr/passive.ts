/** The passive role: it holds features only. Each arrow is a message to (->) or from (<-) the active party. */
import type { Party, Run } from '../party.ts';
import { receiveResiduals } from './chunks.ts';
import { sendGradientReply } from './gradient.ts';
import { exchangeKept, History, NO_MEMORY } from './history.ts';
import { laterPass } from './later-pass.ts';
import { exchangeOpenings, leavesRange, receiveWarning, sendWarning } from './opening.ts';
import { describeParameters } from './parameters.ts';
import { NextPass, Pass, receiveKeys } from './pass.ts';
import { checkFeatures, checkSettings, checkStart, receiveShape, sendShape } from './shape.ts';
import {
  beforeOpening,
  encodeColumns,
  progressOf,
  rowMemory,
  type Trained,
  type Training,
  type TrainingInput,
} from './training.ts';
import { integerSchedule } from './weights.ts';

/** Learns the weights of its own features; see the card of the protocol for what else. */
export async function* passiveTrain(party: Party, input: TrainingInput): Run<Trained> {
  const { features, settings, memory = NO_MEMORY } = input;
  checkSettings(settings, features.rows);
  checkFeatures(features);
  checkStart(input.start, features.columns);
  const shape = { role: 'passive', rows: features.rows, weights: features.columns } as const;
  await sendShape(party, settings, shape); //                                          -> shape
  const parameters = await receiveShape(party, settings, shape); //                    <- shape

  const ones = new Float64Array(settings.harmonics).fill(1);
  const training: Training = {
    party,
    parameters,
    role: 'passive',
    own: await encodeColumns(party, parameters, features, { ones: 0, keptBytes: input.keptBytes }),
    ownWeights: shape.weights,
    peerWeights: parameters.weightsActive,
    series: { factors: { real: ones, imaginary: new Float64Array(settings.harmonics) } },
    start: input.start,
    rows: rowMemory(parameters),
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
async function firstPass(training: Training, history: History): Promise<void> {
  using keys = await Pass.begin(training, 1, []);
  keys.meet(await receiveKeys(training, 1, ['gradient'])); //                          <- keys
  await receiveResiduals(training); //                                                 <- gradient input
  const own = await sendGradientReply(training, keys.peer('gradient')); //             -> gradient reply
  await history.add(own, new Array<bigint>(training.peerWeights).fill(0n));
}
