/** Goal: the engine that a pool is opened with draws the coins on its threads. Method: what tells the engines apart, the noise of a public zero. */
import { expect, test } from 'vitest';
import { DEFAULT_ENGINE, ENGINES, type Engine } from '../../src/compute/compute.ts';
import { inlineCompute } from '../../src/compute/inline.ts';
import { openPool } from '../../src/compute/pool.ts';
import { ringOf } from '../../src/primitives/he/index.ts';
import { deviation, phase } from '../support/ring.ts';

const ring = ringOf([28]);

async function engineOf({ run }: Pick<ReturnType<typeof openPool>, 'run'>): Promise<Engine> {
  const { secret, publicKey } = await run('generateKey', { ring });
  const zeros = await run('publicZeros', { ring, publicKey, count: 1 });
  const noise = deviation(phase(ring, secret, { ...zeros, index: 0, limb: 0 }), ring.primes[0]!);
  return noise < 60 ? 'seal' : 'kernel'; // 15.1 and 239.5
}

test.each(ENGINES)('threads draw by %s where the pool is opened so', async (engine) => {
  await using pool = openPool({ threads: 1, engine });
  expect(await engineOf({ run: pool.run.bind(pool) })).toBe(engine);
});

test('by default it is the kernel, on threads and inline alike', async () => {
  await using pool = openPool({ threads: 1 });
  for (const compute of [pool, inlineCompute()]) {
    expect(await engineOf({ run: compute.run.bind(compute) })).toBe(DEFAULT_ENGINE);
  }
  expect(DEFAULT_ENGINE).toBe('kernel');
});
