/** Goal: requests share tasks without waiting for company, and none pays for another's mistake. */
import { expect, test } from 'vitest';
import { inlineCompute } from '../../src/compute/inline.ts';
import { tasks } from '../../src/compute/tasks.ts';
import { oprfDeriveKey, ready } from '../../src/primitives/oprf/index.ts';
import type { Epoch } from '../../src/tags/epochs.ts';
import { Evaluations } from '../../src/tags/evaluations.ts';
import { seededRandom } from '../support/random.ts';

await ready();
const random = seededRandom('evaluations');
const epoch = (): Epoch =>
  oprfDeriveKey({ seed: random.bytes(32), info: new Uint8Array() }) as unknown as Epoch;
const asked = (points: number) => {
  const inputs = Array.from({ length: points }, () => random.bytes(20));
  const { blinded } = tasks.oprfBlind({ inputs, coins: random.bytes(48 * points) });
  return { blinded, coins: random.bytes(48) };
};

/** Evaluations on one thread, and how many requests each of its tasks had. */
function counted() {
  const sizes: number[] = [];
  const compute = inlineCompute({
    oprfEvaluateEach: (input) => {
      sizes.push(input.requests.length);
      return tasks.oprfEvaluateEach(input);
    },
  });
  return { sizes, evaluations: new Evaluations(compute) };
}

test('the first goes at once, and those that come meanwhile go together, up to a limit', async () => {
  const { sizes, evaluations } = counted();
  const one = epoch();
  const requests = [asked(1), asked(2), asked(3), asked(250), asked(300), asked(1)];
  const answers = await Promise.all(requests.map((each) => evaluations.evaluate(one, each)));
  expect(sizes).toEqual([1, 3, 1, 1]);
  for (const [i, request] of requests.entries()) {
    const { secretKey, publicKey } = one;
    expect(answers[i]).toEqual(tasks.oprfEvaluateWithProof({ secretKey, publicKey, ...request }));
  }
});

test('different keys are never one task', async () => {
  const { sizes, evaluations } = counted();
  const [one, other] = [epoch(), epoch()];
  await Promise.all([one, other, one, other].map((each) => evaluations.evaluate(each, asked(1))));
  expect(sizes).toEqual([1, 2, 1]);
});

test('a bad point fails its own request alone', async () => {
  const { evaluations } = counted();
  const one = epoch();
  const bad = { ...asked(2), blinded: new Uint8Array(64).fill(255) };
  const outcomes = await Promise.allSettled(
    [asked(1), asked(1), bad, asked(2)].map((each) => evaluations.evaluate(one, each)),
  );
  expect(outcomes.map(({ status }) => status)).toEqual([
    'fulfilled',
    'fulfilled',
    'rejected',
    'fulfilled',
  ]);
  expect(outcomes[2]).toMatchObject({ reason: { code: 'protocol-violation' } });
});

test('a task that fails fails all that are in it, and the next is run', async () => {
  const inline = inlineCompute();
  let calls = 0;
  const evaluations = new Evaluations({
    threads: 1,
    run: async (name, input, options) => {
      calls += 1;
      if (calls === 1) throw new Error('a thread is lost');
      return inline.run(name, input, options);
    },
  });
  const one = epoch();
  const outcomes = await Promise.allSettled(
    [asked(1), asked(1)].map((each) => evaluations.evaluate(one, each)),
  );
  expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'fulfilled']);
});
