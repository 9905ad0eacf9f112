/**
 * Goal: whatever a peer, an operator or a file says, it is taken or refused by an error of ours.
 * Method: a thousand of the cases that `npm run fuzz` has by the ten thousand, on one thread.
 */
import { beforeAll, expect, test } from 'vitest';
import { type CaseResult, caseOf, Runner, TARGETS } from './cases.ts';
import { encodeFields, fieldsOf } from './mutations.ts';

const CASES = 1_000;
const SEED = 7;
const runner = new Runner(SEED);

beforeAll(() => runner.prepare());

test('a thousand mutated messages crash nothing, and SEAL sees none of them', async () => {
  const results: CaseResult[] = [];
  for (let number = 0; number < CASES; number++) results.push(await runner.run(number));
  expect(results.filter(({ verdict }) => verdict === 'crashed')).toEqual([]);
  expect(results.filter(({ wasmExceptions }) => wasmExceptions > 0)).toEqual([]);
  const refused = results.filter(({ verdict }) => verdict === 'refused');
  expect(refused.length).toBeGreaterThan(CASES / 2);
  // Each place under test was tried, and said no to something.
  expect(new Set(refused.map(({ target }) => target))).toEqual(
    new Set(TARGETS.map(({ name }) => name)),
  );
});

test('a case has the same coins whenever it is run, and its neighbour others', () => {
  const coins = (number: number): number[] => {
    const { word } = caseOf(SEED, number);
    return Array.from({ length: 5 }, word);
  };
  expect(coins(3)).toEqual(coins(3));
  expect(coins(3)).not.toEqual(coins(4));
});

test('a message that was taken apart and put together is the same message', () => {
  const message = Uint8Array.from([8, 150, 1, 18, 3, 1, 2, 3, 25, 0, 0, 0, 0, 0, 0, 192, 63]);
  expect(encodeFields(fieldsOf(message)!)).toEqual(message);
  expect(fieldsOf(Uint8Array.of(18, 5, 1))).toBeUndefined();
});
