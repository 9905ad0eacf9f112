/**
 * Goal: requests share tasks without waiting for company, none pays for another's mistake, and no tenant for
 * another's haste.
 */
import { expect, test } from 'vitest';
import type { Compute } from '../../src/compute/compute.ts';
import { inlineCompute } from '../../src/compute/inline.ts';
import { tasks } from '../../src/compute/tasks.ts';
import { oprfDeriveKey, oprfEvaluateWithProof, ready } from '../../src/primitives/oprf/index.ts';
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
  const requests = [asked(1), asked(2), asked(3), asked(15), asked(29), asked(1)]; // 3 more for each proof
  const answers = await Promise.all(
    requests.map((each) => evaluations.evaluate('bank', one, each)),
  );
  expect(sizes).toEqual([1, 3, 1, 1]);
  for (const [i, request] of requests.entries()) {
    const { secretKey, publicKey } = one;
    expect(answers[i]).toEqual(oprfEvaluateWithProof({ secretKey, publicKey, ...request }));
  }
});

test('tasks are smaller while another tenant asks too', async () => {
  const { sizes, evaluations } = counted();
  const [one, other] = [epoch(), epoch()];
  await evaluations.evaluate('second', other, asked(1));
  const flood = Array.from({ length: 7 }, () => evaluations.evaluate('bank', one, asked(1)));
  await Promise.all(flood);
  expect(sizes).toEqual(Array(8).fill(1));
});

test('different keys are never one task', async () => {
  const { sizes, evaluations } = counted();
  const [one, other] = [epoch(), epoch()];
  const keys = [one, one, one, other, other];
  await Promise.all(keys.map((each) => evaluations.evaluate('bank', each, asked(1))));
  expect(sizes).toEqual([1, 2, 2]);
});

test('a bad point fails its own request alone', async () => {
  const { evaluations } = counted();
  const one = epoch();
  const bad = { ...asked(2), blinded: new Uint8Array(64).fill(255) };
  const outcomes = await Promise.allSettled(
    [asked(1), asked(1), bad, asked(2)].map((each) => evaluations.evaluate('bank', one, each)),
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
    [asked(1), asked(1)].map((each) => evaluations.evaluate('bank', one, each)),
  );
  expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'fulfilled']);
});

test('a large request is many tasks, and its answer the same as of one', async () => {
  const lengths: number[] = [];
  const inline = inlineCompute();
  const compute: Compute = {
    threads: 1,
    run: async (name, input, options) => {
      const { blinded } = input as { blinded?: Uint8Array };
      lengths.push((blinded?.length ?? 0) / 32);
      return inline.run(name, input, options);
    },
  };
  const [one, request] = [epoch(), asked(70)];
  const { secretKey, publicKey } = one;
  const answer = await new Evaluations(compute).evaluate('bank', one, request);
  expect(answer).toEqual(oprfEvaluateWithProof({ secretKey, publicKey, ...request }));
  expect(lengths).toEqual([32, 32, 6, 0]);
  request.blinded.set(new Uint8Array(32).fill(255), 32 * 66);
  await expect(new Evaluations(compute).evaluate('bank', one, request)).rejects.toMatchObject({
    code: 'protocol-violation',
    facts: { position: 66 },
  });
});

/** A thread on which each task waits until it is let go on; and whose requests its tasks were. */
function held(names: ReadonlyMap<Uint8Array, string>) {
  const inline = inlineCompute();
  const order: string[] = [];
  let release = (): void => undefined;
  const compute: Compute = {
    threads: 1,
    run: async (name, input, options) => {
      const { secretKey } = input as { secretKey: Uint8Array };
      order.push(names.get(secretKey) ?? '');
      await new Promise<void>((resolve) => {
        release = resolve;
      });
      return inline.run(name, input, options);
    },
  };
  return { order, evaluations: new Evaluations(compute), release: () => release() };
}

test.each([
  ['a thousand single requests', Array.from({ length: 1000 }, () => 1)],
  ['requests of 4,096 ids', [4096, 4096, 4096]],
])('%s of one tenant delay another by the one task that runs', async (_, flood) => {
  const [loud, quiet] = [epoch(), epoch()];
  const { order, evaluations, release } = held(
    new Map([
      [loud.secretKey, 'loud'],
      [quiet.secretKey, 'quiet'],
    ]),
  );
  const request = asked(1);
  for (const points of flood) {
    const blinded = new Uint8Array(32 * points);
    for (let i = 0; i < points; i += 1) blinded.set(request.blinded, 32 * i);
    void evaluations.evaluate('loud', loud, { ...request, blinded });
  }
  for (let round = 1; round <= 5; round += 1) {
    const answered = evaluations.evaluate('quiet', quiet, request);
    while (order.filter((who) => who === 'quiet').length < round) {
      release();
      await new Promise((resolve) => setImmediate(resolve));
    }
    release();
    await answered;
  }
  const turns = order.slice(0, 10).join(' ');
  expect(turns).toBe(Array.from({ length: 5 }, () => 'loud quiet').join(' '));
});

test('tenants that all have much to ask take turns', async () => {
  const keys = new Map(['a', 'b', 'c'].map((name) => [name, epoch()]));
  const { order, evaluations, release } = held(
    new Map([...keys].map(([name, { secretKey }]) => [secretKey, name])),
  );
  const request = asked(1);
  const answers = [...keys].flatMap(([name, key]) =>
    Array.from({ length: 24 }, () => evaluations.evaluate(name, key, request)),
  );
  let left = true;
  void Promise.all(answers).finally(() => {
    left = false;
  });
  while (left) {
    release();
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(order.join('')).toMatch(/^a(bca)+/);
  expect(order.length).toBe(72); // one request a task
});
