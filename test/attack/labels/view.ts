/** The polynomials of a party's view: what it heard under encryption, and the shares it holds itself. */
import { inlineCompute } from '../../../src/compute/inline.ts';
import { centredFraction, remaindersOf } from '../../../src/math/torus.ts';
import { N, type Ring } from '../../../src/primitives/he/index.ts';
import { inverseResidues } from '../../support/residues.ts';
import { ROWS } from './builds.ts';
import type { Observed } from './observed.ts';

export interface Polynomial {
  readonly name: string;
  /** Primes of its modulus: only polynomials of one modulus can be shares of one thing. */
  readonly limbs: number;
  /** N coefficients, fractions of a turn. */
  readonly values: Float64Array;
}

/** Polynomials that came together. */
export interface Heard {
  readonly kind: string;
  readonly polynomials: readonly Polynomial[];
}

function fractions(
  name: string,
  residues: ArrayLike<number>,
  primes: readonly number[],
): Polynomial[] {
  const { combine, modulus } = remaindersOf(primes);
  const limbs = primes.length;
  const parts = new Uint32Array(limbs);
  const count = Math.floor(residues.length / (limbs * N));
  return Array.from({ length: count }, (_, i) => ({
    name: `${name}[${i}]`,
    limbs,
    values: Float64Array.from({ length: N }, (__, k) => {
      for (let limb = 0; limb < limbs; limb++) parts[limb] = residues[(i * limbs + limb) * N + k]!;
      return centredFraction(combine(parts), modulus);
    }),
  }));
}

interface Residues {
  readonly ring: Ring;
  readonly array: Uint32Array;
  readonly transformed: boolean;
}

interface Fused {
  readonly ring: Ring;
  readonly packed: Uint8Array;
  readonly inputDropBits: number;
  readonly reply: Uint8Array;
  readonly secret: Int8Array;
  readonly dropBits: number;
  readonly count: number;
}

/** What travels of c0 and of c1' is as many packed polynomials as its seeds or its count say. */
const polynomialsOf = (packed: Uint8Array, ring: Ring, dropBits: number): number => {
  const bits = ring.primes.reduce((q, p) => q * BigInt(p), 1n).toString(2).length - dropBits;
  return packed.length / ((bits * N) / 8);
};

/** The residues in a task that come from the peer, or are computed from what does; fused tasks opened by hand. */
async function residuesOf({ name, input, output }: Observed): Promise<Residues[]> {
  const { ring, take, keep } = input as { ring: Ring; take?: string; keep?: string };
  const fused = input as Fused;
  const compute = inlineCompute();
  switch (name) {
    case 'unpackResidues':
      return [{ ring, array: output as Uint32Array, transformed: true }];
    case 'openSealed':
      return [{ ring, array: (output as { c0: Uint32Array }).c0, transformed: true }];
    case 'expandSeeds':
      return [{ ring, array: (output as { c1: Uint32Array }).c1, transformed: true }];
    case 'ownShare':
      return take === 'all' ? [{ ring, array: output as Uint32Array, transformed: false }] : [];
    case 'innerProduct':
      return keep === 'all'
        ? [{ ring, array: (output as { kept: Uint32Array }).kept, transformed: false }]
        : [];
    case 'answerPhasors': {
      const { packed, inputDropBits: dropBits } = fused;
      const count = polynomialsOf(packed, ring, dropBits);
      const { c0 } = await compute.run('openSealed', { ring, packed, count, dropBits });
      return [
        { ring, array: c0, transformed: true },
        { ring, array: (output as { folded: Uint32Array }).folded, transformed: false },
      ];
    }
    case 'ownFold':
    case 'logitShares': {
      const { secret, reply, count, dropBits } = fused;
      const share = { ring, secret, reply, count, dropBits, take: 'all' } as const;
      return [{ ring, array: await compute.run('ownShare', share), transformed: false }];
    }
    default:
      return [];
  }
}

export async function* heardIn(view: readonly Observed[]): AsyncGenerator<Heard> {
  for (const observed of view) {
    for (const { ring, array, transformed } of await residuesOf(observed)) {
      const residues = transformed ? inverseResidues({ ring, residues: array }) : array;
      const kind = `${observed.name} of ${ring.primes.length} limbs, ${array.length / N} long`;
      yield { kind, polynomials: fractions(kind, residues, ring.primes) };
    }
  }
}

/** Shares of the logits and of the folded residuals, as the party itself uses them. */
export function ownShares(view: readonly Observed[]): Polynomial[] {
  const shares: Polynomial[] = [];
  for (const { name, input } of view) {
    if (name === 'phasors' || name === 'sealPhasors' || name === 'answerPhasors') {
      const { shares: logits, prime } = input as { shares: Uint32Array; prime: number };
      if (logits.length === ROWS) shares.push(...fractions('logit share', logits, [prime]));
    }
    if (name === 'localGradient') {
      const { residuals, primes } = input as { residuals: Uint32Array; primes: readonly number[] };
      shares.push(...fractions('residual share', residuals, primes));
    }
  }
  return shares;
}

/** Shares of gradients, a number for each of `columns` weights: the constant coefficients that are kept of replies. */
export function gradientShares(view: readonly Observed[], columns: number): Float64Array[] {
  const found: Float64Array[] = [];
  for (const { name, input, output } of view) {
    const { ring, take, keep, primes } = input as {
      ring?: Ring;
      take?: string;
      keep?: string;
      primes?: readonly number[];
    };
    const constants =
      name === 'ownShare' && take === 'constant'
        ? (output as Uint32Array)
        : name === 'innerProduct' && keep === 'constant'
          ? (output as { kept: Uint32Array }).kept
          : name === 'localGradient'
            ? (output as Uint32Array)
            : undefined;
    const moduli = ring?.primes ?? primes;
    if (constants === undefined || moduli === undefined) continue;
    const { combine, modulus } = remaindersOf(moduli);
    if (constants.length !== columns * moduli.length) continue;
    found.push(
      Float64Array.from({ length: columns }, (_, j) =>
        centredFraction(
          combine(constants.subarray(j * moduli.length, (j + 1) * moduli.length)),
          modulus,
        ),
      ),
    );
  }
  return found;
}
