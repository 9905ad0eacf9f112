import { beforeAll, expect, test } from 'vitest';
import {
  directCoins,
  directPointBytes,
  otDirectChoose,
  otDirectOpen,
  otDirectSend,
  ready,
} from '../../../src/primitives/ot/index.ts';
import { seededRandom } from '../../support/random.ts';

const random = seededRandom('direct transfers');
beforeAll(ready);

/** `sets` sets of `count` records of `width` random bytes, one of each transferred. */
function transfer(shape: { sets: number; count: number; width: number }, indices: number[]) {
  const { sets, count, width } = shape;
  const session = random.bytes(32);
  const records = random.bytes(sets * count * width);
  const coins = directCoins(shape);
  const ours = otDirectChoose({ session, ...shape, indices, coins: random.bytes(coins.receiver) });
  const { offered } = ours;
  const answer = () => otDirectSend({ session, ...shape, offered, records, coins: theirCoins });
  const theirCoins = random.bytes(coins.sender);
  const open = (changes: Partial<Parameters<typeof otDirectOpen>[0]> = {}) =>
    otDirectOpen({ session, ...shape, indices, ...ours, ...answer(), ...changes }).records;
  const wanted = indices.map((index, set) => {
    const at = (set * count + index) * width;
    return records.subarray(at, at + width);
  });
  return { session, records, ours, answer, open, wanted: Buffer.concat(wanted) };
}

test.each([
  [{ sets: 1, count: 2, width: 1 }, [1]],
  [{ sets: 1, count: 1000, width: 33 }, [999]],
  [{ sets: 3, count: 37, width: 20 }, [0, 36, 17]],
])('of each of %o, the wanted record arrives', (shape, indices) => {
  const { open, wanted } = transfer(shape, indices);
  expect(Buffer.from(open())).toEqual(wanted);
});

test('with the keys of one number no other record opens', () => {
  const { open, records } = transfer({ sets: 1, count: 16, width: 16 }, [5]);
  for (let index = 0; index < 16; index += 1) {
    const record = records.subarray(16 * index, 16 * index + 16);
    const same = Buffer.from(open({ indices: [index] })).equals(record);
    expect(same, `record ${index}`).toBe(index === 5);
  }
});

test('the receiver says as many bytes for any index, and other ones each time', () => {
  const shape = { sets: 2, count: 300, width: 4 };
  const said = [0, 299, 0].map((index) => transfer(shape, [index, 7]).ours.offered);
  for (const each of said) expect(each.length).toBe(directPointBytes(shape));
  expect(said[0]).not.toEqual(said[2]);
});

test('equal coins give an equal answer: a retry tells nothing more', () => {
  const { answer } = transfer({ sets: 1, count: 40, width: 8 }, [3]);
  expect(answer()).toEqual(answer());
});

test('another session, a missing point and a record too few are refused or open nothing', () => {
  const { open, answer, wanted } = transfer({ sets: 1, count: 8, width: 16 }, [3]);
  expect(Buffer.from(open({ session: random.bytes(32) }))).not.toEqual(wanted);
  const violation = expect.objectContaining({ code: 'protocol-violation' });
  const { answered, sealed } = answer();
  expect(() => open({ answered: answered.subarray(32) })).toThrowError(violation);
  expect(() => open({ sealed: sealed.subarray(16) })).toThrowError(violation);
  const identity = answered.slice().fill(0, 0, 64);
  expect(() => open({ answered: identity })).toThrowError(violation);
});
