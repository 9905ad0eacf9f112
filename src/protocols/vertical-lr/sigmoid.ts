/**
 * The sigmoid: a sine of the sum of two shares is the imaginary part of a product of phasors. One party encrypts its
 * phasors, the other multiplies by its own; chunk by chunk they take turns. The active party's are turned and scaled as
 * it likes, which shows in neither role: they are in its ciphertexts, or in what it multiplies by. Both fold what they
 * have into shares of the transformed residuals E, from which the gradient is an inner product.
 */
import type { MessageShape } from '@bufbuild/protobuf';
import type {
  SigmoidInputSchema,
  SigmoidReplySchema,
} from '../../gen/sotto/protocol/v1/vertical_lr_pb.ts';
import { N } from '../../primitives/he/index.ts';
import { HALF } from '../../primitives/sharing/index.ts';
import { fieldsOf, ownBuffers, type SeededMessage } from './ciphertexts.ts';
import type { Parameters } from './parameters.ts';
import type { OwnStage, PeerStage } from './pass.ts';
import { type Batch, type Chunk, replyBytes } from './sizes.ts';
import { compute, type OwnSeries, type Training } from './training.ts';
import { bytesOfLength } from './wire.ts';

/** Half blocks of a chunk: all but the last chunk have two a block. */
export const halvesOf = ({ halves }: Parameters, { from, to }: Batch): Batch => ({
  from: 2 * from,
  to: Math.min(2 * to, halves),
});

const countOf = ({ from, to }: Batch): number => to - from;

const formOf = ({ ring, inputDropBits }: Parameters) => ({
  ring,
  dropBits: inputDropBits.sigmoid,
});

/** What a party's phasors of a chunk are made of. */
function phasorsOf(
  { parameters, rows, series }: Training,
  { from, to }: Batch,
  scale: number,
): { shares: Uint32Array; prime: number; factors: OwnSeries['factors'] } {
  const { real, imaginary } = series.factors;
  const scaled = (factor: number): number => scale * factor;
  return {
    shares: rows.logits.subarray(from * N, Math.min(to * N, parameters.rows)),
    prime: parameters.forwardRing.primes[0]!,
    factors: { real: real.map(scaled), imaginary: imaginary.map(scaled) },
  };
}

/** What this party adds to its share of E in a chunk. */
const addedOf = ({ series }: Training, { from, to }: Batch): Int32Array | undefined =>
  series.added?.subarray(from * HALF, to * HALF);

const placeOf = ({ rows, parameters }: Training, { from, to }: Batch): Uint32Array => {
  const words = parameters.ring.primes.length * N;
  return rows.residuals.subarray(from * words, to * words);
};

/** Encryptor: its phasors of each half block and harmonic. */
export async function sealPhasors(
  training: Training,
  { key, zeros }: OwnStage,
  chunk: Chunk,
): Promise<SeededMessage> {
  const { party, parameters } = training;
  const { encrypted } = parameters.phasorScales[chunk.encryptor];
  const { seeds, c0 } = await zeros.take(key.use, chunk.turn);
  const input = { ...phasorsOf(training, chunk, encrypted), ...formOf(parameters), zeros: c0 };
  return {
    seeds,
    first: await compute(party, 'sealPhasors', input, { transfer: ownBuffers(c0) }),
  };
}

/** Evaluator: multiplies by its own phasors, for the reply, and keeps its share of E. */
export async function answerPhasors(
  training: Training,
  { use, zeros }: PeerStage,
  chunk: Chunk,
  message: MessageShape<typeof SigmoidInputSchema>,
): Promise<{ second: Uint8Array }> {
  const { party, parameters } = training;
  const { ring, dropBits, inputDropBits, harmonics } = parameters;
  const halves = halvesOf(parameters, chunk);
  const count = countOf(halves) * harmonics;
  const { seeds, packed } = fieldsOf(message, formOf(parameters), count);
  const [fresh, { c1 }] = await Promise.all([
    zeros.take(use, chunk.turn),
    compute(party, 'expandSeeds', { ring, seeds, count }),
  ]);
  const { reply } = await compute(
    party,
    'answerPhasors',
    {
      ...phasorsOf(training, chunk, parameters.phasorScales[chunk.encryptor].plain),
      ring,
      packed,
      cipher1: c1,
      inputDropBits: inputDropBits.sigmoid,
      zero0: fresh.c0,
      zero1: fresh.c1,
      dropBits: dropBits.sigmoid,
      added: addedOf(training, halves),
    },
    {
      transfer: [packed.buffer, ...ownBuffers(c1, fresh.c0, fresh.c1)],
      into: { folded: placeOf(training, chunk) },
    },
  );
  return { second: reply };
}

/** Encryptor: its share of E from the reply. */
export async function acceptAnswer(
  training: Training,
  { key }: OwnStage,
  chunk: Chunk,
  { second, $typeName }: MessageShape<typeof SigmoidReplySchema>,
): Promise<void> {
  const { party, parameters } = training;
  const { ring, dropBits } = parameters;
  const halves = halvesOf(parameters, chunk);
  const count = countOf(halves);
  const reply = bytesOfLength(second, count * replyBytes(ring, dropBits.sigmoid), $typeName);
  const secret = key.secretFor(key.use);
  const added = addedOf(training, halves);
  const input = { ring, secret, reply, count, dropBits: dropBits.sigmoid, added };
  const into = placeOf(training, chunk);
  await compute(party, 'ownFold', input, { transfer: [reply.buffer], into });
}

/**
 * Active: what real numbers of the rows, scaled as the residuals, contribute to E: halves x HALF
 * integers. The labels' part is the same in every pass.
 */
export async function transformReals(
  { party, parameters }: Pick<Training, 'party' | 'parameters'>,
  values: Float64Array<ArrayBuffer>,
): Promise<Int32Array> {
  const into = new Int32Array(new SharedArrayBuffer(4 * parameters.halves * HALF));
  const input = { values, scale: parameters.phasorScale ** 2 };
  return compute(party, 'embedReals', input, { transfer: [values.buffer], into });
}

/** Active: residuals that it knows alone, as its share of E. */
export async function knowResiduals(training: Training, added: Int32Array): Promise<void> {
  const { party, parameters, rows } = training;
  await compute(party, 'knownFold', { ring: parameters.ring, added }, { into: rows.residuals });
}
