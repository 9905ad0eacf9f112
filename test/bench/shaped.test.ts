import { expect, test } from 'vitest';
import { shaped } from '../../benchmarks/scenarios/shaped.ts';
import { memoryPair } from '../support/memory-pair.ts';

test('a frame takes half a round trip and the time of its bits', async () => {
  const [left, right] = memoryPair();
  const slow = shaped(left, { rttMs: 60, mbitPerSecond: 8 });
  const started = performance.now();
  const reading = (async () => {
    for (let i = 0; i < 4; i += 1) await right.read();
    return performance.now() - started;
  })();
  for (let i = 0; i < 4; i += 1) await slow.write(new Uint8Array(10_000)); // 10 ms each
  expect(await reading).toBeGreaterThanOrEqual(69);
});

test('frames keep their order, and what was written arrives although the line is closed', async () => {
  const [left, right] = memoryPair();
  const slow = shaped(left, { rttMs: 10, mbitPerSecond: 1000 });
  await Promise.all([1, 2, 3].map((byte) => slow.write(new Uint8Array([byte]))));
  await slow.close();
  const heard = [await right.read(), await right.read(), await right.read(), await right.read()];
  expect(heard.map((frame) => frame?.[0])).toEqual([1, 2, 3, undefined]);
});

test('a line without a bandwidth is refused', () => {
  expect(() => shaped(memoryPair()[0], { rttMs: 1, mbitPerSecond: 0 })).toThrow('bandwidth');
});
