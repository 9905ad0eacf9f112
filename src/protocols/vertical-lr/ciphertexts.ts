/** Shares as ciphertexts on the wire: a seed for c1, packed residues for c0. */
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

/** Ciphertexts of the peer, read by every thread: count x limbs x N residues each. */
export interface Ciphertexts {
  readonly c0: Uint32Array;
  readonly c1: Uint32Array;
}

export const ciphertextBytes = (ring: Ring): number => SEED_BYTES + firstBytes(ring);

export function emptyCiphertexts(ring: Ring, count: number): Ciphertexts {
  const words = count * ring.primes.length * N;
  return { c0: sharedWords(words), c1: sharedWords(words) };
}

/** Encrypts residues in NTT order: the message goes on c0 as it is, since the phase is taken mod q. */
export async function seal(
  party: Party,
  ring: Ring,
  zeros: SeededZeros,
  message: Uint32Array,
): Promise<SeededMessage> {
  const sum = await compute(party, 'addResidues', { ring, a: zeros.c0, b: message });
  const first = await compute(party, 'packResidues', { ring, residues: sum });
  return { seeds: zeros.seeds, first };
}

/** Checks and expands `count` ciphertexts from the wire. */
export async function open(
  party: Party,
  ring: Ring,
  message: SeededMessage & { readonly $typeName: string },
  count: number,
): Promise<Ciphertexts> {
  const name = message.$typeName;
  const seeds = bytesOfLength(message.seeds, count * SEED_BYTES, name);
  const packed = bytesOfLength(message.first, count * firstBytes(ring), name);
  const [c0, { c1 }] = await Promise.all([
    compute(party, 'unpackResidues', { ring, packed, count }),
    compute(party, 'expandSeeds', { ring, seeds, count }),
  ]);
  return { c0, c1 };
}
