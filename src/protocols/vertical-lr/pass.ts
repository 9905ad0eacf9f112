/** The keys and zeros of one pass: made when it begins, gone stage by stage. */
import { SottoError } from '../../base/errors.ts';
import { PassKeysSchema } from '../../gen/sotto/protocol/v1/vertical_lr_pb.ts';
import type { Ring, SeededZeros, Zeros } from '../../primitives/he/index.ts';
import { chunksFor } from './chunks.ts';
import { weightBatches } from './forward.ts';
import { gradientPieces } from './gradient.ts';
import { type KeyUse, type Stage, StageKey } from './keys.ts';
import type { Parameters } from './parameters.ts';
import { halvesOf } from './sigmoid.ts';
import { type Batch, publicKeyBytes, type Role } from './sizes.ts';
import { compute, type Training } from './training.ts';
import { bytesOfLength, handled } from './wire.ts';
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

/** In which stages a party encrypts in a pass after the first; with a single chunk, its phasors are the passive party's. */
export function stagesOf(role: Role, parameters: Parameters): readonly Stage[] {
  const encrypts = chunksFor(parameters).some(({ encryptor }) => encryptor === role);
  return encrypts ? STAGES : STAGES.filter((stage) => stage !== 'sigmoid');
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
    for (const key of keys) {
      const { stage } = key.use;
      const zeros = ownZeros(training.party, key, ciphertextsOf(training, stage));
      this.#own.set(stage, { key, zeros });
    }
  }

  /** Fresh keys for the stages in which this party encrypts; their zeros are drawn as threads have time for them. */
  static async begin(training: Training, number: number, stages: readonly Stage[]): Promise<Pass> {
    const { compute, signal } = training.party;
    const keys = await Promise.all(
      stages.map((stage) => {
        const ring = ringFor(training.parameters, stage);
        return StageKey.generate(compute, ring, { pass: number, stage }, signal);
      }),
    );
    const pass = new Pass(training, number, keys);
    void pass.#drawAhead(pass.#own, [['forward'], ['sigmoid', 'gradient']]);
    return pass;
  }

  async sendKeys(): Promise<void> {
    const published = this.#keys.map(({ use, publicKey }) => [use.stage, publicKey]);
    const message = { pass: this.#number, ...Object.fromEntries(published) };
    await this.#training.party.channel.send(PassKeysSchema, message);
  }

  /** Takes the peer's keys; zeros under them are drawn as threads have time. */
  meet(peer: PublicKeys): void {
    const { party, parameters } = this.#training;
    for (const stage of STAGES) {
      const publicKey = peer[stage];
      if (publicKey === undefined) continue;
      const use = { pass: this.#number, stage };
      const theirs = { ring: ringFor(parameters, stage), publicKey, use };
      this.#peer.set(stage, {
        use,
        zeros: peerZeros(party, theirs, repliesOf(this.#training, stage)),
      });
    }
    void this.#drawAhead(this.#peer, [['forward', 'sigmoid'], ['gradient']]);
  }

  own(stage: Stage): OwnStage {
    return found(this.#own.get(stage), stage);
  }

  peer(stage: Stage): PeerStage {
    return found(this.#peer.get(stage), stage);
  }

  /** Wipes what the stages had: nothing of them is left when the last of their shares is encrypted for the next. */
  end(...stages: readonly Stage[]): void {
    for (const stage of stages) {
      for (const key of this.#keys) if (key.use.stage === stage) key[Symbol.dispose]();
      this.#own.get(stage)?.zeros[Symbol.dispose]();
      this.#peer.get(stage)?.zeros[Symbol.dispose]();
      this.#own.delete(stage);
      this.#peer.delete(stage);
    }
  }

  [Symbol.dispose](): void {
    this.end(...STAGES);
  }

  /** Group after group of stages, a group's portions in turn as rows need them; one a thread at a time. */
  async #drawAhead(
    stages: ReadonlyMap<Stage, OwnStage | PeerStage>,
    groups: readonly (readonly Stage[])[],
  ): Promise<void> {
    const due = groups.flatMap((group) =>
      group
        .flatMap((stage) => {
          const zeros = stages.get(stage)?.zeros;
          return Array.from({ length: zeros?.portions ?? 0 }, (_, portion) => ({
            prepare: () => zeros!.prepare(portion),
            at: portion / zeros!.portions,
          }));
        })
        .toSorted((a, b) => a.at - b.at),
    );
    let next = 0;
    const lane = async (): Promise<void> => {
      for (let each = due[next++]; each !== undefined; each = due[next++]) {
        await each.prepare();
      }
    };
    const { threads } = this.#training.party.compute;
    await Promise.all(Array.from({ length: threads }, lane));
  }
}

/** The pass after the one that runs: its keys are made, and its own zeros drawn, while threads have nothing else to do. */
export class NextPass implements Disposable {
  readonly #begin: (number: number) => Promise<Pass>;
  readonly #last: number;
  #ready: Promise<Pass> | undefined;

  constructor(training: Training) {
    const stages = stagesOf(training.role, training.parameters);
    this.#last = training.parameters.passes;
    this.#begin = (number) => handled(Pass.begin(training, number, stages));
  }

  /** The keys of this pass; from now on the next is made ready. */
  async take(number: number): Promise<Pass> {
    const pass = await (this.#ready ?? this.#begin(number));
    this.#ready = number < this.#last ? this.#begin(number + 1) : undefined;
    return pass;
  }

  [Symbol.dispose](): void {
    void this.#ready?.then(
      (pass) => pass[Symbol.dispose](),
      () => {},
    );
  }
}

/** Ciphertexts that this party sends in a stage, by the task that makes them. */
function ciphertextsOf({ parameters, peerWeights, role }: Training, stage: Stage): number[] {
  const chunks = chunksFor(parameters);
  if (stage === 'forward') return weightBatches(parameters, peerWeights).map(lengthOf);
  if (stage === 'gradient') return chunks.map(lengthOf);
  return chunks
    .filter(({ encryptor }) => encryptor === role)
    .map((chunk) => parameters.harmonics * lengthOf(halvesOf(parameters, chunk)));
}

/** Replies that this party sends in a stage, likewise. */
function repliesOf({ parameters, ownWeights, role }: Training, stage: Stage): number[] {
  const chunks = chunksFor(parameters);
  if (stage === 'forward') return chunks.map(lengthOf);
  if (stage === 'gradient') return gradientPieces(parameters, ownWeights).map(lengthOf);
  return chunks
    .filter(({ encryptor }) => encryptor !== role)
    .map((chunk) => lengthOf(halvesOf(parameters, chunk)));
}

const lengthOf = ({ from, to }: Batch): number => to - from;

function found<T>(stage: T | undefined, name: Stage): T {
  if (stage !== undefined) return stage;
  throw new SottoError('internal', 'this party has no part in the stage, or it is over', {
    stage: name,
  });
}
