/** One stage of vertical regression by itself: an evaluator with columns, and an owner who keeps key and replies. */
import type { DescMessage, MessageShape } from '@bufbuild/protobuf';
import { Channel } from '../../src/channel/channel.ts';
import { inlineCompute } from '../../src/compute/inline.ts';
import type { FeatureMatrix } from '../../src/math/columns.ts';
import { N } from '../../src/primitives/he/index.ts';
import type { Party } from '../../src/protocols/party.ts';
import { chooseParameters, type Parameters } from '../../src/protocols/vertical-lr/index.ts';
import type { Stage } from '../../src/protocols/vertical-lr/keys.ts';
import { StageKey } from '../../src/protocols/vertical-lr/keys.ts';
import { Pass } from '../../src/protocols/vertical-lr/pass.ts';
import {
  encodeColumns,
  rowMemory,
  type Training,
} from '../../src/protocols/vertical-lr/training.ts';
import { memoryPair } from './memory-pair.ts';
import { seededRandom } from './random.ts';

const compute = inlineCompute();
const { signal } = new AbortController();

/** Parameters whose replies are not rounded, so that each residue of c1' can be looked at. */
export function unrounded(rows: number, columns: number): Parameters {
  const sizes = { rows, dActive: columns, dPassive: columns, passes: 2, harmonics: 2 };
  const none = { forward: 0, sigmoid: 0, gradient: 0 };
  return { ...chooseParameters(sizes), dropBits: none, inputDropBits: none };
}

export interface StagePair {
  /** Owner's key and this pass of the evaluator. */
  readonly key: StageKey;
  readonly pass: Pass;
  readonly training: Training;
  /** The messages that the evaluator sent, of this type. */
  heard<D extends DescMessage>(schema: D, count: number): Promise<MessageShape<D>[]>;
  /** Sends to the evaluator. */
  readonly toEvaluator: Channel;
}

/** An evaluator of `features` in a stage of a pass, under a fresh key of the owner. */
export async function stagePair(
  parameters: Parameters,
  features: FeatureMatrix,
  stage: Stage,
): Promise<StagePair> {
  const [one, other] = memoryPair(1 << 30);
  const owner = new Channel(one, { timeoutMs: 20_000 });
  const channel = new Channel(other, { timeoutMs: 20_000 });
  const party: Party = { channel, compute, random: seededRandom('stage'), signal };
  const ones = new Float64Array(parameters.harmonics).fill(1);
  const training: Training = {
    party,
    parameters,
    role: 'active',
    own: await encodeColumns(party, parameters, features, { ones: 0 }),
    ownWeights: features.columns,
    peerWeights: features.columns,
    series: { factors: { real: ones, imaginary: ones } },
    rows: rowMemory(parameters),
  };
  const ring = stage === 'forward' ? parameters.forwardRing : parameters.ring;
  const key = await StageKey.generate(compute, ring, { pass: 2, stage }, signal);
  const pass = await Pass.begin(training, 2, []);
  pass.meet({ [stage]: key.publicKey });
  const heard = async <D extends DescMessage>(schema: D, count: number) => {
    const messages: MessageShape<D>[] = [];
    for (let i = 0; i < count; i++) messages.push(await owner.receive(schema, 1 << 22));
    return messages;
  };
  return { key, pass, training, heard, toEvaluator: owner };
}

/** Unrounded replies as residues: count x limbs x N coefficients. */
export function residuesOf(second: Uint8Array, primes: readonly number[]): Uint32Array {
  const q = primes.reduce((product, p) => product * BigInt(p), 1n);
  const width = q.toString(2).length;
  const count = (8 * second.length) / width / N;
  const residues = new Uint32Array(count * primes.length * N);
  let buffer = 0n;
  let held = 0;
  let at = 0;
  for (let i = 0; i < count * N; i++) {
    while (held < width) {
      buffer |= BigInt(second[at++]!) << BigInt(held);
      held += 8;
    }
    const value = buffer & ((1n << BigInt(width)) - 1n);
    buffer >>= BigInt(width);
    held -= width;
    for (const [limb, p] of primes.entries()) {
      const place = (Math.floor(i / N) * primes.length + limb) * N + (i % N);
      residues[place] = Number(value % BigInt(p));
    }
  }
  return residues;
}
