/** The short form of `npm run test:faults -- states`: every fault of what is kept, at each step of an alignment. */
import { expect, test } from 'vitest';
import { STATE_FAULTS } from './state-faults.ts';
import { everyState } from './state-runs.ts';

test.each(Object.keys(STATE_FAULTS))(
  '%s: an alignment has its result at both parties, or ends at both',
  async (fault) => {
    for (const { counterexample, runs, same, sameAbort } of await everyState({
      protocol: 'align',
      faults: [fault],
    })) {
      expect(counterexample).toBeUndefined();
      expect(runs).toBeGreaterThan(1);
      expect(same + sameAbort).toBe(runs);
    }
  },
  60_000,
);

test('a disk that does not take that both are sure costs the proposer no result', async () => {
  const [row] = await everyState({ protocol: 'align', faults: ['write fails'] });
  expect(row).toMatchObject({ same: 1, sameAbort: 3 });
}, 60_000);
