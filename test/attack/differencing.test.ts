import { expect, test } from 'vitest';
import { attack, THRESHOLD } from './differencing/main.ts';

test('no history of questions gets two answers about nearly the same rows', async () => {
  const verdict = await attack(3);
  expect(verdict.minDifference).toBeGreaterThanOrEqual(THRESHOLD);
  expect(verdict.minDifference).toBeLessThan(2 * THRESHOLD);
  expect(verdict.released).toBeGreaterThan(20);
  expect(verdict.refused).toBeGreaterThan(20);
});
