/** Goal: a worker that leaks is told from one that does not, however uneasy its memory is. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { growthOf, type Sample, sampleOf, WATCHED } from './memory.ts';

const MINUTE_MS = 60_000;

/** One sample each three seconds for seven minutes; every fifth is far off. */
function samplesOf(mibPerMinute: number): Sample[] {
  return Array.from({ length: 140 }, (_, i) => {
    const atMs = 3_000 * i;
    const uneasy = ((i * 7919) % 13) / 10;
    const residentMiB = 180 + (atMs / MINUTE_MS) * mibPerMinute + uneasy + (i % 5 === 0 ? 20 : 0);
    return { atMs, residentMiB, heapMiB: residentMiB / 4 };
  });
}

test.each([
  [0, 0],
  [0.05, 0.35],
  [0.3, 2.1],
  [-0.5, -3.5],
])('%d MiB a minute is %d MiB in seven', (mibPerMinute, growth) => {
  expect(growthOf(samplesOf(mibPerMinute), 'residentMiB')).toBeCloseTo(growth, 0);
  expect(growthOf(samplesOf(mibPerMinute), 'heapMiB')).toBeCloseTo(growth / 4, 0);
});

test('what a process drops is not counted, and what it keeps is', { timeout: 30_000 }, async () => {
  const program = `
    const kept = [];
    process.on('message', (message) => {
      if (message !== 'drop' && message !== 'keep') return;
      const numbers = Array.from({ length: 1e6 }, (_, i) => i / 3);
      if (message === 'keep') kept.push(numbers);
      process.send('done');
    });
    process.send('ready');`;
  const child = spawn(process.execPath, ['-e', program], {
    env: { ...process.env, ...WATCHED },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const tell = async (word: string): Promise<Sample> => {
    const done = once(child, 'message');
    child.send(word);
    await done;
    return await sampleOf(child);
  };
  await once(child, 'message');
  await tell('drop');
  const before = await tell('drop');
  const dropped = await tell('drop');
  const kept = await tell('keep');
  child.kill();
  expect(Math.abs(dropped.heapMiB - before.heapMiB)).toBeLessThan(1);
  expect(kept.heapMiB - before.heapMiB).toBeGreaterThan(7);
  expect(kept.residentMiB - before.residentMiB).toBeGreaterThan(5);
});
