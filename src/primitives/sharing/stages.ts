/**
 * What a party does with a stretch of rows between two messages, in one task each: nothing in between leaves the thread.
 * Stretches are whole blocks of N rows, save the last; a block has two half blocks of HALF rows, for whose folds its N
 * places lie side by side.
 */
import { N } from '../../kernels/field.ts';
import { heTasks, type OwnShareInput, type Ring } from '../he/index.ts';
import { foldResidues, HALF, type PhasorInput, phasors } from './phasors.ts';
import { type LocalForwardInput, localForward } from './products.ts';

export interface LogitInput extends LocalForwardInput, Omit<OwnShareInput, 'take'> {
  /** What was kept of the own product: a residue a row, for at least these rows. */
  readonly kept: Uint32Array;
}

/** Own columns times own shares, plus what the products under encryption have left here: z / P, a residue a row. */
export function logitShares({ kept, ...input }: LogitInput): Uint32Array {
  const shares = localForward(input);
  const owned = heTasks.ownShare({ ...input, take: 'all' });
  for (let row = 0; row < shares.length; row++)
    shares[row] = (shares[row]! + kept[row]! + owned[row]!) % input.prime;
  return shares;
}

export interface SealPhasorsInput extends PhasorInput {
  readonly ring: Ring;
  /** c0 of a fresh zero for each half block and harmonic. */
  readonly zeros: Uint32Array;
  readonly dropBits: number;
}

/** The phasors, encrypted: c0 for the wire. */
export function sealPhasors({ ring, zeros, dropBits, ...input }: SealPhasorsInput): Uint8Array {
  return heTasks.sealMessages({ ring, zeros, messages: phasors(input), dropBits });
}

/** Integers that one of the parties adds to its share of E: HALF a half block. */
interface Added {
  readonly added?: Int32Array | undefined;
}

export interface AnswerInput extends PhasorInput, Added {
  readonly ring: Ring;
  /** Of the peer's phasors: bytes from the wire, and residues that its seeds stand for. */
  readonly packed: Uint8Array;
  readonly cipher1: Uint32Array;
  readonly inputDropBits: number;
  /** A fresh public zero for each half block. */
  readonly zero0: Uint32Array;
  readonly zero1: Uint32Array;
  readonly dropBits: number;
}

export interface AnswerOutput {
  /** The own share of E: blocks x limbs x N. */
  readonly folded: Uint32Array;
  readonly reply: Uint8Array;
}

/** The peer's phasors times one's own, summed over the harmonics. */
export function answerPhasors(input: AnswerInput): AnswerOutput {
  const { ring, packed, cipher1, inputDropBits, zero0, zero1, dropBits, added } = input;
  const terms = input.factors.real.length;
  const count = Math.ceil(input.shares.length / HALF);
  const opened = { ring, packed, count: count * terms, dropBits: inputDropBits };
  const { c0: cipher0 } = heTasks.openSealed(opened);
  const plain = heTasks.forward({ ring, coefficients: phasors(input) });
  const product = { ring, plain, cipher0, cipher1, zero0, zero1, terms, count, dropBits };
  const { kept, reply } = heTasks.innerProduct({ ...product, keep: 'all' });
  return { folded: foldBlocks(ring, kept, added), reply };
}

/** The phasors' owner: its share of E from a reply. blocks x limbs x N. */
export function ownFold({ added, ...input }: Omit<OwnShareInput, 'take'> & Added): Uint32Array {
  return foldBlocks(input.ring, heTasks.ownShare({ ...input, take: 'all' }), added);
}

/** Folds of half blocks side by side, a missing last half left zero, plus what is added to them. */
function foldBlocks({ primes }: Ring, residues: Uint32Array, added?: Int32Array): Uint32Array {
  const folds = foldResidues({ primes, residues });
  const limbs = primes.length;
  const halves = folds.length / limbs / HALF;
  const blocks = new Uint32Array(Math.ceil(halves / 2) * limbs * N);
  for (let half = 0; half < halves; half++) {
    for (const [limb, prime] of primes.entries()) {
      const from = (half * limbs + limb) * HALF;
      const at = (Math.floor(half / 2) * limbs + limb) * N + (half % 2) * HALF;
      blocks.set(folds.subarray(from, from + HALF), at);
      if (added !== undefined) addTo(blocks, at, added.subarray(half * HALF), prime);
    }
  }
  return blocks;
}

/** HALF signed integers of less than 31 bits onto residues. */
function addTo(residues: Uint32Array, at: number, integers: Int32Array, prime: number): void {
  for (let k = 0; k < HALF; k++) {
    const sum = (residues[at + k]! + integers[k]!) % prime;
    residues[at + k] = sum < 0 ? sum + prime : sum;
  }
}

/** Shares of E that are known to one party alone: integers, HALF a half block, as residues. blocks x limbs x N. */
export function knownFold({ ring, added }: { ring: Ring; added: Int32Array }): Uint32Array {
  const halves = added.length / HALF;
  return foldBlocks(ring, new Uint32Array(halves * ring.primes.length * N), added);
}
