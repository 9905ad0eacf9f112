/** A key serves one stage of one pass, and a zero serves once; both are gone afterwards. */
import { expect, test } from 'vitest';
import { inlineCompute } from '../../../src/compute/inline.ts';
import { ringOf } from '../../../src/primitives/he/index.ts';
import { StageKey } from '../../../src/protocols/vertical-lr/keys.ts';
import { ZeroPool } from '../../../src/protocols/vertical-lr/zeros.ts';

const compute = inlineCompute();
const { signal } = new AbortController();
const ring = ringOf([28]);
const use = { pass: 3, stage: 'forward' } as const;
const keyOf = (): Promise<StageKey> => StageKey.generate(compute, ring, use, signal);

test('a key refuses another stage and another pass', async () => {
  using key = await keyOf();
  expect(key.secretFor(use).some((coefficient) => coefficient !== 0)).toBe(true);
  expect(() => key.secretFor({ ...use, stage: 'sigmoid' })).toThrow('one stage of one pass');
  expect(() => key.secretFor({ ...use, pass: 4 })).toThrow('one stage of one pass');
});

test('a key is wiped when its stage is over, and serves no more', async () => {
  const key = await keyOf();
  const secret = key.secretFor(use);
  key[Symbol.dispose]();
  expect(secret.every((coefficient) => coefficient === 0)).toBe(true);
  expect(() => key.secretFor(use)).toThrow('one stage of one pass');
});

test('every key is another one', async () => {
  const [one, other] = [await keyOf(), await keyOf()];
  expect(one.publicKey).not.toEqual(other.publicKey);
  expect(one.secretFor(use)).not.toEqual(other.secretFor(use));
});

/** Numbered zeros, and everything that was ever drawn. */
function counted(...portions: number[]) {
  const drawn: { value: Uint32Array; ahead: boolean }[] = [];
  let next = 1;
  const pool = new ZeroPool<{ value: Uint32Array }>(use, portions, async (count, { priority }) => {
    const zeros = { value: Uint32Array.from({ length: count }, () => next++) };
    drawn.push({ ...zeros, ahead: priority === 'idle' });
    return zeros;
  });
  return { pool, drawn };
}

test('each zero is given once, whoever asks, in whatever order, drawn ahead or not', async () => {
  const { pool, drawn } = counted(7, 1, 9, 3);
  await pool.prepare(2);
  const takes = await Promise.all([3, 2, 0, 1].map((portion) => pool.take(use, portion)));
  expect(takes.map(({ value }) => value.length)).toEqual([3, 9, 7, 1]);
  expect(new Set(takes.flatMap(({ value }) => [...value])).size).toBe(20);
  expect(drawn.map(({ ahead }) => ahead)).toEqual([true, false, false, false]);
  for (const portion of [0, 1, 2, 3])
    await expect(pool.take(use, portion)).rejects.toThrow('more zeros');
});

test('what was taken is not drawn again ahead of its time', async () => {
  const { pool, drawn } = counted(4);
  await pool.take(use, 0);
  await pool.prepare(0);
  expect(drawn).toHaveLength(1);
});

test('a stage cannot use more zeros than it was given', async () => {
  const { pool } = counted(5);
  await expect(pool.take(use, 1)).rejects.toThrow('more zeros');
});

test('a zero of one stage or pass serves no other', async () => {
  const { pool } = counted(5);
  await expect(pool.take({ ...use, stage: 'gradient' }, 0)).rejects.toThrow('stage of its key');
  await expect(pool.take({ ...use, pass: 4 }, 0)).rejects.toThrow('stage of its key');
});

test('a pool dies with its stage: what is left is wiped, and who waits is refused', async () => {
  const { pool, drawn } = counted(2, 10, 4);
  for (const portion of [0, 1, 2]) await pool.prepare(portion);
  await pool.take(use, 0);
  const waiting = pool.take(use, 2);
  pool[Symbol.dispose]();
  await expect(waiting).rejects.toThrow('after their stage');
  expect(drawn.flatMap(({ value }) => [...value]).filter((v) => v > 2)).toEqual([]);
  await expect(pool.take(use, 1)).rejects.toThrow('after their stage');
});

test('a draw that fails, fails who waits for it', async () => {
  const pool = new ZeroPool<{ value: Uint32Array }>(use, [3], () =>
    Promise.reject(new Error('no coins')),
  );
  await pool.prepare(0);
  await expect(pool.take(use, 0)).rejects.toThrow('no coins');
});

test('keys on threads are one copy, so that wiping reaches all', async () => {
  using key = await keyOf();
  expect(key.secretFor(use).buffer).toBeInstanceOf(SharedArrayBuffer);
});
