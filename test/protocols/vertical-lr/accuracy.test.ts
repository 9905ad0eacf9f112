/**
 * Goal: what two parties train on shares is what one would train on the pooled columns.
 * Method: the textbook recursion in doubles, with the sine series and with the true sigmoid, beside
 * the protocol under errorless and under real encryption; for balanced and for rare labels.
 */
import { describe, expect, test } from 'vitest';
import { inlineCompute } from '../../../src/compute/inline.ts';
import { logistic } from '../../../src/math/linear-model.ts';
import { phasorSeries } from '../../../src/math/sigmoid.ts';
import {
  activeTrain,
  chooseParameters,
  passiveTrain,
} from '../../../src/protocols/vertical-lr/index.ts';
import { targetsOf } from '../../../src/protocols/vertical-lr/targets.ts';
import { cleartextTasks } from '../../support/cleartext.ts';
import { type PlainTrained, trainPlainly } from '../../support/plain-training.ts';
import { seededRandom } from '../../support/random.ts';
import { twoParties } from '../../support/regression-data.ts';
import { bothValues, type PairOptions, runPair } from '../../support/two-party.ts';

/** Two blocks, so that either party's phasors are encrypted. */
const sizes = { rows: 6000, dActive: 4, dPassive: 5 };
const settings = { passes: 6, ridge: 0.01, harmonics: 3 };

function setting(intercept: number) {
  const data = twoParties({ ...sizes, intercept });
  const parameters = chooseParameters({ ...sizes, ...settings });
  const { series, rate, pace } = targetsOf(data.labels, parameters);
  const { centre } = series;
  return {
    data,
    rate,
    pace,
    withSeries: trainPlainly(data, settings, (z) => phasorSeries(series, z)),
    withSigmoid: trainPlainly(data, settings, (z) => logistic(centre + z)),
    /** Of a weight of one whitened feature. */
    standardError: 1 / Math.sqrt(rate * (1 - rate) * sizes.rows),
  };
}

async function train(
  { active, passive, labels }: ReturnType<typeof twoParties>,
  options: PairOptions = {},
): Promise<PlainTrained> {
  const [own, other] = await bothValues(
    (party) => activeTrain(party, { features: active, labels, settings }),
    (party) => passiveTrain(party, { features: passive, settings }),
    options,
  );
  return { active: own.weights, passive: other.weights, intercept: own.intercept };
}

function distance(a: PlainTrained, b: PlainTrained): number {
  const flat = (x: PlainTrained): number[] => [...x.active, ...x.passive, x.intercept];
  const other = flat(b);
  return Math.max(...flat(a).map((w, i) => Math.abs(w - other[i]!)));
}

const errorless = (): PairOptions => ({
  computes: [
    inlineCompute(cleartextTasks(seededRandom('errorless a'))),
    inlineCompute(cleartextTasks(seededRandom('errorless b'))),
  ],
});

describe.each([
  ['of which a third are positive', -0.7],
  ['of which one in fifteen is positive', -3.2],
])('labels %s', (_, intercept) => {
  const { data, withSeries, withSigmoid, standardError } = setting(intercept);

  test('without encryption errors, only roundings part it from the recursion with the series', async () => {
    // Features to 1/32, steps of the method to an eighth, replies to their bits.
    expect(distance(await train(data, errorless()), withSeries)).toBeLessThan(0.25 * standardError);
  });

  test('under encryption it differs from that by the documented noise', async () => {
    const trained = await train(data);
    expect(distance(trained, withSeries)).toBeLessThan(0.35 * standardError);
    expect(distance(trained, withSigmoid)).toBeLessThan(0.6 * standardError);
  });
});

test('with the same coins it is the same training, bit for bit', async () => {
  const { data } = setting(-0.7);
  expect(await train(data, errorless())).toEqual(await train(data, errorless()));
});

test('rare labels are followed at a higher pace, which no message shows', () => {
  expect(setting(-0.7).pace).toBe(1);
  const { pace, rate } = setting(-3.2);
  expect(pace).toBeCloseTo(0.6 / (4 * rate * (1 - rate)), 12);
  expect(pace).toBeGreaterThan(1.5);
});

test('progress names the pass, never goes back, and says when the opening is next', async () => {
  const { data } = setting(-0.7);
  const [active] = await runPair(
    (party) => activeTrain(party, { features: data.active, labels: data.labels, settings }),
    (party) => passiveTrain(party, { features: data.passive, settings }),
    errorless(),
  );
  const fractions = active.progress.map(({ fraction }) => fraction);
  expect(fractions).toEqual([...fractions].sort((a, b) => a - b));
  expect(active.progress.at(-1)).toEqual({
    phase: 'open',
    fraction: 1,
    facts: { pass: settings.passes, passes: settings.passes },
  });
  for (const { facts } of active.progress) expect(facts?.passes).toBe(settings.passes);
});
