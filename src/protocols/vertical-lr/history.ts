/** What a training carries from pass to pass, and over a cut: this party's shares of every pass's gradients. */
import { type Bytes, concat } from '../../base/bytes.ts';
import { SottoError } from '../../base/errors.ts';
import { TrainingKeptSchema } from '../../gen/sotto/protocol/v1/vertical_lr_pb.ts';
import { modulo, remaindersOf } from '../../math/torus.ts';
import type { Party } from '../party.ts';
import type { Training } from './training.ts';
import type { GradientShares } from './weights.ts';

/**
 * What the caller remembers of a training, so that a cut repeats a pass at most. A party that sends
 * anything of a pass has kept the one before: so a party that has done a pass knows that its peer
 * has kept the one before it. Shares are all that outlives a pass; keys and coins never do.
 */
export interface Memory {
  /** What `keepPass` was given for the passes done before the cut, the first pass first. */
  readonly passes: readonly Uint8Array[];
  /** Durable when it resolves. Nothing that depends on the pass is sent before. */
  keepPass(shares: Bytes): Promise<void>;
  /** Both parties have kept all passes. Durable when it resolves; weights are opened right after. */
  beforeOpening(): Promise<void>;
}

/** For a training that is not to outlive a cut. */
export const NO_MEMORY: Memory = {
  passes: [],
  keepPass: async () => {},
  beforeOpening: async () => {},
};

interface Sizes {
  /** Shares are integers modulo this. */
  readonly q: bigint;
  /** Weights of this party and of the peer. */
  readonly ownWeights: number;
  readonly peerWeights: number;
}

export class History {
  readonly #sizes: Sizes;
  readonly #memory: Memory;
  readonly #own: (readonly bigint[])[] = [];
  readonly #peer: (readonly bigint[])[] = [];

  constructor({ parameters, ownWeights, peerWeights }: Training, memory: Memory) {
    const q = remaindersOf(parameters.ring.primes).modulus;
    const sizes = { q, ownWeights, peerWeights };
    this.#sizes = sizes;
    this.#memory = memory;
    for (const bytes of memory.passes) {
      const shares = decodeShares(bytes, sizes);
      this.#own.push(shares.slice(0, ownWeights));
      this.#peer.push(shares.slice(ownWeights));
    }
  }

  /** Passes that are done. */
  get passes(): number {
    return this.#own.length;
  }

  /** Shares of the gradients of the own weights, pass after pass. */
  get own(): GradientShares {
    return this.#own;
  }

  /** And of the peer's weights. */
  get peer(): GradientShares {
    return this.#peer;
  }

  /** The shares of one more pass, any integers; durable when it resolves. */
  async add(own: readonly bigint[], peer: readonly bigint[]): Promise<void> {
    await this.#memory.keepPass(encodeShares([...own, ...peer], this.#sizes));
    this.#own.push(own);
    this.#peer.push(peer);
  }
}

/** Each party says that it has kept all passes: no pass is ever repeated after a weight was opened. */
export async function exchangeKept({ channel }: Party): Promise<void> {
  await channel.send(TrainingKeptSchema, {});
  await channel.receive(TrainingKeptSchema, 16);
}

/** Big-endian, each as long as q. */
const shareBytes = (q: bigint): number => Math.ceil(q.toString(16).length / 2);

function encodeShares(shares: readonly bigint[], { q }: Sizes): Bytes {
  const digits = 2 * shareBytes(q);
  const hex = shares.map((share) => modulo(share, q).toString(16).padStart(digits, '0'));
  return concat(...hex.map((text) => Buffer.from(text, 'hex')));
}

function decodeShares(bytes: Uint8Array, { q, ownWeights, peerWeights }: Sizes): bigint[] {
  const width = shareBytes(q);
  const expected = width * (ownWeights + peerWeights);
  if (bytes.length !== expected) {
    throw new SottoError('internal', 'kept shares of a training of another size', {
      expected,
      found: bytes.length,
    });
  }
  return Array.from({ length: ownWeights + peerWeights }, (_, i) => {
    const share = Buffer.from(bytes.subarray(i * width, (i + 1) * width));
    return BigInt(`0x${share.toString('hex')}`);
  });
}
