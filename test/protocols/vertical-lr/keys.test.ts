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
function counted(total: number, lanes = 2) {
  const drawn: { value: Uint32Array }[] = [];
  let next = 1;
  const plan = { total, lanes, after: Promise.resolve() };
  const pool = new ZeroPool(use, plan, async (count) => {
    const zeros = { value: Uint32Array.from({ length: count }, () => next++) };
    drawn.push(zeros);
    return zeros;
  });
  return { pool, drawn };
}

test('each zero is given once, whoever asks and however many at a time', async () => {
  const { pool } = counted(20);
  const takes = await Promise.all([7, 1, 9, 3].map((count) => pool.take(use, count)));
  const values = takes.flatMap(({ zeros }) => [...zeros.value]);
  const serials = takes.flatMap(({ serials }) => serials);
  expect(new Set(values).size).toBe(20);
  expect([...serials].sort((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, i) => i));
});

test('a stage cannot use more zeros than it was given', async () => {
  const { pool } = counted(5);
  await pool.take(use, 4);
  await expect(pool.take(use, 2)).rejects.toThrow('more zeros');
});

test('a zero of one stage or pass serves no other', async () => {
  const { pool } = counted(5);
  await expect(pool.take({ ...use, stage: 'gradient' }, 1)).rejects.toThrow('stage of its key');
  await expect(pool.take({ ...use, pass: 4 }, 1)).rejects.toThrow('stage of its key');
});

test('a pool dies with its stage: what is left is wiped, and who waits is refused', async () => {
  const { pool, drawn } = counted(12);
  await pool.filled;
  await pool.take(use, 2);
  pool[Symbol.dispose]();
  expect(drawn.flatMap(({ value }) => [...value]).filter((v) => v > 2)).toEqual([]);
  await expect(pool.take(use, 1)).rejects.toThrow('after their stage');
});

test('a draw that fails, fails who waits for it', async () => {
  const plan = { total: 3, lanes: 1, after: Promise.resolve() };
  const pool = new ZeroPool<{ value: Uint32Array }>(use, plan, () =>
    Promise.reject(new Error('no coins')),
  );
  await expect(pool.take(use, 1)).rejects.toMatchObject({ code: 'internal' });
});

test('keys on threads are one copy, so that wiping reaches all', async () => {
  using key = await keyOf();
  expect(key.secretFor(use).buffer).toBeInstanceOf(SharedArrayBuffer);
});
