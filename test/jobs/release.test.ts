import { expect, onTestFinished, test } from 'vitest';
import { utf8 } from '../../src/base/bytes.ts';
import { freshKey, Vault } from '../../src/base/sealed.ts';
import type { Budget } from '../../src/jobs/options.ts';
import { type Question, ReleaseGate } from '../../src/jobs/release.ts';
import { RowNames } from '../../src/jobs/row-sets.ts';
import { openState } from '../../src/jobs/state.ts';
import { systemRandom } from '../../src/jobs/system.ts';
import { auditIn } from '../support/audit.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const vault = new Vault(freshKey());
const BUDGET: Budget = { epsilon: 1, exact: 3, rows: 1_000 };

function openGate(folder = temporaryFolder()) {
  const database = openState(folder);
  const close = (): void => {
    if (database.isOpen) database.close();
  };
  onTestFinished(close);
  const names = new RowNames(database, systemRandom, vault);
  const audit = auditIn(temporaryFolder());
  return { gate: new ReleaseGate(database, names, vault, () => BUDGET, audit), folder, close };
}

const ids = (from: number, to: number): string[] =>
  Array.from({ length: to - from }, (_, index) => `customer ${from + index}`);

const question = (text: string, change: Partial<Question> = {}): Question => ({
  peer: 'telco',
  dataset: 'customers',
  kind: 'count',
  job: 'job',
  question: utf8(text),
  sets: [ids(0, 200)],
  cost: { epsilon: 0.4 },
  least: 50,
  ...change,
});

const exhausted = (facts: object) =>
  expect.objectContaining({ code: 'budget-exhausted', facts: expect.objectContaining(facts) });

/** Two answers are never alike by chance. */
const coin = () => systemRandom.bytes(16);

test('the same question about the same rows has the same answer, and costs nothing again', async () => {
  const { gate, folder, close } = openGate();
  const first = await gate.release(question('a'), coin);
  expect(await gate.release(question('a'), coin)).toEqual(first);
  expect(await gate.release(question('a', { job: 'a later job' }), coin)).toEqual(first);
  expect(gate.exposure('telco', 'customers')).toMatchObject({
    releases: 1,
    left: { epsilon: 0.6 },
  });
  close();
  const { gate: next } = openGate(folder);
  expect(await next.release(question('a'), coin)).toEqual(first);
});

test('another peer, question, protocol or set of rows is another question', async () => {
  const { gate } = openGate();
  const exact = { cost: { exact: 1 } };
  const first = await gate.release(question('a', exact), coin);
  for (const other of [
    question('b', exact),
    question('a', { ...exact, kind: 'measure' }),
    question('a', { ...exact, peer: 'airline' }),
    question('a', { ...exact, peer: 'airline', sets: [ids(0, 300)] }),
  ]) {
    expect(await gate.release(other, coin)).not.toEqual(first);
  }
});

test('a budget is spent once for each question, and then no more is released', async () => {
  const { gate } = openGate();
  await gate.release(question('a'), coin);
  await gate.release(question('b'), coin);
  const refusal = exhausted({ unit: 'epsilon', asked: 0.4, dataset: 'customers' });
  expect(() => gate.check(question('c'))).toThrowError(refusal);
  await expect(gate.release(question('c'), coin)).rejects.toThrowError(refusal);
  expect(gate.exposure('telco', 'customers').left).toMatchObject({ epsilon: expect.closeTo(0.2) });
  await gate.release(question('c', { cost: { exact: 3, rows: 1_000 } }), coin);
  expect(gate.exposure('telco', 'customers').left).toMatchObject({ exact: 0, rows: 0 });
});

test('budgets of several peers and datasets are apart', async () => {
  const { gate } = openGate();
  await gate.release(question('a', { cost: { epsilon: 1 } }), coin);
  await gate.release(question('a', { cost: { epsilon: 1 }, peer: 'airline' }), coin);
  await gate.release(question('a', { cost: { epsilon: 1 }, dataset: 'loans' }), coin);
  expect(gate.exposure('telco', 'customers').left.epsilon).toBe(0);
});

test('too few rows, and rows that differ in too few from any that were answered, are refused', async () => {
  const { gate } = openGate();
  await expect(gate.release(question('a', { sets: [ids(0, 49)] }), coin)).rejects.toThrowError(
    exhausted({ found: 49, least: 50 }),
  );
  await gate.release(question('a'), coin);
  for (const [sets, differing] of [
    [[ids(1, 200)], 1],
    [[ids(0, 249)], 49],
    [[ids(24, 224)], 48],
    [[ids(300, 400), ids(300, 449)], 49],
  ] as const) {
    await expect(gate.release(question('b', { sets }), coin)).rejects.toThrowError(
      exhausted({ differing, least: 50 }),
    );
  }
  const other = question('b', { peer: 'airline', sets: [ids(1, 200)] });
  await expect(gate.release(other, coin)).rejects.toThrowError(exhausted({ differing: 1 }));
  await gate.release(question('b', { sets: [ids(0, 250)] }), coin);
});

test('a debit outlives a failure after it, and is used by the next try', async () => {
  const { gate } = openGate();
  const failure = () => {
    throw new Error('the process is gone');
  };
  await expect(gate.release(question('a', { cost: { epsilon: 1 } }), failure)).rejects.toThrow(
    'gone',
  );
  expect(gate.exposure('telco', 'customers').left.epsilon).toBe(0);
  const answer = await gate.release(question('a', { cost: { epsilon: 1 } }), coin);
  expect(answer).toHaveLength(16);
  expect(gate.exposure('telco', 'customers').releases).toBe(1);
});

test('of two computations of one question at a time, one is the answer of both', async () => {
  const { gate } = openGate();
  const both = await Promise.all([
    gate.release(question('a'), async () => coin()),
    gate.release(question('a'), async () => coin()),
  ]);
  expect(both[0]).toEqual(both[1]);
});

test('the name of a set tells a peer only whether it is the same again', () => {
  const { gate } = openGate();
  const name = gate.nameOf('telco', ids(0, 100));
  expect(gate.nameOf('telco', ids(0, 100).reverse())).toEqual(name);
  expect(gate.nameOf('airline', ids(0, 100))).not.toEqual(name);
  expect(gate.nameOf('telco', ids(0, 101))).not.toEqual(name);
  expect(openGate().gate.nameOf('telco', ids(0, 100))).not.toEqual(name);
});
