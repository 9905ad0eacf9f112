/**
 * Goal: a training that was cut goes on behind the last pass that both have kept, with the same
 * result; once both have kept all passes, it opens the same numbers however often it is repeated.
 * Method: what each party kept in a whole training is given, cut off at each pass, to two new ones.
 */
import { beforeAll, expect, test } from 'vitest';
import type { Random } from '../../../src/base/random.ts';
import { inlineCompute } from '../../../src/compute/inline.ts';
import {
  OpenedWeightsSchema,
  PassKeysSchema,
} from '../../../src/gen/sotto/protocol/v1/vertical_lr_pb.ts';
import {
  activeTrain,
  type Memory,
  passiveTrain,
  type Trained,
} from '../../../src/protocols/vertical-lr/index.ts';
import { cleartextTasks } from '../../support/cleartext.ts';
import { fixedRandom, seededRandom } from '../../support/random.ts';
import { twoParties } from '../../support/regression-data.ts';
import { type Outcome, runPair } from '../../support/two-party.ts';
import { weightNoise } from '../../support/weight-noise.ts';

const data = twoParties({ rows: 2000, dActive: 2, dPassive: 3 });
const settings = { passes: 4, ridge: 0.01, harmonics: 2 };

/** Keeps passes, and in which order it was asked to. */
class Kept implements Memory {
  readonly passes: readonly Uint8Array[];
  readonly all: Uint8Array[];
  readonly asked: string[] = [];

  constructor(passes: readonly Uint8Array[] = []) {
    this.passes = passes;
    this.all = [...passes];
  }

  async keepPass(shares: Uint8Array): Promise<void> {
    this.all.push(shares);
    this.asked.push(`pass ${this.all.length}`);
  }

  async beforeOpening(): Promise<void> {
    this.asked.push('opening');
  }
}

async function trained(
  bank: Memory,
  company: Memory,
  seed: number,
  coins: (seed: string) => Random = seededRandom,
) {
  const compute = (which: number) => inlineCompute(cleartextTasks(coins(`${seed} ${which}`)));
  const [active, passive] = await runPair(
    (party) => activeTrain(party, { ...data, features: data.active, settings, memory: bank }),
    (party) => passiveTrain(party, { features: data.passive, settings, memory: company }),
    { computes: [compute(1), compute(2)], seed },
  );
  if (active.error !== undefined) throw active.error;
  if (passive.error !== undefined) throw passive.error;
  return { active, passive };
}

const weightsOf = ({ active, passive }: Awaited<ReturnType<typeof trained>>) => [
  ...active.value!.weights,
  active.value!.intercept,
  ...passive.value!.weights,
];

const openings = ({ view }: Outcome<Trained>) =>
  view.heard(OpenedWeightsSchema).map(({ shares }) => Buffer.from(shares).toString('hex'));

const whole = { bank: new Kept(), company: new Kept() };
let first: Awaited<ReturnType<typeof trained>>;
beforeAll(async () => {
  first = await trained(whole.bank, whole.company, 1);
});

test('each pass is kept when it is done, and all of them before anything is opened', () => {
  for (const { asked } of [whole.bank, whole.company]) {
    expect(asked).toEqual(['pass 1', 'pass 2', 'pass 3', 'pass 4', 'opening']);
  }
});

/** Of a weight: coins differ from run to run, and with them what is rounded. */
const noise = weightNoise({ rows: 2000, dActive: 2, dPassive: 3, ...settings }, settings.ridge, 0);

test.each([0, 1, 2, 3])('a training cut after pass %i does the others alone', async (done) => {
  const bank = new Kept(whole.bank.all.slice(0, done));
  const company = new Kept(whole.company.all.slice(0, done));
  const again = await trained(bank, company, 2 + done);
  const keys = again.passive.view.heard(PassKeysSchema);
  expect(keys.map(({ pass }) => pass)).toEqual([1, 2, 3, 4].slice(done));
  for (const [i, weight] of weightsOf(again).entries()) {
    expect(Math.abs(weight - weightsOf(first)[i]!)).toBeLessThan(5 * Math.SQRT2 * noise);
  }
});

test.each([0, 1, 2, 3])(
  'with the same coins in every pass, one cut after pass %i ends with the same weights, to the last bit',
  async (done) => {
    const kept = { bank: new Kept(), company: new Kept() };
    const undisturbed = await trained(kept.bank, kept.company, 1, fixedRandom);
    const bank = new Kept(kept.bank.all.slice(0, done));
    const company = new Kept(kept.company.all.slice(0, done));
    const again = await trained(bank, company, 1, fixedRandom);
    expect(bank.asked).toHaveLength(5 - done);
    expect(weightsOf(again)).toEqual(weightsOf(undisturbed));
    expect(openings(again.active)).toEqual(openings(undisturbed.active));
    expect(openings(again.passive)).toEqual(openings(undisturbed.passive));
  },
);

test('a training cut at its opening opens the identical numbers again', async () => {
  const again = await trained(new Kept(whole.bank.all), new Kept(whole.company.all), 9);
  expect(again.active.view.heard(PassKeysSchema)).toEqual([]);
  expect(openings(again.active)).toEqual(openings(first.active));
  expect(openings(again.passive)).toEqual(openings(first.passive));
  expect(weightsOf(again)).toEqual(weightsOf(first));
});

test('shares of another training are not taken for its own', async () => {
  const other = whole.bank.all.map((shares) => shares.subarray(1));
  await expect(trained(new Kept(other), new Kept(whole.company.all), 10)).rejects.toMatchObject({
    code: 'internal',
  });
});
