/**
 * Goal: a party's view of a training, all that it hears and computes, does not rank the other's rows.
 * Method: every polynomial of the view, read in every way, against the secret bit; and the same
 * attack on a build that leaks, which it must find.
 */
import { expect, test } from 'vitest';
import { attack } from './labels/attack.ts';

test('no message or share of a training ranks the rows by their labels', async () => {
  const [view] = await attack('product', 7, ['passive']);
  expect(view!.candidates).toBeGreaterThan(500);
  // 4,096 rows: five standard errors on each side of chance.
  expect(view!.auc).toBeGreaterThan(0.45);
  expect(view!.auc).toBeLessThan(0.55);
}, 60_000);

test('the same attack reads every label of a build that repeats its zeros', async () => {
  const [view] = await attack('zero-repeated', 7, ['passive']);
  expect(Math.max(view!.auc, 1 - view!.auc)).toBeGreaterThan(0.9);
}, 60_000);
