/** The short form of `npm run test:faults -- lines`: every fault of a line once, in the middle. */
import { expect, test } from 'vitest';
import { disturbLine } from './line-runs.ts';

const MIDDLE = { moments: [0.6] };

test('whatever happens to the line between two workers, an alignment is right or refused at both', async () => {
  for (const { counterexample, same, sameAbort } of await disturbLine('align', MIDDLE)) {
    expect(counterexample).toBeUndefined();
    expect(same + sameAbort).toBe(1);
  }
}, 120_000);

test.each(['align', 'tag query'])(
  'a line that is reset, or loses or changes a byte, costs %s nothing',
  async (protocol) => {
    const faults = ['reset', 'a byte lost', 'a bit flipped', 'jitter'];
    for (const row of await disturbLine(protocol, { ...MIDDLE, faults })) {
      expect(row).toMatchObject({ runs: 1, same: 1 });
    }
  },
  120_000,
);
