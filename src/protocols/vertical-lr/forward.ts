/**
 * The forward product: z / P = sum_j x_j w_j / W mod 1, in shares. Each party multiplies its columns
 * by its own share of its weights in the clear, and by the peer's share under the peer's key.
 */

import {
  ForwardInputSchema,
  ForwardReplySchema,
} from '../../gen/sotto/protocol/v1/vertical_lr_pb.ts';
import { rescale } from '../../math/torus.ts';
import { N } from '../../primitives/he/index.ts';
import { type Ciphertexts, ciphertextBytes, emptyCiphertexts, open, seal } from './ciphertexts.ts';
import type { OwnStage, PeerStage } from './pass.ts';
import { productOf } from './products.ts';
import { batchesOf, replyBytes } from './sizes.ts';
import { compute, eachPiece, type Training } from './training.ts';
import { bytesOfLength, receiveBatches, sendBatches } from './wire.ts';

/** Multiply-accumulates in one task: about ten milliseconds. */
const PRODUCTS = 400;
/** Rows in one task of the local product. */
const LOCAL_ROWS = 16 * N;

/** Shares modulo q of weights on the torus as residues of the forward prime. */
export function forwardShares(shares: readonly bigint[], q: bigint, prime: number): Uint32Array {
  return Uint32Array.from(shares, (share) => Number(rescale(share, q, BigInt(prime))));
}

/** Owner: each share of a weight of the peer as a constant polynomial, encrypted. */
export async function sendForwardInput(
  { party, parameters, peerWeights }: Training,
  { key, zeros }: OwnStage,
  shares: Uint32Array,
): Promise<void> {
  const ring = parameters.forwardRing;
  const batches = batchesOf(peerWeights, ciphertextBytes(ring));
  await sendBatches(party.channel, ForwardInputSchema, batches, async ({ from, to }) => {
    const taken = await zeros.take(key.use, to - from);
    const message = new Uint32Array((to - from) * N);
    // A constant polynomial has the same value at every point.
    for (let i = from; i < to; i++) message.fill(shares[i]!, (i - from) * N, (i - from + 1) * N);
    return seal(party, ring, taken.zeros, message);
  });
}

/** Evaluator: the peer's shares of the own weights, under the peer's key. */
export async function receiveForwardInput({
  party,
  parameters,
  ownWeights,
}: Training): Promise<Ciphertexts> {
  const ring = parameters.forwardRing;
  const each = ciphertextBytes(ring);
  const all = emptyCiphertexts(ring, ownWeights);
  await receiveBatches(
    party.channel,
    ForwardInputSchema,
    batchesOf(ownWeights, each),
    ({ from, to }) => (to - from) * each,
    async ({ from, to }, message) => {
      const { c0, c1 } = await open(party, ring, message, to - from);
      all.c0.set(c0, from * N);
      all.c1.set(c1, from * N);
    },
  );
  return all;
}

/** Evaluator: sends c1' of each block and keeps c0', its share of what the peer's shares contribute. One residue a row. */
export async function sendForwardReply(
  { party, parameters, own, ownWeights }: Training,
  { use, zeros }: PeerStage,
  { c0, c1 }: Ciphertexts,
): Promise<Uint32Array> {
  const { forwardRing: ring, blocks, dropBits } = parameters;
  const each = replyBytes(ring, dropBits.forward);
  const kept = new Uint32Array(blocks * N);
  const atOnce = Math.max(1, Math.floor(PRODUCTS / ownWeights));
  await sendBatches(party.channel, ForwardReplySchema, batchesOf(blocks, each), async (batch) => {
    const second = new Uint8Array((batch.to - batch.from) * each);
    await eachPiece(batch.from, batch.to, atOnce, async (from, to) => {
      const fresh = (await zeros.take(use, to - from)).zeros;
      const product = await productOf(party, {
        ring,
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
        dropBits: dropBits.forward,
        keep: 'all',
      });
      kept.set(product.kept, from * N);
      second.set(product.reply, (from - batch.from) * each);
    });
    return { second };
  });
  return kept;
}

/** Owner: c1' s of each block, its share of what its own shares of the peer's weights contribute. */
export async function receiveForwardReply(
  { party, parameters }: Training,
  { key }: OwnStage,
): Promise<Uint32Array> {
  const { forwardRing: ring, blocks, dropBits } = parameters;
  const each = replyBytes(ring, dropBits.forward);
  const shares = new Uint32Array(blocks * N);
  await receiveBatches(
    party.channel,
    ForwardReplySchema,
    batchesOf(blocks, each),
    ({ from, to }) => (to - from) * each,
    async ({ from, to }, message) => {
      const reply = bytesOfLength(message.second, (to - from) * each, message.$typeName);
      const share = await compute(party, 'ownShare', {
        ring,
        secret: key.secretFor(key.use),
        reply,
        count: to - from,
        dropBits: dropBits.forward,
        take: 'all',
      });
      shares.set(share, from * N);
    },
  );
  return shares;
}

/** Own columns times own shares, plus the two shares of the products under encryption: z / P, a residue a row. */
export async function logitShares(
  { party, parameters, own }: Training,
  weights: Uint32Array,
  kept: Uint32Array,
  owned: Uint32Array,
): Promise<Uint32Array> {
  const prime = parameters.forwardRing.primes[0]!;
  const shares = new Uint32Array(parameters.rows);
  await eachPiece(0, parameters.rows, LOCAL_ROWS, async (from, to) => {
    const { integers, stride } = own;
    const local = await compute(party, 'localForward', {
      integers,
      stride,
      from,
      to,
      weights,
      prime,
    });
    for (let row = from; row < to; row++)
      shares[row] = (local[row - from]! + kept[row]! + owned[row]!) % prime;
  });
  return shares;
}
