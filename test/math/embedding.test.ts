import { expect, test } from 'vitest';
import { embeddingOf, fold, sineTransform } from '../../src/math/embedding.ts';

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
