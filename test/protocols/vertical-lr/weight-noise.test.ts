/**
 * Goal: trainings of the same data under other coins differ by as much as the noise budget says, and no more.
 * Method: the same training several times under real encryption, beside the budget's noise of a weight.
 */
import { expect, test } from 'vitest';
import { activeTrain, passiveTrain } from '../../../src/protocols/vertical-lr/index.ts';
import { twoParties } from '../../support/regression-data.ts';
import { bothValues } from '../../support/two-party.ts';
import { weightNoise } from '../../support/weight-noise.ts';

const sizes = { rows: 1200, dActive: 3, dPassive: 6 };
const settings = { passes: 5, ridge: 0.001, harmonics: 3 };
const RUNS = 8;

test('weights of other coins spread as the noise budget says', async () => {
  const { active, passive, labels } = twoParties({ ...sizes, intercept: -0.5 });
  const runs: number[][] = [];
  for (let run = 0; run < RUNS; run++) {
    const [own, other] = await bothValues(
      (party) => activeTrain(party, { features: active, labels, settings }),
      (party) => passiveTrain(party, { features: passive, settings }),
    );
    runs.push([...own.weights, own.intercept, ...other.weights]);
  }
  const variances = runs[0]!.map((_, weight) => {
    const found = runs.map((weights) => weights[weight]!);
    const mean = found.reduce((sum, value) => sum + value, 0) / RUNS;
    return found.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (RUNS - 1);
  });
  const spread = Math.sqrt(variances.reduce((sum, value) => sum + value, 0) / variances.length);
  // 70 degrees of freedom: the spread is known to a twelfth. No loss is flatter than flat, none curved more than 1/4.
  const noise = (curvature: number) =>
    weightNoise({ ...sizes, ...settings }, settings.ridge, curvature);
  expect(spread).toBeLessThan(noise(0));
  expect(spread).toBeGreaterThan(0.75 * noise(0.25));
  expect(noise(0) / noise(0.25)).toBeLessThan(3);
});
