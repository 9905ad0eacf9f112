/**
 * Goal: what two parties train on shares is what one would train on the pooled columns.
 * Method: the textbook recursion in doubles, with the sine series and with the true sigmoid, beside
 * the protocol under errorless and under real encryption.
 */
import { expect, test } from 'vitest';
import { inlineCompute } from '../../../src/compute/inline.ts';
import { logistic } from '../../../src/math/linear-model.ts';
import { fitSineSeries, sineSeries } from '../../../src/math/sigmoid.ts';
import { activeTrain, passiveTrain } from '../../../src/protocols/vertical-lr/index.ts';
import { cleartextTasks } from '../../support/cleartext.ts';
import { type PlainTrained, trainPlainly } from '../../support/plain-training.ts';
import { seededRandom } from '../../support/random.ts';
import { twoParties } from '../../support/regression-data.ts';
import { bothValues, type PairOptions, runPair } from '../../support/two-party.ts';

const rows = 3000;
const data = twoParties({ rows, dActive: 4, dPassive: 5 });
const settings = { passes: 6, ridge: 0.01, harmonics: 3 };
const series = fitSineSeries({ harmonics: 3, range: 8 });
/** Of a weight of one whitened feature, at base rates near 0.3. */
const standardError = 1 / Math.sqrt(0.2 * rows);

async function train(options: PairOptions = {}): Promise<PlainTrained> {
  const [active, passive] = await bothValues(
    (party) => activeTrain(party, { features: data.active, labels: data.labels, settings }),
    (party) => passiveTrain(party, { features: data.passive, settings }),
    options,
  );
  return { active: active.weights, passive: passive.weights, intercept: active.intercept };
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

test('without encryption errors, only roundings part it from the recursion with the sine series', async () => {
  const trained = await train(errorless());
  const reference = trainPlainly(data, settings, (z) => sineSeries(series, z));
  // Features to 1/32, steps of the method to an eighth, replies to their bits: a quarter of a standard error.
  expect(distance(trained, reference)).toBeLessThan(0.25 * standardError);
});

test('with the same coins it is the same training, bit for bit', async () => {
  expect(await train(errorless())).toEqual(await train(errorless()));
});

test('under encryption it differs from that by the documented noise, and from the true sigmoid by the series', async () => {
  const trained = await train();
  const withSeries = trainPlainly(data, settings, (z) => sineSeries(series, z));
  const withSigmoid = trainPlainly(data, settings, logistic);
  expect(distance(trained, withSeries)).toBeLessThan(0.35 * standardError);
  expect(distance(trained, withSigmoid)).toBeLessThan(0.9 * standardError);
});

test('progress names the pass, and never goes back', async () => {
  const [active] = await runPair(
    (party) => activeTrain(party, { features: data.active, labels: data.labels, settings }),
    (party) => passiveTrain(party, { features: data.passive, settings }),
    errorless(),
  );
  const fractions = active.progress.map(({ fraction }) => fraction);
  expect(fractions).toEqual([...fractions].sort((a, b) => a - b));
  expect(fractions.at(-1)).toBe(1);
  for (const { facts } of active.progress) expect(facts?.passes).toBe(settings.passes);
});
