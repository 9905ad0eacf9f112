/**
 * Goal: a training that begins at known weights takes the steps of the method from there, on shares; and who begins
 * where is nobody's business but the owner's.
 * Method: few passes from the optimum stay there, few from zero do not reach it; both parties' starts are needed.
 */
import { expect, test } from 'vitest';
import { inlineCompute } from '../../../src/compute/inline.ts';
import { activeTrain, passiveTrain } from '../../../src/protocols/vertical-lr/index.ts';
import { cleartextTasks } from '../../support/cleartext.ts';
import { seededRandom } from '../../support/random.ts';
import { twoParties } from '../../support/regression-data.ts';
import { bothValues, runPair } from '../../support/two-party.ts';

const data = twoParties({ rows: 3000, dActive: 4, dPassive: 5, intercept: -0.7 });
const options = (seed: string) => ({
  computes: [
    inlineCompute(cleartextTasks(seededRandom(`${seed} a`))),
    inlineCompute(cleartextTasks(seededRandom(`${seed} b`))),
  ] as const,
  timeoutMs: 5_000,
});

interface Start {
  readonly active: Float64Array;
  readonly passive: Float64Array;
}

const roles = (passes: number, start?: Partial<Start>) => {
  const settings = { passes, ridge: 0.01, harmonics: 3 };
  return [
    (party: Parameters<typeof activeTrain>[0]) =>
      activeTrain(party, {
        features: data.active,
        labels: data.labels,
        settings,
        start: start?.active,
      }),
    (party: Parameters<typeof passiveTrain>[0]) =>
      passiveTrain(party, { features: data.passive, settings, start: start?.passive }),
  ] as const;
};

async function train(passes: number, start?: Start) {
  const [active, passive] = await bothValues(...roles(passes, start), options(`${passes}`));
  return { active: active.weights, passive: passive.weights };
}

const distance = (a: Start, b: Start): number =>
  Math.hypot(
    ...[...a.active].map((w, i) => w - b.active[i]!),
    ...[...a.passive].map((w, i) => w - b.passive[i]!),
  );

test('from the optimum two passes stay there, and from zero two passes do not get there', async () => {
  const optimum = await train(14);
  const [warm, cold] = [await train(2, optimum), await train(2)];
  expect(distance(warm, optimum)).toBeLessThan(0.06);
  expect(distance(warm, optimum)).toBeLessThan(distance(cold, optimum) / 4);
});

test('enough passes forget where they began', async () => {
  const optimum = await train(14);
  const wrong = {
    active: optimum.active.map((w) => w - 0.5),
    passive: optimum.passive.map(() => 0.4),
  };
  expect(distance(await train(14, wrong), optimum)).toBeLessThan(0.1);
});

test('a party that begins cold does not train with one that begins warm', async () => {
  const [active, passive] = await runPair(
    ...roles(2, { active: new Float64Array(4) }),
    options('one alone'),
  );
  expect(active.error?.code).toBeDefined();
  expect(passive.error?.code).toBe('protocol-violation');
});

test('a start of another length or size is refused', async () => {
  for (const active of [
    new Float64Array(3),
    new Float64Array(4).fill(17),
    new Float64Array(4).fill(Number.NaN),
  ]) {
    const [{ error }] = await runPair(...roles(2, { active }), options('refused'));
    expect(error).toMatchObject({ code: 'invalid-argument', facts: { field: 'start' } });
  }
});
