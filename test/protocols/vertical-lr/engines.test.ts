/**
 * Goal: parties need not agree on who draws their coins. Method: one training by every pair of engines, held to the
 * recursion in plain arithmetic as closely as the documented noise lets it be.
 */
import { beforeAll, expect, test } from 'vitest';
import { inlineCompute } from '../../../src/compute/inline.ts';
import { phasorSeries } from '../../../src/math/sigmoid.ts';
import { ENGINES, type Engine, ready, samplers } from '../../../src/primitives/he/index.ts';
import {
  activeTrain,
  chooseParameters,
  passiveTrain,
} from '../../../src/protocols/vertical-lr/index.ts';
import { targetsOf } from '../../../src/protocols/vertical-lr/targets.ts';
import { trainPlainly } from '../../support/plain-training.ts';
import { twoParties } from '../../support/regression-data.ts';
import { bothValues } from '../../support/two-party.ts';

beforeAll(ready);

const sizes = { rows: 3000, dActive: 4, dPassive: 5 };
const settings = { passes: 6, ridge: 0.01, harmonics: 3 };
const data = twoParties({ ...sizes, intercept: -0.7 });
const { series, rate } = targetsOf(data.labels, chooseParameters({ ...sizes, ...settings }));
const plain = trainPlainly(data, settings, (z) => phasorSeries(series, z));
/** Of a weight of one whitened feature. */
const standardError = 1 / Math.sqrt(rate * (1 - rate) * sizes.rows);

const train = (active: Engine, passive: Engine) =>
  bothValues(
    (party) => activeTrain(party, { features: data.active, labels: data.labels, settings }),
    (party) => passiveTrain(party, { features: data.passive, settings }),
    { computes: [inlineCompute(samplers[active]), inlineCompute(samplers[passive])] },
  );

test.each(ENGINES.flatMap((active) => ENGINES.map((passive) => [active, passive] as const)))(
  'active party by %s, passive by %s: the weights are those of plain arithmetic, within the noise',
  async (active, passive) => {
    const [own, other] = await train(active, passive);
    const expected = [...plain.active, ...plain.passive, plain.intercept];
    const found = [...own.weights, ...other.weights, own.intercept];
    const distances = found.map((weight, i) => Math.abs(weight - expected[i]!));
    expect(Math.max(...distances)).toBeLessThan(0.35 * standardError);
  },
);
