/**
 * Goal: both parties hold the same table of counts; exact where agreed, else with noise; nothing below the floor.
 * Method: whole jobs between two workers, held against plain set arithmetic.
 */
import { expect, test } from 'vitest';
import { AUDIENCE, bothEnds, CUSTOMERS, openSets, setSpec, succeeds } from '../support/set-jobs.ts';
import { errorOf } from '../support/workers.ts';

const count = (value: object, change = {}) => setSpec({ case: 'count', value }, change);
const OVERLAP = CUSTOMERS.to - AUDIENCE.from;

const SEGMENTS = {
  active: [
    { name: 'all', where: '' },
    { name: 'Rome', where: "city = 'Rome'" },
  ],
  passive: [
    { name: 'young', where: 'age < 50' },
    { name: 'everybody', where: '' },
    { name: 'old', where: 'age >= 60' },
  ],
};

test('exact counts of every pair of segments equal set arithmetic, on both sides', async () => {
  await using pair = await openSets();
  const { bank, telco, file } = await succeeds(pair, count({ ...SEGMENTS, exact: true, floor: 0 }));
  const common = Array.from({ length: OVERLAP }, (_, i) => AUDIENCE.from + i);
  const rome = common.filter((i) => i % 2 === 1);
  const young = (rows: number[]): number => rows.filter((i) => i % 50 < 30).length;
  const shown = (value: number): number | null => (value < 50 ? null : value);
  const table = [
    { active: 'all', passive: 'young', count: shown(young(common)) },
    { active: 'all', passive: 'everybody', count: OVERLAP },
    { active: 'all', passive: 'old', count: null },
    { active: 'Rome', passive: 'young', count: shown(young(rome)) },
    { active: 'Rome', passive: 'everybody', count: shown(rome.length) },
    { active: 'Rome', passive: 'old', count: null },
  ];
  expect(bank).toEqual({ counts: table, standardDeviation: 0, floor: 50 });
  expect(telco).toEqual(bank);
  expect(await file('bank', 'counts.csv')).toEqual(await file('telco', 'counts.csv'));
  expect((await file('bank', 'counts.csv'))[3]).toBe('all,old,below 50');
});

test('with noise the number is near, the same on both sides, and the same when asked again', async () => {
  await using pair = await openSets();
  const first = await succeeds(pair, count({ epsilon: 2 }));
  const [{ count: found }] = first.bank.counts as [{ count: number }];
  expect(Math.abs(found - OVERLAP)).toBeLessThan(20);
  expect(first.bank.standardDeviation).toBeCloseTo(0.85, 1);
  expect(first.telco).toEqual(first.bank);
  const again = await succeeds(pair, count({ epsilon: 2 }, { validForSeconds: 99 }));
  expect(again.bank).toEqual(first.bank);
});

test('a segment below the floor is refused by name before anything is compared', async () => {
  await using pair = await openSets();
  const passive = [{ name: 'few', where: 'age = 20' }];
  const { bank, telco } = await bothEnds(pair, count({ passive }));
  expect(errorOf(telco).code).toBe('budget-exhausted');
  expect(telco.error?.facts).toMatchObject({ segment: 'few', found: 6, least: 50 });
  expect(errorOf(bank).code).toBe('budget-exhausted');
});

test('segments that differ in too few rows are not counted, in one job or in two', async () => {
  await using pair = await openSets();
  const near = [
    { name: 'all', where: '' },
    { name: 'all but ten', where: 'spent >= 100' },
  ];
  const one = await bothEnds(pair, count({ active: near }));
  expect(one.bank.error?.facts).toMatchObject({ differing: 10, least: 50 });
  await succeeds(pair, count({}));
  const two = await bothEnds(pair, count({ active: near.slice(1) }));
  expect(two.bank.error?.facts).toMatchObject({ differing: 10, least: 50 });
});

test('noise costs budget: a number each, and no more than there is', async () => {
  await using pair = await openSets();
  await succeeds(pair, count({ epsilon: 5, exact: false }));
  await succeeds(pair, count({ epsilon: 5, active: [{ name: 'a', where: '' }] }));
  const third = count({
    epsilon: 5,
    active: [{ name: 'b', where: '' }],
    passive: SEGMENTS.passive.slice(0, 2),
  });
  await succeeds(pair, third);
  const { telco } = await bothEnds(pair, count({ epsilon: 0.5, floor: 51 }));
  expect(telco.error?.facts).toMatchObject({ unit: 'epsilon', left: 0 });
});
