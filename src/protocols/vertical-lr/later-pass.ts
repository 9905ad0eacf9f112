/** A pass after the first: the same for both parties, who encrypt for each other and compute for each other. */
import { remaindersOf } from '../../math/torus.ts';
import type { Run } from '../party.ts';
import { exchangeRows } from './chunks.ts';
import { forwardShares, receiveForwardInput, sendForwardInput } from './forward.ts';
import { localGradients, receiveGradientReply, sendGradientReply } from './gradient.ts';
import type { History } from './history.ts';
import { type NextPass, receiveKeys, stagesOf } from './pass.ts';
import { otherRole, type Role } from './sizes.ts';
import { progressOf, type Training } from './training.ts';
import {
  fromStart,
  type GradientShares,
  type IntegerSchedule,
  type Point,
  weightShares,
} from './weights.ts';

/** Each arrow is a message to and from the other party. */
export async function* laterPass(
  training: Training,
  number: number,
  { schedule, history, next }: { schedule: IntegerSchedule; history: History; next: NextPass },
): Run<void> {
  const { role, parameters } = training;
  const q = remaindersOf(parameters.ring.primes).modulus;
  const prime = parameters.forwardRing.primes[0]!;
  const shares = sharesAt(training, schedule.looks[number - 1]!, history);
  using keys = await next.take(number);
  await keys.sendKeys(); //                                                            -> keys
  keys.meet(await receiveKeys(training, number, stagesOf(otherRole(role), parameters))); //      <- keys

  const own = forwardShares(shares.own, q, prime);
  const peer = forwardShares(shares.peer, q, prime);
  const [, weights] = await Promise.all([
    sendForwardInput(training, keys.own('forward'), peer), //                          -> forward input
    receiveForwardInput(training), //                                                  <- forward input
  ]);
  yield progressOf(training, number, 1);
  await exchangeRows(training, { keys, shares: own, weights }); //                    <-> forward reply
  //                                         sigmoid input, sigmoid reply, gradient input, chunk by chunk
  keys.end('forward', 'sigmoid');
  yield progressOf(training, number, 2);

  const [evaluated, ofPeer, local] = await Promise.all([
    sendGradientReply(training, keys.peer('gradient')), //                             -> gradient reply
    receiveGradientReply(training, keys.own('gradient')), //                           <- gradient reply
    localGradients(training),
  ]);
  const gradients = evaluated.map((share, i) => share + local[i]!);
  await history.add(gradients, ofPeer);
  yield progressOf(training, number, 3);
}

/** This party's shares of all weights at a point. The intercept is the active party's last. */
export function sharesAt(training: Training, point: Point, history: History) {
  const { role, ownWeights, peerWeights, parameters, start } = training;
  const q = remaindersOf(parameters.ring.primes).modulus;
  const sharesOf = (shares: GradientShares, weights: number, owner: Role): bigint[] =>
    weightShares(point, shares, {
      q,
      weights,
      ...(owner === 'active' ? { intercept: weights - 1 } : {}),
    });
  const own = sharesOf(history.own, ownWeights, role);
  return {
    own: fromStart(own, start, point, { q, turn: parameters.turn }),
    peer: sharesOf(history.peer, peerWeights, otherRole(role)),
  };
}
