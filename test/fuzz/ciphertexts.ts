/** Mutated public keys, packed residues, replies and seeds: what a peer may send to the encryption primitive. */
import { SottoError } from '../../src/base/errors.ts';
import {
  type HeTasks,
  heTasks as he,
  N,
  ready,
  ringOf,
  samplers,
  sealExceptions,
} from '../../src/primitives/he/index.ts';
import { packResidues } from '../support/residues.ts';
import { wordsFrom } from '../support/ring.ts';

export interface FuzzResult {
  readonly cases: number;
  /** Ended in `protocol-violation`. */
  readonly refused: number;
  /** Still well-formed after the mutation, e.g. one residue exchanged for another. */
  readonly accepted: number;
  readonly wasmExceptions: number;
  /** Ended in anything else. */
  readonly crashes: number;
}

type Word = () => number;
type Mutation = (honest: Uint8Array, word: Word) => Uint8Array;

const flip = (bytes: Uint8Array, at: number, mask: number): void => {
  bytes[at % bytes.length]! ^= mask;
};

export const MUTATIONS: readonly Mutation[] = [
  (honest, word) => honest.slice(0, word() % honest.length), // truncated
  (honest, word) => honest.slice(1 + (word() % 8)), // cut in front
  (honest, word) => Buffer.concat([honest, new Uint8Array(1 + (word() % 200))]), // trailing bytes
  () => new Uint8Array(0),
  (honest) => new Uint8Array(honest.length), // all zero
  (honest) => new Uint8Array(honest.length).fill(0xff), // every residue out of range
  (honest, word) => {
    const mutated = honest.slice();
    flip(mutated, word(), 1 << (word() % 8));
    return mutated;
  },
  (honest, word) => {
    const mutated = honest.slice();
    const start = word() % mutated.length;
    return mutated.fill(0xff, start, start + 1 + (word() % 16)); // a residue or more out of range
  },
  (honest, word) => {
    const mutated = honest.slice();
    const start = word() % mutated.length;
    return mutated.fill(0, start, start + 1 + (word() % 5000));
  },
  (honest, word) => Uint8Array.from({ length: honest.length }, () => word()), // noise
  (honest) => Buffer.concat([Uint8Array.of(0x5e, 0xa1, 0x10, 4, 1, 0, 0, 0), honest]), // SEAL's header
  (honest) => {
    const mutated = honest.slice();
    mutated.copyWithin(64, 0, 64); // a seed twice, in a list of seeds
    return mutated;
  },
];

/** Runs so many cases; the same seed gives the same mutations (the honest bytes are fresh). */
export async function fuzzCiphertexts(options: {
  cases: number;
  seed: number;
}): Promise<FuzzResult> {
  await ready();
  const word = wordsFrom(options.seed);
  const targets = ciphertextPlaces();
  const before = sealExceptions();
  const counts = { refused: 0, accepted: 0, crashes: 0 };
  for (let i = 0; i < options.cases; i++) {
    const { honest, receive } = targets[word() % targets.length]!;
    const mutate = MUTATIONS[word() % MUTATIONS.length]!;
    counts[outcome(() => receive(mutate(honest, word)))]++;
  }
  return { cases: options.cases, ...counts, wasmExceptions: sealExceptions() - before };
}

function outcome(receive: () => void): 'refused' | 'accepted' | 'crashes' {
  try {
    receive();
    return 'accepted';
  } catch (error) {
    return error instanceof SottoError && error.code === 'protocol-violation'
      ? 'refused'
      : 'crashes';
  }
}

/** Each place where a peer's bytes enter, with bytes that are accepted there, made by an engine or by `makers`. */
export function ciphertextPlaces(makers: Pick<HeTasks, 'generateKey' | 'encryptZeros'> = he) {
  const ring = ringOf([28, 27]);
  const { secret, publicKey } = makers.generateKey({ ring });
  const { seeds, c0 } = makers.encryptZeros({ ring, secret, count: 2 });
  const [half, other] = [c0.slice(0, 2 * N), c0.slice(2 * N)];
  const product = { plain: half, cipher0: half, cipher1: other, zero0: half, zero1: other };
  const { reply } = he.innerProduct({ ring, ...product, terms: 1, dropBits: 8, keep: 'constant' });
  const own = { ring, secret, count: 1, dropBits: 8 };
  const places: readonly { honest: Uint8Array; receive: (bytes: Uint8Array) => void }[] = [
    { honest: publicKey, receive: (bytes) => he.checkPublicKey({ ring, publicKey: bytes }) },
    ...Object.values(samplers).map(({ publicZeros }) => ({
      honest: publicKey,
      receive: (bytes: Uint8Array) => void publicZeros({ ring, publicKey: bytes, count: 1 }),
    })),
    {
      honest: packResidues({ ring, residues: c0 }),
      receive: (packed) => he.unpackResidues({ ring, packed, count: 2 }),
    },
    { honest: seeds, receive: (bytes) => he.expandSeeds({ ring, seeds: bytes, count: 2 }) },
    { honest: reply, receive: (bytes) => he.ownShare({ ...own, reply: bytes, take: 'all' }) },
    { honest: reply, receive: (bytes) => he.ownShare({ ...own, reply: bytes, take: 'constant' }) },
  ];
  return places;
}
