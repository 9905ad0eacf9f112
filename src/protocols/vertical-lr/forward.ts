/**
 * The forward product: z / P = sum_j x_j w_j / W mod 1, in shares. Each party multiplies its columns
 * by its own share of its weights in the clear, and by the peer's share under the peer's key.
 */

import type { MessageShape } from '@bufbuild/protobuf';
import {
  ForwardInputSchema,
  type ForwardReplySchema,
} from '../../gen/sotto/protocol/v1/vertical_lr_pb.ts';
import { rescale } from '../../math/torus.ts';
import { N } from '../../primitives/he/index.ts';
import {
  type Ciphertexts,
  emptyCiphertexts,
  open,
  ownBuffers,
  partOf,
  seal,
} from './ciphertexts.ts';
import type { Parameters } from './parameters.ts';
import type { OwnStage, PeerStage } from './pass.ts';
import { productOf } from './products.ts';
import { type Batch, batchesOf, ciphertextBytes, replyBytes } from './sizes.ts';
import { compute, type Training } from './training.ts';
import { bytesOfLength, receiveBatches, sendBatches } from './wire.ts';

/** Shares modulo q of weights on the torus as residues of the forward prime. */
export function forwardShares(shares: readonly bigint[], q: bigint, prime: number): Uint32Array {
  return Uint32Array.from(shares, (share) => Number(rescale(share, q, BigInt(prime))));
}

const formOf = ({ forwardRing, inputDropBits }: Parameters) => ({
  ring: forwardRing,
  dropBits: inputDropBits.forward,
});

/** Weights whose shares travel in one message. */
export const weightBatches = (parameters: Parameters, weights: number): Batch[] =>
  batchesOf(weights, ciphertextBytes(parameters.forwardRing, parameters.inputDropBits.forward));

/** Owner: each share of a weight of the peer as a constant polynomial, encrypted. */
export async function sendForwardInput(
  { party, parameters, peerWeights }: Training,
  { key, zeros }: OwnStage,
  shares: Uint32Array,
): Promise<void> {
  const batches = weightBatches(parameters, peerWeights);
  await sendBatches(party.channel, ForwardInputSchema, batches, async ({ from, to }, portion) => {
    const constants = new Uint32Array((to - from) * N);
    for (let i = from; i < to; i++) constants[(i - from) * N] = shares[i]!;
    return seal(party, formOf(parameters), await zeros.take(key.use, portion), constants);
  });
}

/** Evaluator: the peer's shares of the own weights, under the peer's key. */
export async function receiveForwardInput({
  party,
  parameters,
  ownWeights,
}: Training): Promise<Ciphertexts> {
  const form = formOf(parameters);
  const all = emptyCiphertexts(form.ring, ownWeights);
  await receiveBatches(
    party.channel,
    ForwardInputSchema,
    weightBatches(parameters, ownWeights),
    ({ from, to }) => (to - from) * ciphertextBytes(form.ring, form.dropBits),
    ({ from, to }, message) => open(party, form, message, to - from, partOf(all, from * N, to * N)),
  );
  return all;
}

/** Evaluator: c1' of these blocks, the reply's content. Keeps c0', its share of what the peer's shares contribute. */
export async function answerForward(
  { party, parameters, own, ownWeights, rows }: Training,
  { use, zeros }: PeerStage,
  { c0, c1 }: Ciphertexts,
  { from, to }: Batch,
  portion: number,
): Promise<{ second: Uint8Array }> {
  const fresh = await zeros.take(use, portion);
  const { reply } = await productOf(
    party,
    {
      ring: parameters.forwardRing,
      kept: own.forward?.subarray(from * ownWeights * N, to * ownWeights * N),
      integers: own.integers,
      startOf: (output, term) => term * own.stride + (from + output) * N,
      reversed: false,
      cipher0: c0,
      cipher1: c1,
      zero0: fresh.c0,
      zero1: fresh.c1,
      terms: ownWeights,
      count: to - from,
      dropBits: parameters.dropBits.forward,
      keep: 'all',
    },
    {
      into: { kept: rows.kept.subarray(from * N, to * N) },
      transfer: ownBuffers(fresh.c0, fresh.c1),
    },
  );
  return { second: reply };
}

/** Owner: these blocks' shares of z / P, now that the reply is here and the own answer was made. A residue a row. */
export async function acceptForward(
  { party, parameters, own, rows }: Training,
  { key }: OwnStage,
  weights: Uint32Array,
  { from, to }: Batch,
  { second, $typeName }: MessageShape<typeof ForwardReplySchema>,
): Promise<void> {
  const { forwardRing: ring, dropBits } = parameters;
  const each = replyBytes(ring, dropBits.forward);
  const reply = bytesOfLength(second, (to - from) * each, $typeName);
  const [first, last] = [from * N, Math.min(to * N, parameters.rows)];
  const input = {
    integers: own.integers,
    stride: own.stride,
    from: first,
    to: last,
    weights,
    prime: ring.primes[0]!,
    kept: rows.kept.subarray(first, last),
    ring,
    secret: key.secretFor(key.use),
    reply,
    count: to - from,
    dropBits: dropBits.forward,
  };
  const into = rows.logits.subarray(first, last);
  await compute(party, 'logitShares', input, { transfer: [reply.buffer], into });
}
