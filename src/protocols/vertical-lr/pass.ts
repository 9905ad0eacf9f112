/** The keys and zeros of one pass: made when it begins, gone stage by stage. */
import { SottoError } from '../../base/errors.ts';
import { PassKeysSchema } from '../../gen/sotto/protocol/v1/vertical_lr_pb.ts';
import type { Ring, SeededZeros, Zeros } from '../../primitives/he/index.ts';
import { type KeyUse, type Stage, StageKey } from './keys.ts';
import type { Parameters } from './parameters.ts';
import { publicKeyBytes } from './sizes.ts';
import { compute, type Training } from './training.ts';
import { bytesOfLength } from './wire.ts';
import { ownZeros, peerZeros, type ZeroPool } from './zeros.ts';

/** A stage in which this party encrypts, and the peer computes. */
export interface OwnStage {
  readonly key: StageKey;
  readonly zeros: ZeroPool<SeededZeros>;
}

/** A stage in which the peer encrypts, and this party computes. */
export interface PeerStage {
  readonly use: KeyUse;
  readonly zeros: ZeroPool<Zeros>;
}

type PublicKeys = Readonly<Partial<Record<Stage, Uint8Array>>>;

const STAGES: readonly Stage[] = ['forward', 'sigmoid', 'gradient'];

const ringFor = (parameters: Parameters, stage: Stage): Ring =>
  stage === 'forward' ? parameters.forwardRing : parameters.ring;

/** The peer's public keys of the pass, for just these stages. */
export async function receiveKeys(
  { party, parameters }: Training,
  pass: number,
  stages: readonly Stage[],
): Promise<PublicKeys> {
  const longest = STAGES.reduce(
    (sum, stage) => sum + publicKeyBytes(ringFor(parameters, stage)),
    64,
  );
  const message = await party.channel.receive(PassKeysSchema, longest);
  if (message.pass !== pass) {
    throw new SottoError('protocol-violation', 'keys of another pass', {
      expected: pass,
      received: message.pass,
    });
  }
  const keys: Partial<Record<Stage, Uint8Array>> = {};
  for (const stage of STAGES) {
    const ring = ringFor(parameters, stage);
    const due = stages.includes(stage);
    const publicKey = bytesOfLength(
      message[stage],
      due ? publicKeyBytes(ring) : 0,
      message.$typeName,
    );
    if (!due) continue;
    await compute(party, 'checkPublicKey', { ring, publicKey });
    keys[stage] = publicKey;
  }
  return keys;
}

/** The own keys of a pass, then both parties' stages. */
export class Pass implements Disposable {
  readonly #training: Training;
  readonly #number: number;
  readonly #keys: readonly StageKey[];
  readonly #own = new Map<Stage, OwnStage>();
  readonly #peer = new Map<Stage, PeerStage>();

  private constructor(training: Training, number: number, keys: readonly StageKey[]) {
    this.#training = training;
    this.#number = number;
    this.#keys = keys;
  }

  /** Fresh keys for the stages in which this party encrypts. */
  static async begin(training: Training, number: number, stages: readonly Stage[]): Promise<Pass> {
    const { compute, signal } = training.party;
    const keys = await Promise.all(
      stages.map((stage) => {
        const ring = ringFor(training.parameters, stage);
        return StageKey.generate(compute, ring, { pass: number, stage }, signal);
      }),
    );
    return new Pass(training, number, keys);
  }

  async sendKeys(): Promise<void> {
    const published = this.#keys.map(({ use, publicKey }) => [use.stage, publicKey]);
    const message = { pass: this.#number, ...Object.fromEntries(published) };
    await this.#training.party.channel.send(PassKeysSchema, message);
  }

  /** Begins to draw the zeros of all stages, in the order in which they are needed. */
  draw(peer: PublicKeys): void {
    const { party, parameters } = this.#training;
    let after = Promise.resolve();
    for (const stage of STAGES) {
      const key = this.#keys.find(({ use }) => use.stage === stage);
      if (key !== undefined) {
        const zeros = ownZeros(party, key, ciphertextsOf(this.#training, stage), after);
        this.#own.set(stage, { key, zeros });
        after = zeros.filled;
      }
      const publicKey = peer[stage];
      if (publicKey !== undefined) {
        const use = { pass: this.#number, stage };
        const theirs = { ring: ringFor(parameters, stage), publicKey, use };
        const zeros = peerZeros(party, theirs, repliesOf(this.#training, stage), after);
        this.#peer.set(stage, { use, zeros });
        after = zeros.filled;
      }
    }
  }

  own(stage: Stage): OwnStage {
    return found(this.#own.get(stage), stage);
  }

  peer(stage: Stage): PeerStage {
    return found(this.#peer.get(stage), stage);
  }

  /** Wipes what the stage had: nothing of it is left when its shares are encrypted for the next. */
  end(stage: Stage): void {
    for (const key of this.#keys) if (key.use.stage === stage) key[Symbol.dispose]();
    this.#own.get(stage)?.zeros[Symbol.dispose]();
    this.#peer.get(stage)?.zeros[Symbol.dispose]();
    this.#own.delete(stage);
    this.#peer.delete(stage);
  }

  [Symbol.dispose](): void {
    for (const stage of STAGES) this.end(stage);
  }
}

/** Ciphertexts that this party sends in a stage. */
function ciphertextsOf({ parameters, peerWeights }: Training, stage: Stage): number {
  if (stage === 'forward') return peerWeights;
  if (stage === 'gradient') return parameters.blocks;
  return parameters.halves * parameters.harmonics;
}

/** Replies that this party sends in a stage. */
function repliesOf({ parameters, ownWeights }: Training, stage: Stage): number {
  if (stage === 'forward') return parameters.blocks;
  if (stage === 'gradient') return ownWeights;
  return parameters.halves;
}

function found<T>(stage: T | undefined, name: Stage): T {
  if (stage !== undefined) return stage;
  throw new SottoError('internal', 'this party has no part in the stage, or it is over', {
    stage: name,
  });
}
