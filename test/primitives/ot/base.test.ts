import { beforeAll, expect, test } from 'vitest';
import { concat, toHex } from '../../../src/base/bytes.ts';
import { combineEach, GENERATOR } from '../../../src/primitives/oprf/points.ts';
import {
  BASE_ANSWER_COINS,
  BASE_CHOICE_COINS,
  bitAt,
  KAPPA,
  otBaseAnswer,
  otBaseChoose,
  otBaseOpen,
  ready,
} from '../../../src/primitives/ot/index.ts';
import { seededRandom } from '../../support/random.ts';

const session = new Uint8Array(32).fill(4);
const choices = seededRandom('base choices').bytes(KAPPA / 8);
const coins = seededRandom('base coins').bytes(BASE_CHOICE_COINS);

let offer: ReturnType<typeof otBaseChoose>;
let answer: ReturnType<typeof otBaseAnswer>;

beforeAll(async () => {
  await ready();
  offer = otBaseChoose({ session, choices, coins });
  answer = otBaseAnswer({ session, offered: offer.offered, coins: answerCoins });
});

const answerCoins = seededRandom('base answer').bytes(BASE_ANSWER_COINS);
const keyAt = (keys: Uint8Array, at: number): string => toHex(keys.subarray(16 * at, 16 * at + 16));

test('the receiver has the key of its choice, of each of 128 transfers, and not the other', () => {
  const opened = otBaseOpen({ session, choices, ...offer, answered: answer.answered });
  for (let i = 0; i < KAPPA; i += 1) {
    const choice = bitAt(choices, i);
    expect(keyAt(opened.keys, i)).toBe(keyAt(answer.keys, 2 * i + choice));
    expect(keyAt(opened.keys, i)).not.toBe(keyAt(answer.keys, 2 * i + 1 - choice));
  }
  const all = Array.from({ length: 2 * KAPPA }, (_, at) => keyAt(answer.keys, at));
  expect(new Set(all).size).toBe(2 * KAPPA);
});

test('the keys belong to the session', () => {
  const other = new Uint8Array(32).fill(5);
  const { keys } = otBaseOpen({
    session: other,
    choices,
    ...offer,
    answered: answer.answered,
  });
  for (let i = 0; i < KAPPA; i += 1) {
    expect(keyAt(answer.keys, 2 * i + bitAt(choices, i))).not.toBe(keyAt(keys, i));
  }
});

test('an offer has no point twice, and no pair that gives its choice away by order', () => {
  const points = Array.from({ length: 2 * KAPPA }, (_, i) =>
    toHex(offer.offered.subarray(32 * i, 32 * i + 32)),
  );
  expect(new Set(points).size).toBe(2 * KAPPA);
  const sorted = Array.from({ length: KAPPA }, (_, i) => points[2 * i]! < points[2 * i + 1]!);
  const agreeing = sorted.filter((first, i) => first === (bitAt(choices, i) === 0)).length;
  expect(agreeing).toBeGreaterThan(34); // within 5 deviations of the half
  expect(agreeing).toBeLessThan(94);
});

const identity = new Uint8Array(32);
const notCanonical = new Uint8Array(32).fill(255);
const negative = Uint8Array.from([1, ...new Uint8Array(31)]);

test.each([
  ['the identity', identity],
  ['a field element out of range', notCanonical],
  ['a negative one', negative],
])('%s is refused from either side, by its position', (_, bad) => {
  const violation = expect.objectContaining({
    code: 'protocol-violation',
    facts: expect.objectContaining({ position: 6 }) as unknown,
  });
  const offered = offer.offered.slice();
  offered.set(bad, 32 * 6);
  expect(() => otBaseAnswer({ session, offered, coins: answerCoins })).toThrowError(violation);
  const answered = answer.answered.slice();
  // Point 6 is transfer 3's first: it is looked at where that was chosen, the identity in any case.
  const wanted = choices.slice();
  wanted[0]! &= ~8;
  answered.set(bad, 32 * 6);
  expect(() => otBaseOpen({ session, choices: wanted, ...offer, answered })).toThrowError(
    expect.objectContaining({ code: 'protocol-violation' }),
  );
});

test('a message of another length is refused', () => {
  for (const wrong of [offer.offered.subarray(32), concat(offer.offered, GENERATOR)]) {
    expect(() => otBaseAnswer({ session, offered: wrong, coins: answerCoins })).toThrowError(
      expect.objectContaining({ code: 'protocol-violation' }),
    );
  }
});

test('coins of zeros, which nobody tossed, are refused', () => {
  const forgotten = new Uint8Array(BASE_CHOICE_COINS);
  expect(() => otBaseChoose({ session, choices, coins: forgotten })).toThrowError(
    expect.objectContaining({ code: 'invalid-argument' }),
  );
});

test('a point minus itself is the identity, and a sum minus a part the other part', () => {
  expect(combineEach(GENERATOR, '-', GENERATOR)).toEqual(identity);
  const twice = combineEach(GENERATOR, '+', GENERATOR);
  expect(toHex(combineEach(twice, '-', GENERATOR))).toBe(toHex(GENERATOR));
});
