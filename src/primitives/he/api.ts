/**
 * What the ring and RLWE tasks take and give: plain values that can cross a thread.
 *
 * N = 4096 throughout. *Residues* are a `Uint32Array` of polynomials, each limb-major (limbs x N,
 * a limb per data prime), every entry below its prime. They are in SEAL's NTT order (entry i is the
 * value at psi^(2 bitrev(i) + 1)) unless a name says `coefficients`. Inputs are only read and may lie on a
 * SharedArrayBuffer; outputs are fresh and own their whole buffer, so that they can be transferred.
 */

/**
 * Who draws keys and zeros: the kernels, or SEAL. Distributions and wire forms are the same, so that parties need not
 * agree.
 */
export const ENGINES = ['kernel', 'seal'] as const;
export type Engine = (typeof ENGINES)[number];
export const DEFAULT_ENGINE: Engine = 'kernel';

/** Moduli of one key: 1 to 3 data primes of 21 to 29 bits and SEAL's special prime, all = 1 mod 2N, distinct. */
export interface Ring {
  readonly primes: readonly number[];
  readonly special: number;
}

export interface Key {
  /** Secret: N ternary coefficients. The caller wipes it. */
  readonly secret: Int8Array;
  /** For the wire: 64-byte seed of a, then b packed limb by limb, the special prime's last. */
  readonly publicKey: Uint8Array;
}

export interface SeededZeros {
  /** 64 bytes a ciphertext; expands to its c1. */
  readonly seeds: Uint8Array;
  /** count x limbs x N residues. */
  readonly c0: Uint32Array;
}

export interface Zeros {
  /** count x limbs x N residues each. Secret of the evaluator until added to something, and used once. */
  readonly c0: Uint32Array;
  readonly c1: Uint32Array;
}

export interface InnerProductInput {
  readonly ring: Ring;
  /** count x terms x limbs x N residues. */
  readonly plain: Uint32Array;
  /** terms x limbs x N residues (the same for every output), or count x terms x limbs x N. */
  readonly cipher0: Uint32Array;
  readonly cipher1: Uint32Array;
  /** count x limbs x N residues: one fresh public zero for each output. */
  readonly zero0: Uint32Array;
  readonly zero1: Uint32Array;
  readonly terms: number;
  /** Outputs of this call; 1 if left out. */
  readonly count?: number;
  /** Low bits of c1' that are rounded away, to nearest, once, after the zero was added. */
  readonly dropBits: number;
  /** Whether c0' is kept whole, or its constant coefficient only. */
  readonly keep: 'all' | 'constant';
}

export interface InnerProductOutput {
  /** Coefficient residues of c0', the evaluator's own share: count x limbs x N, or count x limbs. Never sent. */
  readonly kept: Uint32Array;
  /** count x N x (bits(q) - dropBits) bits: c1', for the key's owner. */
  readonly reply: Uint8Array;
}

export interface OwnShareInput {
  readonly ring: Ring;
  readonly secret: Int8Array;
  /** From the wire: as `InnerProductOutput.reply`. */
  readonly reply: Uint8Array;
  readonly count: number;
  readonly dropBits: number;
  readonly take: 'all' | 'constant';
}

/** Tasks that draw coins. */
export type Sampler = Pick<HeTasks, 'generateKey' | 'encryptZeros' | 'publicZeros'>;

/** All tasks. Lengths that disagree are `invalid-argument`; bytes from the wire that do, `protocol-violation`. */
export interface HeTasks {
  /** A fresh key pair. */
  generateKey(input: { ring: Ring }): Key;
  /** Refuses a public key of another length, with a residue out of range, or with b = 0. */
  checkPublicKey(input: { ring: Ring; publicKey: Uint8Array }): void;
  /** Fresh symmetric encryptions of zero (phase noise sd 3.2): a fresh seed and error each. */
  encryptZeros(input: { ring: Ring; secret: Int8Array; count: number }): SeededZeros;
  /** Fresh public-key encryptions of zero (phase noise sd 15 by SEAL, 240 by the kernel), to re-randomise what is returned to the owner. */
  publicZeros(input: { ring: Ring; publicKey: Uint8Array; count: number }): Zeros;
  /** The c1 that a seed stands for. Refuses a wrong length or a repeated seed. count x limbs x N residues. */
  expandSeeds(input: { ring: Ring; seeds: Uint8Array; count: number }): { c1: Uint32Array };
  /** Small signed polynomials (m x N coefficients, |c| < 2^31) -> m x limbs x N residues. */
  forward(input: { ring: Ring; coefficients: Int32Array }): Uint32Array;
  /** Polynomials packed limb by limb at ceil(log2 p) bits -> residues; refuses another length and residues out of range. */
  unpackResidues(input: { ring: Ring; packed: Uint8Array; count: number }): Uint32Array;
  /**
   * c0 of the zeros (count x limbs x N residues) plus the messages, rounded to nearest, once: count x N x (bits(q) - dropBits)
   * bits. Messages are small integers, count x N, or coefficient residues, count x limbs x N. q < 2^58.
   */
  sealMessages(input: {
    ring: Ring;
    zeros: Uint32Array;
    messages: Int32Array | Uint32Array;
    dropBits: number;
  }): Uint8Array;
  /** The inverse, but for the rounding; from the wire: refuses another length and integers out of range. */
  openSealed(input: { ring: Ring; packed: Uint8Array; count: number; dropBits: number }): {
    c0: Uint32Array;
  };
  /** sum over terms of plain (cipher0, cipher1), plus a zero, split into the kept share and the reply. q < 2^58. */
  innerProduct(input: InnerProductInput): InnerProductOutput;
  /** The key owner's share c1' s of a reply, as coefficient residues: count x limbs x N, or count x limbs. */
  ownShare(input: OwnShareInput): Uint32Array;
}
