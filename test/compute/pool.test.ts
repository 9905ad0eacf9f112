import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { SottoError } from '../../src/base/errors.ts';
import type { TaskInput } from '../../src/compute/compute.ts';
import { inlineCompute } from '../../src/compute/inline.ts';
import { openPool } from '../../src/compute/pool.ts';
import { randomScalar } from '../../src/primitives/group/index.ts';
import { seededRandom } from '../support/random.ts';

const scalar = randomScalar(seededRandom('pool')).bytes;
const named = (count: number): TaskInput<'hashAndMultiply'> => ({
  domain: 'test',
  session: new Uint8Array(1),
  scalar,
  ids: Array.from({ length: count }, (_, i) => `${i}`),
});
const MATCHED = { domain: 'test', scalar, width: 16 };
const BRIEF = named(4);
/** A minute of work. */
const ENDLESS = named(200_000);
/** Makes the task throw what is not an error of ours. */
const BROKEN = { ...named(1), ids: undefined } as unknown as TaskInput<'hashAndMultiply'>;

const codeOf = async (run: Promise<unknown>): Promise<string> => {
  const thrown = await run.then(
    () => undefined,
    (error: unknown) => error,
  );
  return thrown instanceof SottoError ? thrown.code : `not ours: ${String(thrown)}`;
};

test('threads compute what is computed inline, from memory that they share', async () => {
  await using pool = openPool({ threads: 2 });
  const inline = await inlineCompute().run('hashAndMultiply', BRIEF);
  const runs = Array.from({ length: 8 }, () => pool.run('hashAndMultiply', BRIEF));
  for (const points of await Promise.all(runs)) expect(points).toEqual(inline);
  expect(pool.replaced).toBe(0);
});

test('an error keeps its class, code and facts across threads', async () => {
  await using pool = openPool({ threads: 1 });
  const identity = { ...MATCHED, points: new Uint8Array(64) };
  for (const compute of [pool, inlineCompute()]) {
    const thrown = await compute
      .run('multiplyToFingerprints', identity)
      .catch((error: unknown) => error);
    expect(thrown).toBeInstanceOf(SottoError);
    expect(thrown).toMatchObject({ code: 'protocol-violation', facts: { position: 0, of: 2 } });
  }
  await pool.run('hashAndMultiply', BRIEF);
  expect(pool.replaced).toBe(0); // a refused input is no reason to distrust the thread
});

test('what is transferred is gone, here and inline alike', async () => {
  await using pool = openPool({ threads: 1 });
  const points = await inlineCompute().run('hashAndMultiply', BRIEF);
  for (const compute of [pool, inlineCompute()]) {
    const moved = points.slice();
    const input = { ...MATCHED, points: moved };
    await compute.run('multiplyToFingerprints', input, { transfer: [moved.buffer] });
    expect(moved.length).toBe(0);
  }
});

test('a thread on which a task failed unexpectedly is never used again', async () => {
  await using pool = openPool({ threads: 1 });
  await expect(pool.run('hashAndMultiply', BROKEN)).rejects.toMatchObject({
    code: 'internal',
    facts: { task: 'hashAndMultiply', kind: 'TypeError' },
  });
  expect(pool.replaced).toBe(1);
  expect((await pool.run('hashAndMultiply', BRIEF)).length).toBe(128);
});

test('a task that takes too long is ended with its thread, and the others go on', async () => {
  await using pool = openPool({ threads: 2, taskTimeoutMs: 3_000 });
  await pool.run('hashAndMultiply', BRIEF);
  const [late, ...timely] = await Promise.all([
    codeOf(pool.run('hashAndMultiply', ENDLESS)),
    ...Array.from({ length: 5 }, () => pool.run('hashAndMultiply', BRIEF)),
  ]);
  expect(late).toBe('deadline-exceeded');
  expect(timely.length).toBe(5);
  expect(pool.replaced).toBe(1);
  expect((await pool.run('hashAndMultiply', BRIEF)).length).toBe(128);
});

test('a cancelled job is over within two seconds, whether its tasks run or wait', async () => {
  await using pool = openPool({ threads: 1 });
  await pool.run('hashAndMultiply', BRIEF);
  const stop = new AbortController();
  const options = { signal: stop.signal };
  const runs = [1, 2, 3].map(() => codeOf(pool.run('hashAndMultiply', ENDLESS, options)));
  const other = pool.run('hashAndMultiply', BRIEF);
  await nextTurn(); // so that the first has its thread
  const started = performance.now();
  stop.abort();
  expect(await Promise.all(runs)).toEqual(['cancelled', 'cancelled', 'cancelled']);
  expect(performance.now() - started).toBeLessThan(2_000);
  expect((await other).length).toBe(128); // another job's task, on a new thread
  expect(performance.now() - started).toBeLessThan(5_000);
  expect(pool.replaced).toBe(1);
  expect(await codeOf(pool.run('hashAndMultiply', BRIEF, options))).toBe('cancelled');
});

test('a cancelled task that soon ends by itself does not cost its thread', async () => {
  await using pool = openPool({ threads: 1 });
  await pool.run('hashAndMultiply', BRIEF);
  const stop = new AbortController();
  const run = codeOf(pool.run('hashAndMultiply', named(100), { signal: stop.signal }));
  await nextTurn();
  stop.abort();
  expect(await run).toBe('cancelled');
  expect((await pool.run('hashAndMultiply', BRIEF)).length).toBe(128);
  expect(pool.replaced).toBe(0);
});

test("the reason of a signal is the caller's when it is an error of ours", async () => {
  await using pool = openPool({ threads: 1 });
  const reason = new SottoError('deadline-exceeded', 'the job took too long');
  const signal = AbortSignal.abort(reason);
  for (const compute of [pool, inlineCompute()]) {
    await expect(compute.run('hashAndMultiply', BRIEF, { signal })).rejects.toBe(reason);
  }
});

test('no more tasks wait than the limit allows', async () => {
  await using pool = openPool({ threads: 1, maxQueue: 2 });
  const runs = [1, 2, 3].map(() => pool.run('hashAndMultiply', BRIEF));
  await expect(pool.run('hashAndMultiply', BRIEF)).rejects.toMatchObject({
    code: 'internal',
    facts: { limit: 2 },
  });
  expect((await Promise.all(runs)).length).toBe(3);
});

test('a closed pool leaves nobody waiting', async () => {
  const stop = new AbortController();
  const pool = openPool({ threads: 1, signal: stop.signal });
  const runs = [1, 2].map(() => codeOf(pool.run('hashAndMultiply', ENDLESS)));
  await pool.close();
  expect(await Promise.all(runs)).toEqual(['cancelled', 'cancelled']);
  expect(await codeOf(pool.run('hashAndMultiply', BRIEF))).toBe('cancelled');
  const aborted = openPool({ threads: 1, signal: AbortSignal.abort() });
  expect(await codeOf(aborted.run('hashAndMultiply', BRIEF))).toBe('cancelled');
  await aborted.close();
});

test('a pool of no threads is refused', () => {
  expect(() => openPool({ threads: 0 })).toThrow('threads');
});
