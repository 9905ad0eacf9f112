/** The end: each party's share of the peer's weights, rounded to 24 bits and sent once. Nothing else is ever opened. */
import {
  OpenedWeightsSchema,
  RangeWarningSchema,
} from '../../gen/sotto/protocol/v1/vertical_lr_pb.ts';
import type { FeatureMatrix } from '../../math/columns.ts';
import { linearScores } from '../../math/linear-model.ts';
import { centredFraction, modulo, remaindersOf, rescale } from '../../math/torus.ts';
import type { History } from './history.ts';
import { sharesAt } from './later-pass.ts';
import type { Parameters } from './parameters.ts';
import type { Training } from './training.ts';
import type { IntegerSchedule } from './weights.ts';
import { bytesOfLength } from './wire.ts';

/**
 * Steps of an opened share: a weight is known to turn / 2^24, under 1e-4, which is far below its noise. The low
 * bits stay here: they are sums of the keys' errors.
 */
const OPENED_BITS = 24;
const OPENED_BYTES = OPENED_BITS / 8;

/** Shares modulo q of the peer's weights, each rounded once, after all integer multiplications. */
export function roundedShares(shares: readonly bigint[], q: bigint): Uint8Array {
  const bytes = new Uint8Array(shares.length * OPENED_BYTES);
  for (const [i, share] of shares.entries()) {
    const rounded = Number(rescale(share, q, 1n << BigInt(OPENED_BITS)));
    for (let byte = 0; byte < OPENED_BYTES; byte++)
      bytes[i * OPENED_BYTES + byte] = (rounded >> (OPENED_BITS - 8 * (byte + 1))) & 255;
  }
  return bytes;
}

/** Own weights from the own shares modulo q and the peer's rounded ones. */
export function openWeights(
  own: readonly bigint[],
  opened: Uint8Array,
  { q, turn }: { readonly q: bigint; readonly turn: number },
): Float64Array {
  return Float64Array.from(own, (share, i) => {
    let rounded = 0n;
    for (let byte = 0; byte < OPENED_BYTES; byte++)
      rounded = (rounded << 8n) | BigInt(opened[i * OPENED_BYTES + byte]!);
    const sum = modulo(share + rescale(rounded, 1n << BigInt(OPENED_BITS), q), q);
    return centredFraction(sum, q) * turn;
  });
}

/** Own weights at the end of all passes; each arrow is a message to and from the other party. */
export async function exchangeOpenings(
  training: Training,
  { end }: IntegerSchedule,
  history: History,
): Promise<Float64Array> {
  const { parameters } = training;
  const q = remaindersOf(parameters.ring.primes).modulus;
  const { own, peer } = sharesAt(training, end, history);
  const [, opened] = await Promise.all([
    sendOpening(training, roundedShares(peer, q)), //                                  -> opened weights
    receiveOpening(training), //                                                       <- opened weights
  ]);
  return openWeights(own, opened, { q, turn: parameters.turn });
}

async function sendOpening({ party }: Training, shares: Uint8Array): Promise<void> {
  await party.channel.send(OpenedWeightsSchema, { shares });
}

async function receiveOpening({ party, ownWeights }: Training): Promise<Uint8Array> {
  const length = ownWeights * OPENED_BYTES;
  const message = await party.channel.receive(OpenedWeightsSchema, length + 64);
  return bytesOfLength(message.shares, length, message.$typeName);
}

/** Of a thousand rows, how many may leave the range: the 99.9 % quantile decides. */
const ROWS_BEYOND = 0.001;

/**
 * Whether this party's part of the logits leaves P / 4 on more than one row in a thousand: the sum of two such
 * parts may pass P / 2, where the series turns back.
 */
export function leavesRange(
  { period, rows }: Parameters,
  features: FeatureMatrix,
  weights: Float64Array,
  intercept: number,
): boolean {
  const scores = linearScores(features, weights, intercept);
  let beyond = 0;
  for (const score of scores) if (Math.abs(score) >= period / 4) beyond++;
  return beyond > ROWS_BEYOND * rows;
}

export async function sendWarning({ party }: Training, exceeded: boolean): Promise<void> {
  await party.channel.send(RangeWarningSchema, { exceeded });
}

export async function receiveWarning({ party }: Training): Promise<boolean> {
  return (await party.channel.receive(RangeWarningSchema, 16)).exceeded;
}
