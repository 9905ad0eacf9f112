/** Active's values as ciphertexts, lane after lane: sent in the order of its elements, read by every thread of passive. */
import { MeasureValuesSchema } from '../../gen/sotto/protocol/v1/measure_pb.ts';
import { N, SEED_BYTES, SUM_RING } from '../../primitives/he/index.ts';
import type { Party } from '../party.ts';
import { type Ciphertexts, emptyCiphertexts } from '../vertical-lr/ciphertexts.ts';
import { type Batch, batchesOf, widthOf } from '../vertical-lr/sizes.ts';
import { compute } from '../vertical-lr/training.ts';
import { bytesOfLength, receiveBatches, sendBatches } from '../vertical-lr/wire.ts';
import { type Lane, residueOf } from './lanes.ts';

/** Ciphertexts of a lane. */
export const blocksOf = (summands: number): number => Math.ceil(summands / N);

/** c0 of one ciphertext, limb by limb: sums are exact, so nothing of it is rounded away. */
const FIRST_BYTES = (N / 8) * SUM_RING.primes.reduce((sum, p) => sum + widthOf(p), 0);
const CIPHERTEXT_BYTES = SEED_BYTES + FIRST_BYTES;

/** Messages of a stage: ciphertexts are numbered lane by lane, and no message has those of two lanes. */
const batchesOfLanes = (lanes: readonly Lane[], blocks: number): Batch[] =>
  lanes.flatMap((_, lane) =>
    batchesOf(blocks, CIPHERTEXT_BYTES).map(({ from, to }) => ({
      from: lane * blocks + from,
      to: lane * blocks + to,
    })),
  );

/** @param valueAt the summand of a column at a place. Places beyond the summands are zero. */
export async function sendValues(
  party: Party,
  secret: Int8Array,
  { lanes, summands }: { readonly lanes: readonly Lane[]; readonly summands: number },
  valueAt: (column: number, place: number) => number,
): Promise<void> {
  const blocks = blocksOf(summands);
  const batches = batchesOfLanes(lanes, blocks);
  await sendBatches(party.channel, MeasureValuesSchema, batches, async ({ from, to }) => {
    const { column, modulus } = lanes[Math.floor(from / blocks)]!;
    const residues = new Uint32Array((to - from) * N);
    const first = (from % blocks) * N;
    const count = Math.min(residues.length, summands - first);
    for (let i = 0; i < count; i++) residues[i] = residueOf(valueAt(column, first + i), modulus);
    const zeros = await compute(party, 'encryptZeros', {
      ring: SUM_RING,
      secret,
      count: to - from,
    });
    const sealed = await compute(party, 'addSummands', {
      modulus,
      summands: residues,
      c0: zeros.c0,
    });
    residues.fill(0);
    return { seeds: zeros.seeds, first: sealed.first };
  });
}

/** lane x block ciphertexts. */
export async function receiveValues(
  party: Party,
  lanes: readonly Lane[],
  summands: number,
): Promise<Ciphertexts> {
  const blocks = blocksOf(summands);
  const words = SUM_RING.primes.length * N;
  const all = emptyCiphertexts(SUM_RING, lanes.length * blocks);
  await receiveBatches(
    party.channel,
    MeasureValuesSchema,
    batchesOfLanes(lanes, blocks),
    ({ from, to }) => (to - from) * CIPHERTEXT_BYTES,
    async ({ from, to }, { seeds, first, $typeName }) => {
      const count = to - from;
      const input = { ring: SUM_RING, count };
      const packed = bytesOfLength(first, count * FIRST_BYTES, $typeName);
      const checked = bytesOfLength(seeds, count * SEED_BYTES, $typeName);
      const [c0, { c1 }] = await Promise.all([
        compute(party, 'unpackResidues', { ...input, packed }),
        compute(party, 'expandSeeds', { ...input, seeds: checked }),
      ]);
      all.c0.set(c0, from * words);
      all.c1.set(c1, from * words);
    },
  );
  return all;
}
