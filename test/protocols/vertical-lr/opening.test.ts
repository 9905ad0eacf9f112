/** What is opened: the top 24 bits of a share, rounded once, after all integer multiplications. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fromReal, modulo } from '../../../src/math/torus.ts';
import {
  leavesRange,
  openWeights,
  roundedShares,
} from '../../../src/protocols/vertical-lr/opening.ts';
import { chooseParameters } from '../../../src/protocols/vertical-lr/parameters.ts';
import { integerSchedule, STEP, weightShares } from '../../../src/protocols/vertical-lr/weights.ts';

const parameters = chooseParameters({
  rows: 5000,
  dActive: 3,
  dPassive: 3,
  passes: 8,
  harmonics: 3,
});
const q = parameters.ring.primes.reduce((product, p) => product * BigInt(p), 1n);
const { turn } = parameters;
const residue = fc.bigInt({ min: 0n, max: q - 1n });

test('two shares of one weight open to it, to a step of 24 bits', () => {
  fc.assert(
    fc.property(residue, fc.double({ min: -20, max: 20, noNaN: true }), (mine, weight) => {
      const theirs = modulo(fromReal(weight / turn, q) - mine, q);
      const [opened] = openWeights([mine], roundedShares([theirs], q), { q, turn });
      expect(Math.abs(opened! - weight)).toBeLessThan((0.51 * turn) / 2 ** 24);
    }),
  );
});

test('the low bits of a share cannot be told from what is sent', () => {
  const step = q >> 24n;
  fc.assert(
    fc.property(residue, fc.bigInt({ min: 0n, max: step / 4n }), (share, low) => {
      // Around the centre of a cell every share gives the same three bytes.
      const centre = (((share * (1n << 24n)) / q) * q) >> 24n;
      const near = [centre, modulo(centre + low, q), modulo(centre - low, q)];
      const bytes = near.map((each) => [...roundedShares([each], q)]);
      expect(bytes[1]).toEqual(bytes[0]);
      expect(bytes[2]).toEqual(bytes[0]);
      expect(bytes[0]).toHaveLength(3);
    }),
  );
});

test('rounding comes after the integers: rounded before, the error would be multiplied', () => {
  const schedule = integerSchedule(parameters, 0.01);
  const largest = schedule.end.feature.reduce((m, c) => (c > m ? c : -c > m ? -c : m), 0n);
  expect(largest).toBeGreaterThan(8n);
  fc.assert(
    fc.property(fc.array(residue, { minLength: 8, maxLength: 8 }), (gammas) => {
      const shares = gammas.map((gamma) => [gamma]);
      const [exact] = weightShares(schedule.end, shares, { q, weights: 1 });
      const sum = gammas.reduce((s, g, t) => s + g * schedule.end.feature[t]!, 0n);
      expect(exact).toBe(modulo(sum, q));
      const [a, b, c] = roundedShares([exact!], q);
      const sent = (BigInt(a! * 65536 + b! * 256 + c!) * q) >> 24n;
      const off = modulo(sent - exact!, q);
      const distance = off > q / 2n ? q - off : off;
      expect(distance <= (q >> 25n) + 1n).toBe(true);
    }),
  );
});

test('integers keep the steps of the method to an eighth', () => {
  const { looks, end } = integerSchedule(parameters, 0.01);
  const ratio = parameters.gradientTurn / turn;
  expect(ratio).toBeGreaterThanOrEqual(8);
  // The second look goes a quarter of the first step beyond it.
  const taken = Number(looks[1]!.feature[0]) / ratio;
  expect(Math.abs(taken + 1.25 * STEP)).toBeLessThanOrEqual(1 / 16);
  // The ridge shrinks what the first gradients did; to the intercept it does not apply.
  expect(end.feature[0]! < 0n && end.feature[0]! > end.intercept[0]!).toBe(true);
});

test('one row in a thousand may leave the range, two may not', () => {
  const rows = 5000;
  const of = (beyond: number) => {
    const values = new Float64Array(rows).fill(0.5);
    values.fill(8, 0, beyond);
    return { rows, columns: 1, values };
  };
  const weights = Float64Array.of(parameters.period / 4 / 8);
  expect(leavesRange(parameters, of(5), weights, 0)).toBe(false);
  expect(leavesRange(parameters, of(6), weights, 0)).toBe(true);
  expect(leavesRange(parameters, of(0), weights, parameters.period / 2)).toBe(true);
});
