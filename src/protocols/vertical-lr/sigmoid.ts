/**
 * The sigmoid: a sine of the sum of two shares is the imaginary part of a product of phasors. The
 * passive party encrypts its phasors, the active one multiplies by its own, turned and scaled as it likes; both
 * fold what they have into shares of the transformed residuals E, from which the gradient is an inner product.
 */
import {
  SigmoidInputSchema,
  SigmoidReplySchema,
} from '../../gen/sotto/protocol/v1/vertical_lr_pb.ts';
import { N } from '../../primitives/he/index.ts';
import { HALF } from '../../primitives/sharing/index.ts';
import { ciphertextBytes, open, seal } from './ciphertexts.ts';
import type { Parameters } from './parameters.ts';
import type { OwnStage, PeerStage } from './pass.ts';
import { type Batch, batchesOf, replyBytes } from './sizes.ts';
import type { Targets } from './targets.ts';
import { compute, sharedWords, type Training } from './training.ts';
import { answerBatches, bytesOfLength, receiveBatches, sendBatches } from './wire.ts';

/** Both parties cut the half blocks in the same places: by what travels from passive to active. */
function batchesFor({ ring, halves, harmonics }: Parameters): Batch[] {
  return batchesOf(halves, harmonics * ciphertextBytes(ring));
}

/** The rows of half blocks [from, to) of one number a row. */
const rowsOf = (shares: Uint32Array, { from, to }: Batch): Uint32Array =>
  shares.slice(from * HALF, to * HALF);

/** Passive: D e^(i (2k + 1) theta) of its own share, for each half block and harmonic, encrypted. */
export async function sendPhasors(
  { party, parameters }: Training,
  { key, zeros }: OwnStage,
  logits: Uint32Array,
): Promise<void> {
  const { ring, forwardRing, harmonics, phasorScale } = parameters;
  const prime = forwardRing.primes[0]!;
  const factors = {
    real: new Float64Array(harmonics).fill(phasorScale),
    imaginary: new Float64Array(harmonics),
  };
  await sendBatches(party.channel, SigmoidInputSchema, batchesFor(parameters), async (batch) => {
    const count = (batch.to - batch.from) * harmonics;
    const [fresh, coefficients] = await Promise.all([
      zeros.take(key.use, count),
      compute(party, 'phasors', { shares: rowsOf(logits, batch), prime, factors }),
    ]);
    const message = await compute(party, 'forward', { ring, coefficients });
    return seal(party, ring, fresh.zeros, message);
  });
}

/** Active: multiplies by its own phasors, replies, and keeps its share of E. Its factors are seen by nobody. */
export async function answerPhasors(
  { party, parameters }: Training,
  { use, zeros }: PeerStage,
  logits: Uint32Array,
  { pace, series: { real, imaginary } }: Targets,
): Promise<Uint32Array> {
  const { ring, forwardRing, phasorScale, dropBits } = parameters;
  const prime = forwardRing.primes[0]!;
  const terms = real.length;
  const scaled = (factor: number): number => pace * phasorScale * factor;
  const factors = { real: real.map(scaled), imaginary: imaginary.map(scaled) };
  const residuals = emptyResiduals(parameters);
  await answerBatches(
    party.channel,
    [SigmoidInputSchema, SigmoidReplySchema],
    batchesFor(parameters),
    ({ from, to }) => (to - from) * terms * ciphertextBytes(ring),
    async (batch, message) => {
      const count = batch.to - batch.from;
      const [fresh, { c0, c1 }, coefficients] = await Promise.all([
        zeros.take(use, count),
        open(party, ring, message, count * terms),
        compute(party, 'phasors', { shares: rowsOf(logits, batch), prime, factors }),
      ]);
      const plain = await compute(party, 'forward', { ring, coefficients });
      const product = await compute(party, 'innerProduct', {
        ring,
        plain,
        cipher0: c0,
        cipher1: c1,
        zero0: fresh.zeros.c0,
        zero1: fresh.zeros.c1,
        terms,
        count,
        dropBits: dropBits.sigmoid,
        keep: 'all',
      });
      await placeFolded({ party, parameters }, residuals, batch.from, product.kept);
      return { second: product.reply };
    },
  );
  return residuals;
}

/** Passive: its share of E from the replies. */
export async function receiveSigmoid(
  { party, parameters }: Training,
  { key }: OwnStage,
): Promise<Uint32Array> {
  const { ring, dropBits } = parameters;
  const each = replyBytes(ring, dropBits.sigmoid);
  const residuals = emptyResiduals(parameters);
  await receiveBatches(
    party.channel,
    SigmoidReplySchema,
    batchesFor(parameters),
    ({ from, to }) => (to - from) * each,
    async ({ from, to }, message) => {
      const share = await compute(party, 'ownShare', {
        ring,
        secret: key.secretFor(key.use),
        reply: bytesOfLength(message.second, (to - from) * each, message.$typeName),
        count: to - from,
        dropBits: dropBits.sigmoid,
        take: 'all',
      });
      await placeFolded({ party, parameters }, residuals, from, share);
    },
  );
  return residuals;
}

/** Shares of E before anything is added: blocks x limbs x N residues, two half blocks side by side in each N. */
export const emptyResiduals = ({ blocks, ring }: Parameters): Uint32Array =>
  sharedWords(blocks * ring.primes.length * N);

/** Folds half blocks from number `first` on, and puts them in their places. */
async function placeFolded(
  { party, parameters }: Pick<Training, 'party' | 'parameters'>,
  residuals: Uint32Array,
  first: number,
  residues: Uint32Array,
): Promise<void> {
  const { primes } = parameters.ring;
  const folded = await compute(party, 'foldResidues', { primes, residues });
  for (let at = 0; at * HALF < folded.length; at++) {
    const half = first + Math.floor(at / primes.length);
    const place = placeOf(half, at % primes.length, primes.length);
    residuals.set(folded.subarray(at * HALF, (at + 1) * HALF), place);
  }
}

const placeOf = (half: number, limb: number, limbs: number): number =>
  (Math.floor(half / 2) * limbs + limb) * N + (half % 2) * HALF;

/**
 * Active: what real numbers of the rows, scaled as the residuals, contribute to E: halves x HALF
 * integers. The labels' part is the same in every pass.
 */
export async function transformReals(
  { party, parameters }: Training,
  values: Float64Array,
): Promise<Int32Array> {
  return compute(party, 'embedReals', { values, scale: parameters.phasorScale ** 2 });
}

/** Adds integers, as from `transformReals`, to a share of E. */
export function addTransformed(
  { parameters: { ring } }: Training,
  residuals: Uint32Array,
  integers: Int32Array,
): void {
  for (const [limb, prime] of ring.primes.entries()) {
    for (let half = 0; half * HALF < integers.length; half++) {
      const place = placeOf(half, limb, ring.primes.length);
      for (let k = 0; k < HALF; k++) {
        const sum = (residuals[place + k]! + integers[half * HALF + k]!) % prime;
        residuals[place + k] = sum < 0 ? sum + prime : sum;
      }
    }
  }
}
