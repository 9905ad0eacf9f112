/** An alignment whose line fails at any frame, or that somebody cancels, ends on both sides without rows. */
import { describe, expect, test } from 'vitest';
import type { Transport } from '../../../src/channel/transport.ts';
import { inlineCompute } from '../../../src/compute/inline.ts';
import { openPool } from '../../../src/compute/pool.ts';
import { alignFirst, alignSecond } from '../../../src/protocols/psi/index.ts';
import { FAULTS, faultyPair } from '../../support/faulty.ts';
import { memoryPair } from '../../support/memory-pair.ts';
import { toyGroup } from '../../support/toy-group.ts';
import { type PairOptions, runPair } from '../../support/two-party.ts';

const input = {
  ids: Array.from({ length: 10 }, (_, i) => `${i}`),
  session: new Uint8Array(32),
  maxRows: 10_000,
  minRows: 1,
};
/** Opening, size, points, fingerprints, confirmation, and two to finish: as many each way. */
const FRAMES = 7;
const computes = [inlineCompute(toyGroup), inlineCompute(toyGroup)] as const;

const run = (options: PairOptions) =>
  runPair(
    (party) => alignFirst(party, input),
    (party) => alignSecond(party, input),
    { computes, timeoutMs: 150, ...options },
  );

function cutBefore(transport: Transport, frame: number): Transport {
  let written = 0;
  return {
    ...transport,
    write: async (bytes) => {
      if (written++ === frame) await transport.close();
      await transport.write(bytes);
    },
  };
}

describe.each([0, 1] as const)('on the line from party %i', (end) => {
  for (let frame = 0; frame < FRAMES; frame += 1) {
    test(`cut before frame ${frame}`, async () => {
      const [left, right] = memoryPair();
      const transports = [
        end === 0 ? cutBefore(left, frame) : left,
        end === 1 ? cutBefore(right, frame) : right,
      ] as const;
      const codes = (await run({ transports })).map(({ error }) => error?.code);
      expect(codes[end]).toBe('peer-unavailable');
      // Before its last frame, either both have a result that is verified, or neither has one.
      expect(codes[1 - end]).toBe('peer-unavailable');
    });
  }

  test.each(['drop', 'duplicate', 'flip the last bit'])('%s at every frame', async (name) => {
    for (let frame = 0; frame < FRAMES - 2; frame += 1) {
      const outcomes = await run({ transports: faultyPair(end, frame, FAULTS[name]!()) });
      for (const { error, value } of outcomes) {
        expect(['verification-failed', 'protocol-violation', 'deadline-exceeded']).toContain(
          error?.code,
        );
        expect(value).toBeUndefined();
      }
    }
  });
});

test('cancelled in the middle of its work, it is over on both sides within two seconds', async () => {
  await using pool = openPool({ threads: 1 });
  const stop = new AbortController();
  const ids = Array.from({ length: 5_000 }, (_, i) => `${i}`);
  let cancelledAt = 0;
  const outcomes = await runPair(
    async function* (party) {
      const aligning = alignFirst(party, { ...input, ids });
      const first = await aligning.next();
      if (first.done !== true) yield first.value;
      cancelledAt = performance.now();
      stop.abort();
      return yield* aligning;
    },
    (party) => alignSecond(party, { ...input, ids }),
    { computes: [pool, pool], signals: [stop.signal, new AbortController().signal] },
  );
  expect(outcomes.map(({ error }) => error?.code)).toEqual(['cancelled', 'cancelled']);
  expect(performance.now() - cancelledAt).toBeLessThan(2_000);
});
