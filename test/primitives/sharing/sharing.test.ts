import { expect, test } from 'vitest';
import { N } from '../../../src/kernels/field.ts';
import { HALF, sharingTasks } from '../../../src/primitives/sharing/index.ts';
import { embeddingOf, fold } from '../../support/embedding.ts';
import { wordsFrom } from '../../support/ring.ts';

const { encodeColumn, phasors, embedReals, foldResidues, localForward, localGradient } =
  sharingTasks;
const PRIME = 268369921;
const primes = [33546241, 16760833];

test('rows beyond the last have slots of zero', () => {
  const shares = Uint32Array.from({ length: HALF + 3 }, (_, i) => (i * 77777) % PRIME);
  const scales = Float64Array.of(1000, 500);
  const polynomials = phasors({
    shares,
    prime: PRIME,
    factors: { real: Float64Array.of(600, 500), imaginary: Float64Array.of(-800, 0) },
  });
  expect(polynomials.length).toBe(2 * scales.length * N);
  // By Parseval the sum of squares is the mean square of the slots, half of which is never filled.
  const energy = (block: number, k: number): number =>
    polynomials
      .subarray((2 * block + k) * N, (2 * block + k + 1) * N)
      .reduce((s, c) => s + c * c, 0);
  for (const [k, scale] of scales.entries()) {
    expect(energy(0, k) / scale ** 2).toBeCloseTo(1, 2);
    expect(energy(1, k) / ((scale ** 2 * 3) / HALF)).toBeCloseTo(1, 0);
  }
});

test('a column meets its residuals in the transform domain', () => {
  const rows = N + 500;
  const word = wordsFrom(5);
  const column = Float64Array.from({ length: rows }, () => (word() / 2 ** 32) * 4 - 2);
  const residuals = Float64Array.from({ length: rows }, () => word() / 2 ** 32 - 0.5);
  const scale = 2 ** 20;
  const { transforms } = encodeColumn({ values: column, fractionBits: 5, transformScale: 2048 });
  const folded = embedReals({ values: residuals, scale });
  let sum = 0;
  for (let k = 0; k < folded.length; k++) sum += transforms[k]! * folded[k]!;
  const direct = column.reduce((total, x, row) => total + x * residuals[row]!, 0);
  expect(((HALF / 2048) * sum) / scale).toBeCloseTo(direct, 0);
});

test('reals of the rows are embedded and folded, each number rounded to nearest', () => {
  const word = wordsFrom(8);
  const values = Float64Array.from({ length: HALF + 700 }, () => word() / 2 ** 31 - 1);
  const scale = 2 ** 20;
  const folded = embedReals({ values, scale });
  for (let from = 0; from < values.length; from += HALF) {
    const imaginary = new Float64Array(HALF);
    imaginary.set(values.subarray(from, from + HALF).map((x) => scale * x));
    const exact = fold(embeddingOf(N).embed(new Float64Array(HALF), imaginary));
    const distances = exact.map((e, k) => Math.abs(e - folded[from + k]!));
    expect(Math.max(...distances)).toBeLessThan(0.5 + 1e-6);
  }
});

test('folding residues folds the integers they stand for', () => {
  const word = wordsFrom(6);
  const coefficients = Int32Array.from({ length: N }, () => (word() % 2001) - 1000);
  const residues = new Uint32Array(2 * N);
  for (const [limb, p] of primes.entries())
    residues.set(
      coefficients.map((c) => (c < 0 ? c + p : c)),
      limb * N,
    );
  const folded = foldResidues({ primes, residues });
  for (const [limb, p] of primes.entries()) {
    for (const k of [1, 2, 777, HALF - 1, HALF]) {
      const sum = k < HALF ? coefficients[k]! + coefficients[N - k]! : coefficients[HALF]!;
      expect(folded[limb * HALF + k - 1]).toBe(sum < 0 ? sum + p : sum);
    }
  }
});

test('reversed transforms are the coefficients of t(1/X)', () => {
  const values = Float64Array.from({ length: 100 }, (_, i) => Math.sin(i));
  const input = { values, fractionBits: 5, transformScale: 2048 };
  const { transforms, reversedTransforms, integers, rowPolynomials } = encodeColumn(input);
  expect(reversedTransforms[0]).toBe(transforms[0]);
  for (const i of [1, 5, N - 1]) expect(reversedTransforms[N - i]).toBe(-transforms[i]! || 0);
  expect([...rowPolynomials]).toEqual([...integers]);
  expect(integers[3]).toBe(Math.round(Math.sin(3) * 32));
});

test('local products are exact modulo their primes, at the extremes too', () => {
  const columns = 600; // more than are summed before a reduction
  const integers = new Int16Array(columns * N).fill(-32768);
  const weights = new Uint32Array(columns).fill(PRIME - 1);
  const input = { integers, stride: N, from: 3, to: 5, weights, prime: PRIME };
  const product = BigInt(-32768) * BigInt(PRIME - 1) * BigInt(columns);
  const expected = Number(((product % BigInt(PRIME)) + BigInt(PRIME)) % BigInt(PRIME));
  expect([...localForward(input)]).toEqual([expected, expected]);

  const residuals = new Uint32Array(2 * N);
  for (const [limb, p] of primes.entries()) residuals.fill(p - 1, limb * N, (limb + 1) * N);
  const sums = localGradient({
    transforms: integers,
    stride: N,
    from: 1,
    to: 2,
    primes,
    residuals,
  });
  for (const [limb, p] of primes.entries()) {
    const sum = BigInt(-32768) * BigInt(p - 1) * BigInt(N);
    expect(sums[limb]).toBe(Number(((sum % BigInt(p)) + BigInt(p)) % BigInt(p)));
  }
});
