/**
 * Goal: the kernel embeds as the definition says. Method: the plain embedding against the definition at a small
 * degree, the kernel against the plain embedding at its own.
 */
import { expect, test } from 'vitest';
import {
  embedPhasors,
  HALF,
  sineTransform as kernelTransform,
} from '../../src/kernels/embedding.ts';
import { N as DEGREE } from '../../src/kernels/field.ts';
import { embeddingOf, fold, plainPhasors, sineTransform } from '../support/embedding.ts';
import { wordsFrom } from '../support/ring.ts';

const N = 64;
const M = N / 2;
const angle = (j: number): number => (Math.PI * (4 * j + 1)) / N;
const numbers = (seed: number): Float64Array =>
  Float64Array.from({ length: M }, (_, i) => Math.sin(seed * (i + 1) ** 2));

/** The polynomial's value at e^(i angle(j)), by its definition. */
function valueAt(polynomial: Float64Array, j: number): { re: number; im: number } {
  let re = 0;
  let im = 0;
  for (const [k, c] of polynomial.entries()) {
    re += c * Math.cos(k * angle(j));
    im += c * Math.sin(k * angle(j));
  }
  return { re, im };
}

/** Product mod X^N + 1, by the school method. */
function multiply(a: Float64Array, b: Float64Array): Float64Array {
  const product = new Float64Array(N);
  for (let i = 0; i < N; i++)
    for (let j = 0; j < N; j++) product[(i + j) % N]! += (i + j < N ? 1 : -1) * a[i]! * b[j]!;
  return product;
}

const phasor = (angles: Float64Array): Float64Array =>
  embeddingOf(N).embed(angles.map(Math.cos), angles.map(Math.sin));

test('an embedded polynomial takes the value of slot j at the j-th point', () => {
  const [re, im] = [numbers(1), numbers(2)];
  const polynomial = embeddingOf(N).embed(re.slice(), im.slice());
  for (let j = 0; j < M; j++) {
    expect(valueAt(polynomial, j).re).toBeCloseTo(re[j]!, 10);
    expect(valueAt(polynomial, j).im).toBeCloseTo(im[j]!, 10);
  }
});

test('a product of phasors folds to the sine of the sum of the angles, wrapped or not', () => {
  const [a, b] = [numbers(3).map((x) => 40 * x), numbers(4).map((x) => 40 * x)];
  const folded = fold(multiply(phasor(a), phasor(b)));
  for (let j = 0; j < M; j++) {
    const sum = folded.reduce((total, e, i) => total + e * Math.sin((i + 1) * angle(j)), 0);
    expect(sum).toBeCloseTo(Math.sin(a[j]! + b[j]!), 10);
  }
});

test('folding is linear, so each party folds its own share', () => {
  const [a, b] = [phasor(numbers(5)), phasor(numbers(6))];
  const sum = fold(a.map((x, i) => x + b[i]!));
  const [foldedA, foldedB] = [fold(a), fold(b)];
  for (let k = 0; k < M; k++) expect(sum[k]).toBeCloseTo(foldedA[k]! + foldedB[k]!, 10);
});

test('an inner product of rows is one of transforms', () => {
  const [x, residuals] = [numbers(7), numbers(8)];
  const folded = fold(embeddingOf(N).embed(new Float64Array(M), residuals.slice()));
  const direct = x.reduce((sum, v, j) => sum + v * residuals[j]!, 0);
  const transformed = sineTransform(x, 5).reduce((sum, t, k) => sum + t * folded[k]!, 0);
  expect((M / 5) * transformed).toBeCloseTo(direct, 10);
});

const PRIME = 268369921;
const factorsOf = (harmonics: number) => ({
  real: Float64Array.of(8192, -300.5, 0, 2 ** 20).subarray(0, harmonics),
  imaginary: Float64Array.of(0, 8000, -1, 2 ** 20).subarray(0, harmonics),
});

/** Uniform shares, and those next to every eighth of a turn, where signs and quadrants change. */
function sharesOf(rows: number): Uint32Array {
  const word = wordsFrom(rows);
  const shares = Uint32Array.from({ length: rows }, () => word() % PRIME);
  const edges = Array.from({ length: 8 }, (_, i) => Math.floor((i * PRIME) / 8));
  shares.set(edges.flatMap((edge) => [edge, edge + 1]).slice(0, rows));
  if (rows > 16) shares[16] = PRIME - 1;
  return shares;
}

/** The largest distance of an integer from what it rounds. */
const farthest = (rounded: Int32Array, exact: Float64Array): number =>
  rounded.reduce((most, x, i) => Math.max(most, Math.abs(x - exact[i]!)), 0);

/** An integer is the nearest where doubles do not decide otherwise. */
const NEAREST = 0.5 + 1e-6;

// Longer ones first, so that what they leave behind would be seen.
test.each([
  { rows: HALF, harmonics: 4 },
  { rows: HALF - 1, harmonics: 3 },
  { rows: 1000, harmonics: 1 },
  { rows: 1, harmonics: 2 },
  { rows: 0, harmonics: 1 },
])(
  '$harmonics harmonics of $rows phasors are embedded, each coefficient rounded to nearest',
  ({ rows, harmonics }) => {
    const shares = sharesOf(rows);
    const factors = factorsOf(harmonics);
    const coefficients = new Int32Array(harmonics * DEGREE).fill(7);
    embedPhasors(shares, PRIME, factors, coefficients);
    for (let k = 0; k < harmonics; k++) {
      const factor = [factors.real[k]!, factors.imaginary[k]!] as const;
      const exact = plainPhasors(shares, PRIME, 2 * k + 1, factor);
      const rounded = coefficients.subarray(k * DEGREE, (k + 1) * DEGREE);
      expect(farthest(rounded, exact)).toBeLessThan(NEAREST);
    }
  },
);

test('more harmonics or rows than one call takes are refused', () => {
  const target = new Int32Array(5 * DEGREE);
  const many = { real: new Float64Array(5), imaginary: new Float64Array(5) };
  expect(() => embedPhasors(new Uint32Array(1), PRIME, many, target)).toThrow('too many phasors');
  const long = new Uint32Array(HALF + 1);
  expect(() => embedPhasors(long, PRIME, factorsOf(1), target)).toThrow('too many phasors');
});

test.each([HALF, 777, 1])('a column of %i rows is transformed, rounded to nearest', (rows) => {
  const word = wordsFrom(rows);
  const column = new Float64Array(HALF);
  for (let row = 0; row < rows; row++) column[row] = word() / 2 ** 28 - 8;
  for (const scale of [2048, 2 ** 26]) {
    const exact = sineTransform(column, scale);
    const rounded = new Int32Array(HALF);
    kernelTransform(column.subarray(0, rows), scale, rounded);
    expect(farthest(rounded, exact)).toBeLessThan(NEAREST);
  }
});
