import { expect, onTestFinished, test } from 'vitest';
import { freshKey, Vault } from '../../src/base/sealed.ts';
import { Ledger } from '../../src/jobs/ledger.ts';
import { RowNames } from '../../src/jobs/row-sets.ts';
import { openState } from '../../src/jobs/state.ts';
import { systemRandom } from '../../src/jobs/system.ts';
import { auditIn } from '../support/audit.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const vault = new Vault(freshKey());

function openLedger(folder = temporaryFolder()) {
  const database = openState(folder);
  const close = (): void => {
    if (database.isOpen) database.close();
  };
  onTestFinished(close);
  const audit = auditIn(temporaryFolder());
  return {
    ledger: new Ledger(database, new RowNames(database, systemRandom, vault), audit),
    audit,
    folder,
    close,
  };
}

const ids = (from: number, to: number): string[] =>
  Array.from({ length: to - from }, (_, index) => `customer ${from + index}`);

const debit = (job: string, numbers: number, rows = ids(0, 2_000)) => ({
  dataset: 'loans',
  label: 'bad',
  job,
  attempt: 1,
  numbers,
  ids: rows,
});

test('numbers opened per label never exceed a tenth of the rows, over all jobs together', () => {
  const { ledger } = openLedger();
  ledger.debitLabel(debit('one', 120));
  ledger.debitLabel(debit('two', 80));
  expect(ledger.labelsLeft('loans', 'bad', 2_000)).toBe(0);
  expect(() => ledger.debitLabel(debit('three', 1))).toThrowError(
    expect.objectContaining({
      code: 'budget-exhausted',
      facts: expect.objectContaining({ asked: 1, left: 0 }),
    }),
  );
  ledger.debitLabel({ ...debit('four', 5), label: 'other label' });
});

test('the smallest row set ever used bounds the budget of all', () => {
  const { ledger } = openLedger();
  ledger.debitLabel(debit('small', 100, ids(0, 1_000)));
  expect(ledger.labelsLeft('loans', 'bad', 50_000)).toBe(0);
  expect(() => ledger.debitLabel(debit('large', 1, ids(0, 50_000)))).toThrowError(
    expect.objectContaining({ code: 'budget-exhausted' }),
  );
});

test('a refused debit costs nothing', () => {
  const { ledger } = openLedger();
  expect(() => ledger.debitLabel(debit('much', 201))).toThrow();
  expect(ledger.labelsLeft('loans', 'bad', 2_000)).toBe(200);
});

test.each([
  [1, 'refused'],
  [49, 'refused'],
  [50, 'admitted'],
])('row sets that differ by leaving out and adding %i rows are %s', (moved, verdict) => {
  const { ledger } = openLedger();
  ledger.debitLabel(debit('one', 10, ids(0, 2_000)));
  const again = () => ledger.debitLabel(debit('two', 10, ids(moved, 2_000 + moved)));
  if (verdict === 'admitted') expect(again).not.toThrow();
  else expect(again).toThrowError(expect.objectContaining({ code: 'budget-exhausted' }));
});

test('the ledger outlives its process, and finds the same rows again', () => {
  const first = openLedger();
  first.ledger.debitLabel(debit('one', 150));
  first.close();
  const { ledger } = openLedger(first.folder);
  expect(ledger.labelsLeft('loans', 'bad', 2_000)).toBe(50);
  expect(() => ledger.debitLabel(debit('two', 10, ids(1, 2_000)))).toThrowError(
    expect.objectContaining({ facts: { differing: 1, least: 100 } }),
  );
});

const entry = (modelId: string, rowKeys: string[], values: number[], step = 0.125) => ({
  modelId,
  step,
  rowKeys,
  steps: Int16Array.from(values),
  modelsPerRow: 2,
});

test('a row scored before keeps its score, whatever its data says now', async () => {
  const scores = openLedger().ledger.scores('calls', 'job');
  expect([...(await scores.debit(entry('m1', ['a', 'b'], [3, -4])))]).toEqual([3, -4]);
  expect([...(await scores.debit(entry('m1', ['b', 'c'], [9, 5])))]).toEqual([-4, 5]);
});

test('a row is scored by so many models, and a refusal leaves no trace', async () => {
  const { ledger } = openLedger();
  const scores = ledger.scores('calls', 'job');
  await scores.debit(entry('m1', ['a'], [1]));
  await scores.debit(entry('m2', ['a'], [2]));
  await expect(scores.debit(entry('m3', ['z', 'a'], [5, 3]))).rejects.toMatchObject({
    code: 'budget-exhausted',
  });
  expect([...(await scores.debit(entry('m3', ['z'], [8])))]).toEqual([8]);
  expect([...(await ledger.scores('other', 'job').debit(entry('m3', ['a'], [3])))]).toEqual([3]);
});

test('a second step for the same model is refused', async () => {
  const scores = openLedger().ledger.scores('calls', 'job');
  await scores.debit(entry('m1', ['a'], [1]));
  await expect(scores.debit(entry('m1', ['b'], [1], 0.25))).rejects.toMatchObject({
    code: 'parameters-rejected',
  });
});

test('a state folder belongs to one worker at a time', () => {
  const { folder } = openLedger();
  expect(() => openState(folder)).toThrowError(expect.objectContaining({ code: 'already-exists' }));
});

test('a debit is in the audit log before it is in the ledger, and a refused one in neither', async () => {
  const { ledger, audit } = openLedger();
  expect(() => ledger.debitLabel(debit('much', 201))).toThrow();
  expect(audit.head.entries).toBe(0);
  ledger.debitLabel(debit('one', 120));
  expect(audit.head.entries).toBe(1);
  await ledger.scores('calls', 'two').debit(entry('m1', ['a'], [1]));
  expect(audit.head.entries).toBe(2);
});
