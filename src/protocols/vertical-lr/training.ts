/** What every stage of one training shares at one party, and the shapes of its arrays. */

import type { RunOptions, TaskInput, TaskName, TaskOutput } from '../../compute/compute.ts';
import type { FeatureMatrix } from '../../math/columns.ts';
import { N } from '../../primitives/he/index.ts';
import type { Party, Progress } from '../party.ts';
import type { Ciphertexts } from './ciphertexts.ts';
import type { Memory } from './history.ts';
import type { Parameters } from './parameters.ts';
import type { Role } from './sizes.ts';

/** What is in the agreement: equal on both sides. */
export interface Settings {
  /** Full-batch passes, 1..100. */
  readonly passes: number;
  /** Ridge on the whitened features; the intercept has none. */
  readonly ridge: number;
  /** Odd sine harmonics of the sigmoid: 2, 3 or 4. */
  readonly harmonics: number;
}

/** What a role begins with. */
export interface TrainingInput {
  readonly features: FeatureMatrix;
  readonly settings: Settings;
  /** Weights of the features to begin with; both parties give theirs, or neither. */
  readonly start?: Float64Array | undefined;
  /** Most bytes of residues of the columns that are kept from pass to pass; 512 MiB if left out. */
  readonly keptBytes?: number;
  /** What is left of the same training before a cut; left out, a cut ends it. */
  readonly memory?: Memory;
}

export interface Training {
  readonly party: Party;
  readonly parameters: Parameters;
  readonly role: Role;
  readonly own: OwnColumns;
  /** Weights of this party and of the peer. */
  readonly ownWeights: number;
  readonly peerWeights: number;
  /** Weights of the own features that the method begins with; zero if left out. */
  readonly start?: Float64Array | undefined;
  readonly series: OwnSeries;
  readonly rows: RowMemory;
}

/** This party's part of the sine series. */
export interface OwnSeries {
  /** What its phasors are multiplied by, a complex number a harmonic: ones, or the coefficients. */
  readonly factors: { readonly real: Float64Array; readonly imaginary: Float64Array };
  /** What it adds to its share of E, halves x HALF integers: the labels, at the active party. */
  readonly added?: Int32Array;
}

/** This party's shares of the rows in the pass that is under way; each pass writes over the last. */
export interface RowMemory {
  /** c0' of the forward product, a residue a row. */
  readonly kept: Uint32Array;
  /** Shares of z / P. */
  readonly logits: Uint32Array;
  /** The own share of E: blocks x limbs x N. */
  readonly residuals: Uint32Array;
  /** The peer's, under its key. */
  readonly theirs: Ciphertexts;
}

export function rowMemory({ blocks, ring }: Parameters): RowMemory {
  const words = blocks * ring.primes.length * N;
  return {
    kept: sharedWords(blocks * N),
    logits: sharedWords(blocks * N),
    residuals: sharedWords(words),
    theirs: { c0: sharedWords(words), c1: sharedWords(words) },
  };
}

/** What a training leaves at each party. */
export interface Trained {
  /** Of the own whitened features, in logits. */
  readonly weights: Float64Array;
  /** Whether the own and the peer's part of the logits left the range of the sine series on more than 0.1 % of the rows. */
  readonly warning: { readonly own: boolean; readonly peer: boolean };
  /** Numbers that this party learnt: 24 bits each. For the ledger of outputs. */
  readonly opened: number;
  /** Effective parameters, by name. */
  readonly parameters: Readonly<Record<string, number | string>>;
}

/** Stages of a pass that are reported. */
const STEPS = 3;

/** `step` stages of pass `pass` are done. */
export const progressOf = ({ parameters }: Training, pass: number, step: number): Progress => ({
  phase: 'train',
  fraction: (pass - 1 + step / STEPS) / parameters.passes,
  facts: { pass, passes: parameters.passes },
});

/** All passes are done and nothing is opened: the last safe point at which a job can still end without output. */
export const beforeOpening = ({ parameters: { passes } }: Training): Progress => ({
  phase: 'open',
  fraction: 1,
  facts: { pass: passes, passes },
});

/** This party's columns, encoded once; read by every thread. */
export interface OwnColumns {
  /** Integers of each column are this far apart: blocks x N. */
  readonly stride: number;
  /** column x blocks x N: x * 2^fractionBits. */
  readonly integers: Int16Array;
  /** column x blocks x N: sine transforms. */
  readonly transforms: Int16Array;
  /** block x column x N residues of the rows' polynomials in the forward ring; absent where they are made anew each pass. */
  readonly forward: Uint32Array | undefined;
  /** column x block x limb x N residues of the reversed transforms; absent likewise. */
  readonly gradient: Uint32Array | undefined;
}

