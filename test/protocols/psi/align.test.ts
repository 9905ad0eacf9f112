import fc from 'fast-check';
import { expect, test } from 'vitest';
import { alignFirst, alignSecond } from '../../../src/protocols/psi/index.ts';
import { bothValues } from '../../support/two-party.ts';

const session = new Uint8Array(32).fill(7);

async function align(
  x: readonly string[],
  y: readonly string[],
  seed: number | string = 'align',
): Promise<readonly [x: string[], y: string[]]> {
  const limits = { session, maxRows: 20_000, minRows: 0 };
  const [first, second] = await bothValues(
    (party) => alignFirst(party, { ids: x, ...limits }),
    (party) => alignSecond(party, { ids: y, ...limits }),
    { seed },
  );
  expect(first.peerIds).toBe(y.length);
  expect(second.peerIds).toBe(x.length);
  return [Array.from(first.rows, (row) => x[row]!), Array.from(second.rows, (row) => y[row]!)];
}

test('both parties learn the common ids, in one order', async () => {
  const text = fc.string({ unit: 'grapheme', maxLength: 12 });
  const sets = fc.tuple(
    fc.uniqueArray(text, { maxLength: 12 }),
    fc.uniqueArray(text, { maxLength: 12 }),
    fc.uniqueArray(text, { maxLength: 12 }),
  );
  await fc.assert(
    fc.asyncProperty(sets, fc.nat(), async ([onlyX, onlyY, both], seed) => {
      const x = [...new Set([...onlyX, ...both])];
      const y = [...new Set([...both, ...onlyY])].reverse();
      const [first, second] = await align(x, y, seed);
      expect(first).toEqual(second);
      expect(first.toSorted()).toEqual(x.filter((id) => y.includes(id)).toSorted());
    }),
    { numRuns: 15, seed: 1 },
  );
});
