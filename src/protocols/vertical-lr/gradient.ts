/**
 * The gradient: each weight's is an inner product of its transformed column with E. Each party
 * multiplies by its own share of E in the clear, and by the peer's under the peer's key.
 */
import type { MessageShape } from '@bufbuild/protobuf';
import {
  type GradientInputSchema,
  GradientReplySchema,
} from '../../gen/sotto/protocol/v1/vertical_lr_pb.ts';
import { remaindersOf } from '../../math/torus.ts';
import { N } from '../../primitives/he/index.ts';
import { open, ownBuffers, partOf, type SeededMessage, seal } from './ciphertexts.ts';
import type { Parameters } from './parameters.ts';
import type { OwnStage, PeerStage } from './pass.ts';
import { productOf } from './products.ts';
import { type Batch, batchesOf, replyBytes } from './sizes.ts';
import { compute, eachPiece, piecesOf, type Training } from './training.ts';
import { bytesOfLength, receiveBatches, sendBatches } from './wire.ts';

/** Multiply-accumulates in one task: about two milliseconds for two limbs, ten where residues are made anew. */
const PRODUCTS = 200;
/** Products of a 16-bit integer and a residue in one task of the local part: about ten milliseconds. */
const LOCAL_PRODUCTS = 2_000_000;

const formOf = ({ ring, inputDropBits }: Parameters) => ({
  ring,
  dropBits: inputDropBits.gradient,
});

/** Owner: its share of E in these blocks, as it is modulo q, encrypted. */
export async function sealResiduals(
  { party, parameters, rows }: Training,
  { key, zeros }: OwnStage,
  { from, to }: Batch,
  portion: number,
): Promise<SeededMessage> {
  const words = parameters.ring.primes.length * N;
  const fresh = await zeros.take(key.use, portion);
  return seal(party, formOf(parameters), fresh, rows.residuals.subarray(from * words, to * words));
}

/** Evaluator: the peer's share of E in these blocks, under the peer's key. */
export async function acceptResiduals(
  { party, parameters, rows }: Training,
  { from, to }: Batch,
  message: MessageShape<typeof GradientInputSchema>,
): Promise<void> {
  const words = parameters.ring.primes.length * N;
  const place = partOf(rows.theirs, from * words, to * words);
  await open(party, formOf(parameters), message, to - from, place);
}

const replyBatches = ({ ring, dropBits }: Parameters, weights: number): Batch[] =>
  batchesOf(weights, replyBytes(ring, dropBits.gradient));

/** Weights [from, to) of each task that answers, in order: none is in two messages. */
export function gradientPieces(parameters: Parameters, weights: number): Batch[] {
  const atOnce = Math.max(1, Math.floor(PRODUCTS / parameters.blocks));
  return replyBatches(parameters, weights).flatMap(({ from, to }) => piecesOf(from, to, atOnce));
}

/** Evaluator: sends c1' for each own weight; its share of what the peer's share of E contributes, modulo q. */
export async function sendGradientReply(
  { party, parameters, own, ownWeights, rows }: Training,
  { use, zeros }: PeerStage,
): Promise<bigint[]> {
  const { ring, blocks, dropBits } = parameters;
  const limbs = ring.primes.length;
  const words = blocks * limbs * N;
  const each = replyBytes(ring, dropBits.gradient);
  const kept = new Uint32Array(ownWeights * limbs);
  const pieces = gradientPieces(parameters, ownWeights);
  const batches = replyBatches(parameters, ownWeights);
  await sendBatches(party.channel, GradientReplySchema, batches, async (batch) => {
    const second = new Uint8Array((batch.to - batch.from) * each);
    const answer = async ({ from, to }: Batch, portion: number): Promise<void> => {
      const fresh = await zeros.take(use, portion);
      const product = await productOf(
        party,
        {
          ring,
          kept: own.gradient?.subarray(from * words, to * words),
          integers: own.transforms,
          startOf: (output, term) => (from + output) * own.stride + term * N,
          reversed: true,
          cipher0: rows.theirs.c0,
          cipher1: rows.theirs.c1,
          zero0: fresh.c0,
          zero1: fresh.c1,
          terms: blocks,
          count: to - from,
          dropBits: dropBits.gradient,
          keep: 'constant',
        },
        { transfer: ownBuffers(fresh.c0, fresh.c1) },
      );
      kept.set(product.kept, from * limbs);
      second.set(product.reply, (from - batch.from) * each);
    };
    const inBatch = ({ from }: Batch): boolean => from >= batch.from && from < batch.to;
    await Promise.all(pieces.map((piece, i) => (inBatch(piece) ? answer(piece, i) : undefined)));
    return { second };
  });
  return combined(ring.primes, kept);
}

/** Owner: its share of each of the peer's weights' gradients, modulo q. */
export async function receiveGradientReply(
  { party, parameters, peerWeights }: Training,
  { key }: OwnStage,
): Promise<bigint[]> {
  const { ring, dropBits } = parameters;
  const limbs = ring.primes.length;
  const each = replyBytes(ring, dropBits.gradient);
  const shares = new Uint32Array(peerWeights * limbs);
  await receiveBatches(
    party.channel,
    GradientReplySchema,
    replyBatches(parameters, peerWeights),
    ({ from, to }) => (to - from) * each,
    async ({ from, to }, message) => {
      const reply = bytesOfLength(message.second, (to - from) * each, message.$typeName);
      const input = {
        ring,
        secret: key.secretFor(key.use),
        reply,
        count: to - from,
        dropBits: dropBits.gradient,
        take: 'constant',
      } as const;
      const share = await compute(party, 'ownShare', input, { transfer: [reply.buffer] });
      shares.set(share, from * limbs);
    },
  );
  return combined(ring.primes, shares);
}

/** Own transformed columns times the own share of E, modulo q. */
export async function localGradients({
  party,
  parameters,
  own,
  ownWeights,
  rows,
}: Training): Promise<bigint[]> {
  const { primes } = parameters.ring;
  const { transforms, stride } = own;
  const sums = new Uint32Array(ownWeights * primes.length);
  const atOnce = Math.max(1, Math.floor(LOCAL_PRODUCTS / stride));
  await eachPiece(0, ownWeights, atOnce, async (from, to) => {
    const input = { transforms, stride, from, to, primes, residuals: rows.residuals };
    sums.set(await compute(party, 'localGradient', input), from * primes.length);
  });
  return combined(primes, sums);
}

/** Residues (count x limbs) as integers modulo q. */
function combined(primes: readonly number[], residues: Uint32Array): bigint[] {
  const { combine } = remaindersOf(primes);
  const limbs = primes.length;
  return Array.from({ length: residues.length / limbs }, (_, i) =>
    combine(residues.subarray(i * limbs, (i + 1) * limbs)),
  );
}
