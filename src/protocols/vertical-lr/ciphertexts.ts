/** Shares as ciphertexts on the wire: a seed for c1, and packed integers for c0. */
import type { Ring, SeededZeros } from '../../primitives/he/index.ts';
import { N, SEED_BYTES } from '../../primitives/he/index.ts';
import type { Party } from '../party.ts';
import { firstBytes } from './sizes.ts';
import { compute, sharedWords } from './training.ts';
import { bytesOfLength } from './wire.ts';

export interface SeededMessage {
  readonly seeds: Uint8Array;
  readonly first: Uint8Array;
}

/** Ciphertexts of the peer, in memory that every thread reads: count x limbs x N residues each. */
export interface Ciphertexts {
  readonly c0: Uint32Array;
  readonly c1: Uint32Array;
}

export function emptyCiphertexts(ring: Ring, count: number): Ciphertexts {
  const words = count * ring.primes.length * N;
  return { c0: sharedWords(words), c1: sharedWords(words) };
}

export const partOf = ({ c0, c1 }: Ciphertexts, from: number, to: number): Ciphertexts => ({
  c0: c0.subarray(from, to),
  c1: c1.subarray(from, to),
});

/** How a stage's ciphertexts look. */
export interface Form {
  readonly ring: Ring;
  /** Low bits of c0 that do not travel. */
  readonly dropBits: number;
}

/** Encrypts coefficients, as they are: the phase is taken mod q. Small integers, or residues. The zeros are spent. */
export async function seal(
  party: Party,
  { ring, dropBits }: Form,
  { seeds, c0 }: SeededZeros,
  messages: Int32Array | Uint32Array,
): Promise<SeededMessage> {
  const input = { ring, zeros: c0, messages, dropBits };
  return {
    seeds,
    first: await compute(party, 'sealMessages', input, { transfer: ownBuffers(c0) }),
  };
}

/** The two fields of `count` ciphertexts from the wire, their lengths checked. */
export function fieldsOf(
  { seeds, first, $typeName }: SeededMessage & { readonly $typeName: string },
  { ring, dropBits }: Form,
  count: number,
) {
  return {
    seeds: bytesOfLength(seeds, count * SEED_BYTES, $typeName),
    packed: bytesOfLength(first, count * firstBytes(ring, dropBits), $typeName),
  };
}

/** Checks and expands `count` ciphertexts from the wire, into a place for them. */
export async function open(
  party: Party,
  form: Form,
  message: SeededMessage & { readonly $typeName: string },
  count: number,
  { c0, c1 }: Ciphertexts,
): Promise<void> {
  const { ring, dropBits } = form;
  const { seeds, packed } = fieldsOf(message, form, count);
  const opening = { ring, packed, count, dropBits };
  await Promise.all([
    compute(party, 'openSealed', opening, { transfer: [packed.buffer], into: { c0 } }),
    compute(party, 'expandSeeds', { ring, seeds, count }, { into: { c1 } }),
  ]);
}

/** Buffers that may be moved to a thread. */
export const ownBuffers = (...views: readonly Uint32Array[]): ArrayBuffer[] =>
  views.map(({ buffer }) => buffer).filter((buffer) => buffer instanceof ArrayBuffer);
