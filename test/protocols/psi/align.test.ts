import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { inlineCompute } from '../../../src/compute/inline.ts';
import { openPool } from '../../../src/compute/pool.ts';
import { BATCH } from '../../../src/protocols/psi/batches.ts';
import { type AlignInput, alignFirst, alignSecond } from '../../../src/protocols/psi/index.ts';
import { CANARIES } from '../../../src/protocols/psi/setup.ts';
import { toyGroup } from '../../support/toy-group.ts';
import { bothValues, type PairOptions, runPair } from '../../support/two-party.ts';

const session = new Uint8Array(32).fill(7);
const limits = { session, maxRows: 20_000, minRows: 0 };
const numbered = (count: number, from = 0): string[] =>
  Array.from({ length: count }, (_, i) => `customer ${from + i}`);

/** The common ids as each side finds them, in the common order. */
async function align(
  x: readonly string[],
  y: readonly string[],
  options: PairOptions = {},
): Promise<readonly [x: string[], y: string[]]> {
  const [first, second] = await bothValues(
    (party) => alignFirst(party, { ids: x, ...limits }),
    (party) => alignSecond(party, { ids: y, ...limits }),
    options,
  );
  expect([first.peerIds, second.peerIds]).toEqual([y.length, x.length]);
  return [Array.from(first.rows, (row) => x[row]!), Array.from(second.rows, (row) => y[row]!)];
}

const expectCommon = async (x: readonly string[], y: readonly string[], options?: PairOptions) => {
  const [first, second] = await align(x, y, options);
  const held = new Set(y);
  expect(first).toEqual(second);
  expect(first.toSorted()).toEqual(x.filter((id) => held.has(id)).toSorted());
};

test('both parties learn the common ids, in one order', async () => {
  const texts = fc.uniqueArray(fc.string({ unit: 'grapheme', maxLength: 12 }), { maxLength: 10 });
  await fc.assert(
    fc.asyncProperty(texts, texts, texts, fc.nat(), async (onlyX, onlyY, both, seed) => {
      const x = [...new Set([...onlyX, ...both])];
      const y = [...new Set([...both, ...onlyY])].reverse();
      await expectCommon(x, y, { seed });
    }),
    { numRuns: 20, seed: 1 },
  );
});

test('with a seed of its own the common order is the same in every session, and another with another seed', async () => {
  const ids = numbered(50);
  const ordered = async (seed: number, order: number): Promise<string[]> => {
    const input = { ...limits, session: Uint8Array.of(seed), order: Uint8Array.of(order) };
    const [first, second] = await bothValues(
      (party) => alignFirst(party, { ids, ...input }),
      (party) => alignSecond(party, { ids: ids.toReversed(), ...input }),
      { seed },
    );
    const common = Array.from(first.rows, (row) => ids[row]!);
    expect(Array.from(second.rows, (row) => ids.toReversed()[row]!)).toEqual(common);
    return common;
  };
  const order = await ordered(1, 1);
  expect(await ordered(2, 1)).toEqual(order);
  expect(await ordered(1, 2)).not.toEqual(order);
  expect(order).not.toEqual(order.toSorted());
});

describe('sets of every shape', () => {
  const ten = numbered(10);
  test.each([
    ['nothing on either side', [], []],
    ['nothing on one side', [], ten],
    ['nothing on the other side', ten, []],
    ['one id', ['a'], ['a']],
    ['one id each, another', ['a'], ['b']],
    ['the same', ten, ten.toReversed()],
    ['nothing in common', ten, numbered(10, 10)],
    ['a subset', numbered(4, 3), ten],
    ['the empty id', ['', 'a'], ['']],
    ['names of canaries', ['canary:0', 'id:canary:0', 'id:'], ['canary:0', 'id:']],
  ])('%s', (_, x, y) => expectCommon(x, y));
});

test('sets on both sides of the edge of a message', async () => {
  const computes = [inlineCompute(toyGroup), inlineCompute(toyGroup)] as const;
  for (const [elements, side] of [
    [BATCH - 1, 'first'],
    [BATCH, 'second'],
    [BATCH + 1, 'first'],
    [2 * BATCH, 'first'],
  ] as const) {
    const big = numbered(elements - CANARIES);
    const few = numbered(100, big.length - 50);
    await (side === 'first'
      ? expectCommon(big, few, { computes })
      : expectCommon(few, big, { computes }));
  }
});

test('sets that many threads share', async () => {
  await using pool = openPool({ threads: 2 });
  await expectCommon(numbered(700), numbered(500, 400), { computes: [pool, pool] });
});

test('progress of a phase only ever rises, to its end', async () => {
  const [first] = await runPair(
    (party) => alignFirst(party, { ids: numbered(100), ...limits }),
    (party) => alignSecond(party, { ids: numbered(100), ...limits }),
  );
  for (const phase of ['blind', 'evaluate']) {
    const fractions = first.progress.filter((each) => each.phase === phase);
    expect(fractions.at(-1)?.fraction).toBe(1);
  }
});

describe('refused on both sides, with the field that somebody must mend', () => {
  const outcome = async (x: Partial<AlignInput>, y: Partial<AlignInput>) => {
    const ids = numbered(5);
    const [first, second] = await runPair(
      (party) => alignFirst(party, { ids, ...limits, ...x }),
      (party) => alignSecond(party, { ids, ...limits, ...y }),
    );
    return [first.error?.toRecord(), second.error?.toRecord()];
  };

  test('fewer common ids than agreed', async () => {
    const minRows = 6;
    for (const error of await outcome({ minRows }, { minRows })) {
      expect(error).toMatchObject({ code: 'parameters-rejected', facts: { field: 'min_rows' } });
    }
  });

  test('more ids than agreed, on either side', async () => {
    const ids = numbered(8);
    const maxRows = 7;
    for (const [x, y] of [
      [{ ids, maxRows }, { maxRows }],
      [{ maxRows }, { ids, maxRows }],
      [{ maxRows }, { ids }], // a peer that does not keep to it
      [{ ids }, { maxRows }],
    ] as const) {
      for (const error of await outcome(x, y)) {
        expect(error).toMatchObject({ code: 'parameters-rejected', facts: { field: 'max_rows' } });
      }
    }
  });

  test.each([alignFirst, alignSecond])('the same role twice', async (role) => {
    const input = { ids: numbered(3), ...limits };
    const both = await runPair(
      (party) => role(party, input),
      (party) => role(party, input),
    );
    for (const { error } of both) {
      expect(error?.toRecord()).toMatchObject({
        code: 'parameters-rejected',
        facts: { field: 'role' },
      });
    }
  });

  test('an id that occurs twice, or is not text', async () => {
    const [twice] = await outcome({ ids: ['a', 'b', 'a'] }, {});
    expect(twice).toMatchObject({ code: 'invalid-argument', facts: { earlier: 0, row: 2 } });
    const [broken, told] = await outcome({ ids: ['a', '\ud800'] }, {});
    expect(broken).toMatchObject({ code: 'invalid-argument', facts: { row: 1 } });
    expect(told).toMatchObject({ code: 'invalid-argument', facts: { reportedBy: 'peer' } });
  });
});

test('another session finds nothing, and says so', async () => {
  const other = { ...limits, session: new Uint8Array(32) };
  const outcomes = await runPair(
    (party) => alignFirst(party, { ids: numbered(5), ...limits }),
    (party) => alignSecond(party, { ids: numbered(5), ...other }),
  );
  for (const { error } of outcomes) {
    expect(error?.toRecord()).toMatchObject({ code: 'verification-failed' });
  }
});
