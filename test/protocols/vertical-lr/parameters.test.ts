import fc from 'fast-check';
import { expect, test } from 'vitest';
import { SottoError } from '../../../src/base/errors.ts';
import { fieldOf, N } from '../../../src/kernels/field.ts';
import {
  chooseParameters,
  describeParameters,
  type Sizes,
} from '../../../src/protocols/vertical-lr/index.ts';
import { publishedBits } from '../../../src/protocols/vertical-lr/parameters.ts';

const sizes = fc.record({
  rows: fc.integer({ min: 1000, max: 20_000_000 }),
  dActive: fc.integer({ min: 1, max: 400 }),
  dPassive: fc.integer({ min: 1, max: 400 }),
  passes: fc.integer({ min: 1, max: 30 }),
  harmonics: fc.integer({ min: 2, max: 4 }),
});

function refusal(of: Sizes): SottoError {
  try {
    chooseParameters(of);
  } catch (error) {
    if (error instanceof SottoError) return error;
    throw error;
  }
  throw new Error('was not refused');
}

test('whatever the sizes: every rule holds, or the field is named', () => {
  fc.assert(
    fc.property(sizes, (of) => {
      const most = Math.max(of.dActive + 1, of.dPassive);
      const hints = of.dActive + 1 + of.dPassive;
      if (most > Math.floor(of.rows / 10) || hints > 700) {
        expect(refusal(of)).toMatchObject({
          code: 'parameters-rejected',
          facts: { field: 'columns' },
        });
        return;
      }
      const chosen = chooseParameters(of);
      const published = publishedBits(chosen.ring);
      const q = chosen.ring.primes.reduce((product, p) => product * p, 1);
      expect(N - 1.3 * hints).toBeGreaterThanOrEqual(38 * published); // hints
      expect(N).toBeGreaterThanOrEqual(38 * (published + 4)); // zeros
      expect(publishedBits(chosen.forwardRing)).toBeLessThanOrEqual(published);
      expect(chosen.ring.primes).toHaveLength(2);
      expect(chosen.forwardRing.primes).toHaveLength(1);
      expect(q).toBeLessThan(2 ** 58);
      for (const prime of [...chosen.ring.primes, ...chosen.forwardRing.primes]) {
        expect(prime % (2 * N)).toBe(1);
        expect(prime).toBeGreaterThan(0.99 * 2 ** Math.ceil(Math.log2(prime)));
        // Products summed lazily in 64 bits before they are reduced.
        expect(fieldOf(prime).lazyTerms).toBeGreaterThanOrEqual(31);
      }
      const unit = (chosen.phasorScale ** 2 * chosen.transformScale * 2 * of.rows) / N;
      expect(q / unit / chosen.turn).toBeGreaterThanOrEqual(8); // steps of the method
      expect(chosen.gradientTurn).toBeCloseTo(q / unit, 0);
      expect(chosen.noise.gradient).toBeLessThanOrEqual(0.3);
      expect(chosen.noise.logit).toBeLessThanOrEqual(0.1);
      const resists = N - 16 * most >= 38 * published;
      expect(chosen.warnings.length).toBe(resists ? 0 : 1);
    }),
    { numRuns: 300 },
  );
});

test('both parties choose the same', () => {
  const of = { rows: 2600, dActive: 15, dPassive: 12, passes: 10, harmonics: 3 };
  expect(chooseParameters(of)).toEqual(chooseParameters(of));
});

test.each([
  ['rows', { rows: 999 }],
  ['rows', { rows: 2 ** 40 }],
  ['columns', { dActive: 0 }],
  ['columns', { dPassive: 300 }],
  ['passes', { passes: 0 }],
  ['passes', { passes: 1.5 }],
  ['harmonics', { harmonics: 5 }],
])('sizes that no training has are refused with their field: %s of %o', (field, change) => {
  const of = { rows: 2600, dActive: 15, dPassive: 12, passes: 10, harmonics: 3, ...change };
  expect(refusal(of)).toMatchObject({ code: 'parameters-rejected', facts: { field } });
});

test('many columns raise the warning that the keys resist a semi-honest peer only', () => {
  const of = { rows: 100_000, dActive: 10, dPassive: 100, passes: 10, harmonics: 3 };
  expect(chooseParameters(of).warnings.join()).toContain('semi-honest');
  expect(chooseParameters({ ...of, dPassive: 30 }).warnings).toEqual([]);
});

test('the description has names and numbers only', () => {
  const of = { rows: 2600, dActive: 15, dPassive: 12, passes: 10, harmonics: 3 };
  const described = describeParameters(chooseParameters(of));
  expect(described['ring degree']).toBe(4096);
  expect(described['weights opened']).toBe(28);
  expect(Object.values(described).every((v) => typeof v === 'number' || /^[\d/]+$/.test(v))).toBe(
    true,
  );
});
