import { expect, test } from 'vitest';
import { N } from '../../../src/kernels/field.ts';
import { dataPrimes } from '../../../src/primitives/he/index.ts';
import { HALF, sharingTasks } from '../../../src/primitives/sharing/index.ts';
import { foldResidues } from '../../../src/primitives/sharing/phasors.ts';
import { localForward } from '../../../src/primitives/sharing/products.ts';
import { embeddingOf, fold } from '../../support/embedding.ts';
import { wordsFrom } from '../../support/ring.ts';

const { encodeColumn, phasors, embedReals, localGradient } = sharingTasks;
const [PRIME, ...primes] = dataPrimes([28, 25, 24]) as [number, number, number];

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

test.each([
  { extreme: -32768, bits: [28, 21] },
  { extreme: 32767, bits: [29, 29] },
])('local products are exact modulo primes of $bits bits, at $extreme too', ({ extreme, bits }) => {
  const columns = 70; // more than lie in memory at once
  const [rows, from] = [N + 5, 3];
  const stride = 2 * N;
  const word = wordsFrom(9);
  const integers = Int16Array.from({ length: columns * stride }, (_, i) =>
    i % stride < N ? extreme : word(),
  );
  const fields = dataPrimes(bits);
  const prime = fields[0]!;
  const weights = Uint32Array.from({ length: columns }, () => prime - 1);
  const sums = localForward({ integers, stride, from, to: from + rows, weights, prime });
  expect(sums.length).toBe(rows);
  const residue = (sum: bigint, p: number): number =>
    Number(((sum % BigInt(p)) + BigInt(p)) % BigInt(p));
  for (const row of [0, 1, N - from - 1, N - from, rows - 1]) {
    let sum = 0n;
    for (let j = 0; j < columns; j++)
      sum += BigInt(integers[j * stride + from + row]!) * BigInt(weights[j]!);
    expect(sums[row]).toBe(residue(sum, prime));
  }

  const residuals = new Uint32Array(fields.length * stride);
  for (let i = 0; i < residuals.length; i++) residuals[i] = fields[Math.floor(i / N) % 2]! - 1;
  const gradients = localGradient({
    transforms: integers,
    stride,
    from: 1,
    to: 4,
    primes: fields,
    residuals,
  });
  for (const column of [1, 2, 3]) {
    const ofColumn = integers.subarray(column * stride, (column + 1) * stride);
    const total = ofColumn.reduce((sum, x) => sum + x, 0);
    for (const [limb, p] of fields.entries()) {
      const expected = residue(BigInt(total) * BigInt(p - 1), p);
      expect(gradients[(column - 1) * 2 + limb]).toBe(expected);
    }
  }
});
