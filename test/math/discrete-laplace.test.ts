import { expect, test } from 'vitest';
import { discreteLaplace, scaleOf } from '../../src/math/discrete-laplace.ts';
import { countsOf, surprise } from '../support/frequencies.ts';
import { seededRandom } from '../support/random.ts';

/** P(x) = tanh(1 / 2s) exp(-|x| / s) for x in -reach..reach, the rest in the outermost. */
function shares(scale: number, reach: number): number[] {
  const found: number[] = [];
  for (let x = -reach; x <= reach; x++) {
    const density = Math.tanh(1 / (2 * scale)) * Math.exp(-Math.abs(x) / scale);
    found.push(Math.abs(x) < reach ? density : density / (1 - Math.exp(-1 / scale)));
  }
  return found;
}

test.each([
  ['a small scale', 1, 2],
  ['scale 2', 1, 0.5],
  ['a scale that is no whole number', 3, 0.7],
  ['a large sensitivity', 40, 1],
])('draws have the frequencies of the definition: %s', (name, sensitivity, epsilon) => {
  const random = seededRandom(`laplace ${name}`);
  const scale = scaleOf(sensitivity, epsilon);
  const reach = Math.ceil((3 * sensitivity) / epsilon);
  const draws = Array.from({ length: 20_000 }, () => discreteLaplace(random, scale));
  const clamped = draws.map((x) => Math.min(reach, Math.max(-reach, x)) + reach);
  const expected = shares(sensitivity / epsilon, reach);
  expect(surprise(countsOf(2 * reach + 1, clamped), expected)).toBeLessThan(5);
});

test('an epsilon is rounded down, so that noise is never less than asked', () => {
  const { numerator, denominator } = scaleOf(1, 0.1);
  expect(Number(denominator) / Number(numerator)).toBeLessThanOrEqual(0.1);
  expect(Number(denominator) / Number(numerator)).toBeGreaterThan(0.1 - 2 ** -20);
});

test('a scale of nothing is refused', () => {
  for (const [sensitivity, epsilon] of [
    [0, 1],
    [1.5, 1],
    [1, 0],
    [1, Number.NaN],
    [1, 2 ** -21],
  ] as const) {
    expect(() => scaleOf(sensitivity, epsilon)).toThrow(RangeError);
  }
});