/**
 * Bytes of residues that are kept from pass to pass, where a party sets no other limit. A million rows of fifty
 * columns have 600 MB: above the limit their products cost a transform a term and limb more.
 */
export const KEPT_BYTES = 2 ** 29;

/** Which residues are kept: the forward product's first, as they save as much time in half the space. */
export function residuesToKeep(
  cells: number,
  limbs: number,
  most = KEPT_BYTES,
): { readonly forward: boolean; readonly gradient: boolean } {
  const forward = 4 * cells;
  return { forward: forward <= most, gradient: forward + 4 * limbs * cells <= most };
}

/** Runs a task for a party. */
export function compute<T extends TaskName>(
  { compute, signal }: Party,
  name: T,
  input: TaskInput<T>,
  options: Omit<RunOptions, 'signal'> = {},
): Promise<TaskOutput<T>> {
  return compute.run(name, input, { signal, ...options });
}

export const sharedWords = (length: number): Uint32Array<SharedArrayBuffer> =>
  new Uint32Array(new SharedArrayBuffer(4 * length));

/** [from, to) in pieces of at most `size`. */
export function piecesOf(from: number, to: number, size: number): { from: number; to: number }[] {
  const pieces = [];
  for (let at = from; at < to; at += size) pieces.push({ from: at, to: Math.min(to, at + size) });
  return pieces;
}

/** Does the work of every piece, as many at once as the compute has threads. */
export async function eachPiece(
  from: number,
  to: number,
  size: number,
  work: (from: number, to: number) => Promise<void>,
): Promise<void> {
  await Promise.all(piecesOf(from, to, size).map((piece) => work(piece.from, piece.to)));
}

/** Does the work of every item, `lanes` at a time: what an item holds until it is done is held by few. */
async function inLanes(
  items: number,
  lanes: number,
  work: (item: number) => Promise<void>,
): Promise<void> {
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < items) await work(next++);
  };
  await Promise.all(Array.from({ length: Math.min(lanes, items) }, lane));
}

/**
 * Encodes the columns of a party; `ones` columns of ones follow its features (the intercept). Residues are
 * kept up to `keptBytes`.
 */
export async function encodeColumns(
  party: Party,
  parameters: Parameters,
  features: FeatureMatrix,
  { ones, keptBytes }: { readonly ones: number; readonly keptBytes?: number | undefined },
): Promise<OwnColumns> {
  const { blocks, forwardRing, ring, rows, fractionBits, transformScale } = parameters;
  const columns = features.columns + ones;
  const stride = blocks * N;
  const limbs = ring.primes.length;
  const integers = new Int16Array(new SharedArrayBuffer(2 * columns * stride));
  const transforms = new Int16Array(new SharedArrayBuffer(2 * columns * stride));
  const keep = residuesToKeep(columns * stride, limbs, keptBytes);
  const forward = keep.forward ? sharedWords(columns * stride) : undefined;
  const gradient = keep.gradient ? sharedWords(columns * stride * limbs) : undefined;
  // One more than there are threads, so that none waits for the copying in between.
  await inLanes(columns, party.compute.threads + 1, async (column) => {
    const values =
      column < features.columns
        ? Float64Array.from(features.values.subarray(column * rows, (column + 1) * rows))
        : new Float64Array(rows).fill(1);
    const part = (all: Int16Array): Int16Array =>
      all.subarray(column * stride, (column + 1) * stride);
    const encoded = await compute(
      party,
      'encodeColumn',
      { values, fractionBits, transformScale },
      {
        transfer: [values.buffer],
        into: { integers: part(integers), transforms: part(transforms) },
      },
    );
    if (forward !== undefined) {
      const coefficients = encoded.rowPolynomials;
      const transfer = [coefficients.buffer as ArrayBuffer];
      const byRow = await compute(
        party,
        'forward',
        { ring: forwardRing, coefficients },
        { transfer },
      );
      for (let block = 0; block < blocks; block++) {
        forward.set(byRow.subarray(block * N, (block + 1) * N), (block * columns + column) * N);
      }
    }
    if (gradient !== undefined) {
      const coefficients = encoded.reversedTransforms;
      const at = column * stride * limbs;
      await compute(
        party,
        'forward',
        { ring, coefficients },
        {
          transfer: [coefficients.buffer as ArrayBuffer],
          into: gradient.subarray(at, at + stride * limbs),
        },
      );
    }
  });
  return { stride, integers, transforms, forward, gradient };
}
