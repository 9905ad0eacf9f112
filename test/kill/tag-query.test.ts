/** The short form of `npm run test:kill -- tag-query`. */
import { expect, test } from 'vitest';
import { killTagQuery } from './tag-query.ts';

test('no answer without its debit and no second debit, however often the server is killed between them', {
  timeout: 240_000,
}, async () => {
  const tally = await killTagQuery(8);
  expect(tally.kills).toBe(8);
  expect(tally.answers).toBe(7); // of one the bank gave up
  expect(tally.debits).toBe(8);
  expect(tally.doubleCharges).toBe(0);
  expect(tally.hitBytes).toBe(tally.missBytes);
});
