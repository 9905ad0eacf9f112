/**
 * The gradient: each weight's is an inner product of its transformed column with E. Each party
 * multiplies by its own share of E in the clear, and by the peer's under the peer's key.
 */
import {
  GradientInputSchema,
  GradientReplySchema,
} from '../../gen/sotto/protocol/v1/vertical_lr_pb.ts';
import { remaindersOf } from '../../math/torus.ts';
import { N } from '../../primitives/he/index.ts';
import { type Ciphertexts, ciphertextBytes, emptyCiphertexts, open, seal } from './ciphertexts.ts';
import type { OwnStage, PeerStage } from './pass.ts';
import { productOf } from './products.ts';
import { batchesOf, replyBytes } from './sizes.ts';
import { compute, eachPiece, type Training } from './training.ts';
import { bytesOfLength, receiveBatches, sendBatches } from './wire.ts';

/** Multiply-accumulates in one task: about ten milliseconds for two limbs. */
const PRODUCTS = 200;
/** Products of a 16-bit integer and a residue in one task of the local part: about ten milliseconds. */
const LOCAL_PRODUCTS = 2_000_000;

/** Owner: its share of E, as it is modulo q, encrypted. */
export async function sendResiduals(
  { party, parameters }: Training,
  { key, zeros }: OwnStage,
  residuals: Uint32Array,
): Promise<void> {
  const { ring, blocks } = parameters;
  const words = ring.primes.length * N;
  const batches = batchesOf(blocks, ciphertextBytes(ring));
  await sendBatches(party.channel, GradientInputSchema, batches, async ({ from, to }) => {
    const [fresh, message] = await Promise.all([
      zeros.take(key.use, to - from),
      compute(party, 'forwardResidues', {
        ring,
        residues: residuals.subarray(from * words, to * words),
      }),
    ]);
    return seal(party, ring, fresh.zeros, message);
  });
}

/** Evaluator: the peer's share of E, under the peer's key. */
export async function receiveResiduals({ party, parameters }: Training): Promise<Ciphertexts> {
  const { ring, blocks } = parameters;
  const words = ring.primes.length * N;
  const each = ciphertextBytes(ring);
  const all = emptyCiphertexts(ring, blocks);
  await receiveBatches(
    party.channel,
    GradientInputSchema,
    batchesOf(blocks, each),
    ({ from, to }) => (to - from) * each,
    async ({ from, to }, message) => {
      const { c0, c1 } = await open(party, ring, message, to - from);
      all.c0.set(c0, from * words);
      all.c1.set(c1, from * words);
    },
  );
  return all;
}

/** Evaluator: sends c1' for each own weight; its share of what the peer's share of E contributes, modulo q. */
export async function sendGradientReply(
  { party, parameters, own, ownWeights }: Training,
  { use, zeros }: PeerStage,
  { c0, c1 }: Ciphertexts,
): Promise<bigint[]> {
  const { ring, blocks, dropBits } = parameters;
  const limbs = ring.primes.length;
  const words = blocks * limbs * N;
  const each = replyBytes(ring, dropBits.gradient);
  const kept = new Uint32Array(ownWeights * limbs);
  const atOnce = Math.max(1, Math.floor(PRODUCTS / blocks));
  const batches = batchesOf(ownWeights, each);
  await sendBatches(party.channel, GradientReplySchema, batches, async (batch) => {
    const second = new Uint8Array((batch.to - batch.from) * each);
    await eachPiece(batch.from, batch.to, atOnce, async (from, to) => {
      const fresh = (await zeros.take(use, to - from)).zeros;
      const product = await productOf(party, {
        ring,
        kept: own.gradient?.subarray(from * words, to * words),
        integers: own.transforms,
        startOf: (output, term) => (from + output) * own.stride + term * N,
        reversed: true,
        cipher0: c0,
        cipher1: c1,
        zero0: fresh.c0,
        zero1: fresh.c1,
        terms: blocks,
        count: to - from,
        dropBits: dropBits.gradient,
        keep: 'constant',
      });
      kept.set(product.kept, from * limbs);
      second.set(product.reply, (from - batch.from) * each);
    });
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
    batchesOf(peerWeights, each),
    ({ from, to }) => (to - from) * each,
    async ({ from, to }, message) => {
      const share = await compute(party, 'ownShare', {
        ring,
        secret: key.secretFor(key.use),
        reply: bytesOfLength(message.second, (to - from) * each, message.$typeName),
        count: to - from,
        dropBits: dropBits.gradient,
        take: 'constant',
      });
      shares.set(share, from * limbs);
    },
  );
  return combined(ring.primes, shares);
}

/** Own transformed columns times the own share of E, modulo q. */
export async function localGradients(
  { party, parameters, own, ownWeights }: Training,
  residuals: Uint32Array,
): Promise<bigint[]> {
  const { primes } = parameters.ring;
  const { transforms, stride } = own;
  const sums = new Uint32Array(ownWeights * primes.length);
  const atOnce = Math.max(1, Math.floor(LOCAL_PRODUCTS / stride));
  await eachPiece(0, ownWeights, atOnce, async (from, to) => {
    const input = { transforms, stride, from, to, primes, residuals };
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
