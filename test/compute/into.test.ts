import { expect, test } from 'vitest';
import { inlineCompute } from '../../src/compute/inline.ts';
import { openPool } from '../../src/compute/pool.ts';
import { N, ringOf } from '../../src/primitives/he/index.ts';
import { wordsFrom } from '../support/ring.ts';

const word = wordsFrom(1);
const ring = ringOf([28]);
const coefficients = Int32Array.from({ length: N }, () => word() % 100);
const values = Float64Array.from({ length: N }, () => (word() % 9) - 4);
const column = { values, fractionBits: 5, transformScale: 2048 };

test('a result is left in shared memory, whole or by field, on threads as inline', async () => {
  await using pool = openPool({ threads: 1 });
  const expected = await inlineCompute().run('forward', { ring, coefficients });
  const encoded = await inlineCompute().run('encodeColumn', column);
  for (const compute of [pool, inlineCompute()]) {
    const memory = new Uint32Array(new SharedArrayBuffer(8 * N));
    const into = memory.subarray(N);
    const result = await compute.run('forward', { ring, coefficients }, { into });
    expect(result.buffer).toBeInstanceOf(SharedArrayBuffer);
    expect([...into]).toEqual([...expected]);
    expect([...result]).toEqual([...expected]);
    expect(memory.subarray(0, N).every((entry) => entry === 0)).toBe(true);

    const integers = new Int16Array(new SharedArrayBuffer(2 * N));
    const both = await compute.run('encodeColumn', column, { into: { integers } });
    expect([...integers]).toEqual([...encoded.integers]);
    expect(both.transforms).toEqual(encoded.transforms);
  }
});

test('a place of another size is refused', async () => {
  const into = new Uint32Array(new SharedArrayBuffer(4 * N + 4));
  const run = inlineCompute().run('forward', { ring, coefficients }, { into });
  await expect(run).rejects.toMatchObject({
    code: 'internal',
    facts: { expected: N + 1, actual: N },
  });
});

test('work ahead of its time waits for all that is due now', async () => {
  await using pool = openPool({ threads: 1 });
  const order: string[] = [];
  const run = (name: string, priority?: 'idle') =>
    pool
      .run('forward', { ring, coefficients }, priority === undefined ? {} : { priority })
      .then(() => order.push(name));
  await Promise.all([run('first'), run('ahead', 'idle'), run('second'), run('third')]);
  expect(order).toEqual(['first', 'second', 'third', 'ahead']);
});
