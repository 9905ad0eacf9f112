/** How long each item on the wire is, and how items are cut into messages. */
import { N, type Ring, SEED_BYTES } from '../../primitives/he/index.ts';

/** Bits of an integer below n. */
export const widthOf = (n: number): number => Math.ceil(Math.log2(n));

/** Bits of an integer below q, the product of the data primes; primes just below powers of two waste none. */
export const modulusBits = (ring: Ring): number =>
  ring.primes.reduce((product, prime) => product * BigInt(prime), 1n).toString(2).length;

/** b for every prime, the special one too, and the seed of a. */
export const publicKeyBytes = (ring: Ring): number =>
  SEED_BYTES + (N / 8) * [...ring.primes, ring.special].reduce((sum, p) => sum + widthOf(p), 0);

/** c0 of one ciphertext, its low bits rounded away; its c1 travels as a seed. */
export const firstBytes = (ring: Ring, dropBits: number): number =>
  (N / 8) * (modulusBits(ring) - dropBits);

export const ciphertextBytes = (ring: Ring, dropBits: number): number =>
  SEED_BYTES + firstBytes(ring, dropBits);

/** c1' of one reply. */
export const replyBytes = (ring: Ring, dropBits: number): number =>
  (N / 8) * (modulusBits(ring) - dropBits);

/** Items [from, to) of a stage travel in one message. */
export interface Batch {
  readonly from: number;
  readonly to: number;
}

/** Long enough for frames to be full, short enough that the peer can begin while the rest is made. */
const MESSAGE_BYTES = 512 * 1024;

/** Both parties cut the same items in the same places, so every length is known before it arrives. */
export function batchesOf(items: number, itemBytes: number): Batch[] {
  const each = Math.max(1, Math.floor(MESSAGE_BYTES / itemBytes));
  return Array.from({ length: Math.ceil(items / each) }, (_, i) => ({
    from: i * each,
    to: Math.min(items, (i + 1) * each),
  }));
}

export type Role = 'active' | 'passive';

export const otherRole = (role: Role): Role => (role === 'active' ? 'passive' : 'active');

/**
 * Blocks [from, to) that pass through a pass's stages together, and which party encrypts its phasors of them: they
 * take turns, so that both directions of the line, and both parties, have about the same to do.
 */
export interface Chunk extends Batch {
  readonly encryptor: Role;
  /** How many chunks before it had the same encryptor. */
  readonly turn: number;
}

/** Both parties cut the blocks in the same places: by what their phasors take on the wire. */
export function chunksOf(blocks: number, blockBytes: number): Chunk[] {
  const most = Math.max(1, Math.floor(MESSAGE_BYTES / blockBytes));
  const each = Math.min(most, Math.ceil(blocks / 2));
  return Array.from({ length: Math.ceil(blocks / each) }, (_, i) => ({
    from: i * each,
    to: Math.min(blocks, (i + 1) * each),
    encryptor: i % 2 === 0 ? 'passive' : 'active',
    turn: Math.floor(i / 2),
  }));
}
