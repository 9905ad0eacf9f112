import fc from 'fast-check';
import { expect, test } from 'vitest';
import { toHex } from '../../../src/base/bytes.ts';
import {
  bitAt,
  EXTENSION_MAX,
  KAPPA,
  otExtend,
  otTasks,
} from '../../../src/primitives/ot/index.ts';
import { seededRandom } from '../../support/random.ts';
import { type BaseKeys, baseKeys, type Cheat, extend } from '../../support/transfers.ts';

const padAt = (pads: Uint8Array, i: number): string => toHex(pads.subarray(16 * i, 16 * i + 16));

test('each chosen pad is the one of its choice, and the other is another', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 700 }), fc.nat(), (count, seed) => {
      const { choices, chosen, zero, one } = extend(baseKeys(seed), count, seed);
      expect([chosen, zero, one].map(({ length }) => length)).toEqual(Array(3).fill(16 * count));
      const pads = new Set<string>();
      for (let i = 0; i < count; i += 1) {
        const [right, wrong] = bitAt(choices, i) === 0 ? [zero, one] : [one, zero];
        expect(padAt(chosen, i)).toBe(padAt(right, i));
        pads.add(padAt(right, i)).add(padAt(wrong, i));
      }
      expect(pads.size).toBe(2 * count);
    }),
    { numRuns: 10 },
  );
});

test('batches of one session share no pad', () => {
  const base = baseKeys('batches');
  const first = extend(base, 64, 'same', {}, 0);
  const second = extend(base, 64, 'same', {}, 1);
  const pads = [first, second].flatMap(({ zero, one }) => [zero, one]);
  const distinct = new Set(
    pads.flatMap((each) => Array.from({ length: 64 }, (_, i) => padAt(each, i))),
  );
  expect(distinct.size).toBe(4 * 64);
});

/** Whether the sender of this session, with its own delta, notices. */
function isCaught(base: BaseKeys, cheat: Cheat): boolean {
  try {
    extend(base, 40, 'cheat', cheat);
    return false;
  } catch (thrown) {
    expect(thrown).toMatchObject({ code: 'verification-failed', facts: { columns: KAPPA } });
    return true;
  }
}

/** Another bit for one transfer, in so many columns. */
const inconsistent = (columns: number): Cheat => ({
  correction: (correction, bytes) => {
    for (let j = 0; j < columns; j += 1) correction[j * bytes]! ^= 1;
  },
});

test('other bits in c columns go unnoticed just where delta is 0 in all of them: for a share of 2^-c', () => {
  let noticed = 0;
  for (let seed = 0; seed < 32; seed += 1) {
    const base = baseKeys(seed);
    const columns = 1 + (seed % 4);
    const guessed = (base.delta[0]! & ((1 << columns) - 1)) === 0;
    expect(isCaught(base, inconsistent(columns))).toBe(!guessed);
    if (!guessed) noticed += 1;
  }
  // 8 (1/2 + 3/4 + 7/8 + 15/16) = 24.5 are expected of these deltas.
  expect(noticed).toBeGreaterThan(17);
  expect(noticed).toBeLessThan(32);
});

test.each([20, 127])('other bits in %d columns are noticed', (columns) => {
  for (let seed = 0; seed < 8; seed += 1) {
    expect(isCaught(baseKeys(seed), inconsistent(columns))).toBe(true);
  }
});

test('a wrong hash of the bits, or of a column, is noticed', () => {
  const wrongBits: Cheat = {
    answer: ({ bits }) => {
      bits[3]! ^= 4;
    },
  };
  const wrongColumn: Cheat = {
    answer: ({ columns }) => {
      columns[2047]! ^= 128;
    },
  };
  for (const cheat of [wrongBits, wrongColumn]) {
    for (let seed = 0; seed < 8; seed += 1) expect(isCaught(baseKeys(seed), cheat)).toBe(true);
  }
});

test('who changes a choice in all columns has to hash the changed bits', () => {
  expect(isCaught(baseKeys(1), inconsistent(KAPPA))).toBe(true);
});

test('what the sender hears is uniform whatever the choices are: ones and zeros differ by the coins', () => {
  const { keys } = baseKeys('hidden');
  const say = (fill: number, coins: string) =>
    otExtend({
      batch: 0,
      count: 256,
      keys,
      choices: new Uint8Array(32).fill(fill),
      coins: seededRandom(coins).bytes(32),
    });
  const [zeros, ones] = [say(0, 'a'), say(255, 'b')];
  expect(zeros.correction.length).toBe(ones.correction.length);
  const challenge = new Uint8Array(16).fill(5);
  const [heard, other] = [zeros, ones].map((each) => otTasks.otAnswerCheck({ ...each, challenge }));
  expect(heard!.bits).not.toEqual(other!.bits);
  // With the hiding block known, the hash of the bits tells all-zero choices: it is the block itself.
  expect(toHex(heard!.bits)).not.toBe(toHex(new Uint8Array(16)));
  expect(toHex(heard!.bits)).toBe(toHex(zeros.bits.subarray(-16)));
});

test('bits beyond the last choice are not looked at', () => {
  const { keys } = baseKeys('beyond');
  const input = { batch: 0, count: 5, keys, coins: new Uint8Array(32).fill(3) };
  const [clean, dirty] = [0b10101, 0b11110101].map((byte) =>
    otExtend({ ...input, choices: Uint8Array.of(byte) }),
  );
  expect(clean).toEqual(dirty);
});

test('lengths and counts are held to what they must be', () => {
  const { keys, chosen, delta } = baseKeys('lengths');
  const refused = (code: string) => expect.objectContaining({ code });
  const input = { batch: 0, count: 8, keys, choices: new Uint8Array(1), coins: new Uint8Array(32) };
  for (const count of [0, -1, 1.5, EXTENSION_MAX + 1, Number.NaN]) {
    expect(() => otExtend({ ...input, count })).toThrowError(refused('invalid-argument'));
  }
  expect(() => otExtend({ ...input, coins: new Uint8Array(31) })).toThrowError(
    refused('invalid-argument'),
  );
  const correction = otExtend(input).correction;
  const sender = { batch: 0, count: 8, keys: chosen, delta };
  for (const wrong of [correction.subarray(1), new Uint8Array(), new Uint8Array(9999)]) {
    expect(() => otTasks.otCorrelate({ ...sender, correction: wrong })).toThrowError(
      refused('protocol-violation'),
    );
  }
  const { columns } = otTasks.otCorrelate({ ...sender, correction });
  const challenge = new Uint8Array(16);
  const answer = { bits: new Uint8Array(15), columns: new Uint8Array(2048) };
  expect(() => otTasks.otVerify({ columns, delta, challenge, answer })).toThrowError(
    refused('protocol-violation'),
  );
});
