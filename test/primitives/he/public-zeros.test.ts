/**
 * Goal: a public zero of the kernel's is (b u + e0, a u + e1) with u, e0, e1 fresh, independent, of the right distributions
 * and the same integers in every limb. Method: under a public key whose b is the constant 2^18, c0
 * spells out u and e0; u then gives e1.
 */
import { beforeAll, expect, test } from 'vitest';
import { fieldOf, N } from '../../../src/kernels/field.ts';
import {
  heTasks as he,
  ready,
  ringOf,
  SEED_BYTES,
  samplers,
} from '../../../src/primitives/he/index.ts';
import { packInto, polynomialBytes } from '../../../src/primitives/he/residues.ts';
import {
  binomialShares,
  correlation,
  countsOf,
  even,
  momentsOf,
  surprise,
} from '../../support/frequencies.ts';
import { inverseResidues } from '../../support/residues.ts';
import { centred } from '../../support/ring.ts';

beforeAll(ready);

const ring = ringOf([28, 27]);
const COUNT = 24;
const UNIT = 2 ** 18;

interface Coins {
  readonly u: readonly number[];
  readonly e0: readonly number[];
  readonly e1: readonly number[];
}

/** The public key (UNIT, a): no one's, and accepted like any. */
function spellingKey(): Uint8Array {
  const fields = [...ring.primes, ring.special].map(fieldOf);
  const seed = samplers.kernel.generateKey({ ring }).publicKey.subarray(0, SEED_BYTES);
  const publicKey = new Uint8Array(SEED_BYTES + polynomialBytes(fields));
  publicKey.set(seed);
  const b = new Uint32Array(fields.length * N).fill(UNIT); // transformed, a constant is itself everywhere
  packInto(publicKey, SEED_BYTES, b, fields);
  return publicKey;
}

/** What each of COUNT zeros of one call was made of, limb by limb. */
function drawn(): Coins[][] {
  const publicKey = spellingKey();
  const zeros = samplers.kernel.publicZeros({ ring, publicKey, count: COUNT });
  const { c1: a } = he.expandSeeds({ ring, seeds: publicKey.subarray(0, SEED_BYTES), count: 1 });
  const spelled = inverseResidues({ ring, residues: zeros.c0 });
  return Array.from({ length: COUNT }, (_, zero) => {
    const limbs = ring.primes.map((p, limb) => {
      const at = (2 * zero + limb) * N;
      const values = Array.from(spelled.subarray(at, at + N), (x) => centred(x, p));
      const u = values.map((x) => Math.round(x / UNIT));
      return { u, e0: values.map((x, i) => x - UNIT * u[i]!) };
    });
    const multiplier = he.forward({ ring, coefficients: Int32Array.from(limbs[0]!.u) });
    const difference = zeros.c1.slice(2 * zero * N, 2 * (zero + 1) * N);
    for (const [limb, p] of ring.primes.entries()) {
      for (let i = limb * N; i < (limb + 1) * N; i++) {
        const product = Number((BigInt(a[i]!) * BigInt(multiplier[i]!)) % BigInt(p));
        difference[i] = (difference[i]! + p - product) % p;
      }
    }
    const errors = inverseResidues({ ring, residues: difference });
    return limbs.map((coins, limb) => {
      const p = ring.primes[limb]!;
      const e1 = Array.from(errors.subarray(limb * N, (limb + 1) * N), (x) => centred(x, p));
      return { ...coins, e1 };
    });
  });
}

test('u is ternary, both errors are centred binomials, and each is the same in every limb', () => {
  const zeros = drawn();
  for (const [first, second] of zeros) expect(second).toEqual(first);
  const all = zeros.map(([first]) => first!);
  expect(
    surprise(
      countsOf(
        3,
        all.flatMap(({ u }) => u.map((x) => x + 1)),
      ),
      even(3),
    ),
  ).toBeLessThan(6);
  for (const name of ['e0', 'e1'] as const) {
    const errors = all.flatMap((zero) => zero[name]);
    expect(
      surprise(
        countsOf(
          43,
          errors.map((x) => x + 21),
        ),
        binomialShares(),
      ),
    ).toBeLessThan(6);
    const { mean, variance, kurtosis } = momentsOf(errors);
    const root = Math.sqrt(errors.length);
    expect(Math.abs(mean)).toBeLessThan((6 * Math.sqrt(10.5)) / root);
    expect(Math.abs(variance - 10.5)).toBeLessThan((6 * 10.5 * Math.SQRT2) / root);
    expect(Math.abs(kurtosis - (3 - 2 / 42))).toBeLessThan((6 * Math.sqrt(24)) / root);
  }
});

test('nothing of one zero returns in another, of the same call or the next', () => {
  const all = [...drawn(), ...drawn()].map(([first]) => first!);
  const parts = all.flatMap(({ u, e0, e1 }) => [u, e0, e1]);
  expect(new Set(parts.map(String)).size).toBe(parts.length);
  for (const [i, part] of parts.entries()) {
    for (const other of parts.slice(i + 1, i + 8)) {
      expect(Math.abs(correlation(part, other))).toBeLessThan(6.5);
    }
  }
});

test('two zeros under an honest key differ in more than 99 % of residues of each limb, on both components', () => {
  const { publicKey } = samplers.kernel.generateKey({ ring });
  const one = samplers.kernel.publicZeros({ ring, publicKey, count: 2 });
  const again = samplers.kernel.publicZeros({ ring, publicKey, count: 1 });
  for (const name of ['c0', 'c1'] as const) {
    const zeros = [one[name].slice(0, 2 * N), one[name].slice(2 * N), again[name]];
    const coefficients = zeros.map((residues) => inverseResidues({ ring, residues }));
    for (const [i, j] of [
      [0, 1],
      [0, 2],
      [1, 2],
    ] as const) {
      for (const limb of ring.primes.keys()) {
        for (const list of [zeros, coefficients]) {
          const [x, y] = [list[i]!, list[j]!].map((z) => z.subarray(limb * N, (limb + 1) * N));
          const equal = x!.filter((value, k) => value === y![k]).length;
          expect(equal).toBeLessThan(N / 100);
        }
      }
    }
  }
});
