/**
 * Goal: the deliverer learns whom not to contact and not why; the party that compares learns two numbers.
 * Method: whole jobs between two workers, held against plain set arithmetic.
 */
import { expect, test } from 'vitest';
import { JobState } from '../../src/gen/sotto/job/v1/job_pb.ts';
import {
  AUDIENCE,
  audienceTable,
  bothEnds,
  CUSTOMERS,
  openSets,
  personId,
  setSpec,
  succeeds,
} from '../support/set-jobs.ts';
import { errorOf } from '../support/workers.ts';

const exclude = (value: object, change = {}) => setSpec({ case: 'exclude', value }, change);
const OVERLAP = CUSTOMERS.to - AUDIENCE.from;
const isCustomer = (line: string): boolean =>
  Array.from({ length: OVERLAP }, (_, i) => personId(AUDIENCE.from + i)).includes(
    line.split(',')[0]!,
  );

test('nobody whom the bank has is delivered to, and others are withheld as well', async () => {
  await using pair = await openSets();
  const { bank, telco, file } = await succeeds(pair, exclude({ holdout: 0.25 }));
  const [deliver, withheld] = [
    await file('telco', 'deliver.csv'),
    await file('telco', 'withheld.csv'),
  ];
  const [header, ...rows] = deliver;
  expect(header).toBe('id,age,remark,since');
  expect([...rows, ...withheld.slice(1)].sort()).toEqual(
    audienceTable().split('\n').slice(1).sort(),
  );
  expect(rows.filter(isCustomer)).toEqual([]);
  expect(withheld.filter(isCustomer)).toHaveLength(OVERLAP);
  const heldOut = withheld.length - 1 - OVERLAP;
  expect(heldOut).toBeGreaterThan(20);
  expect(heldOut).toBeLessThan(100);
  expect(bank).toMatchObject({ audience: 300, overlap: OVERLAP, heldOut, rows: 240 });
  expect(telco).toEqual({
    audience: 300,
    delivered: rows.length,
    withheld: withheld.length - 1,
    peerRows: 240,
  });
});

test('asked again, the same people are held out and nothing is spent', async () => {
  await using pair = await openSets();
  const first = await succeeds(pair, exclude({ holdout: 0.5 }));
  const again = await succeeds(pair, exclude({ holdout: 0.5 }, { validForSeconds: 77 }));
  expect(again.job.id).not.toBe(first.job.id);
  expect(await again.file('telco', 'withheld.csv')).toEqual(
    await first.file('telco', 'withheld.csv'),
  );
  const other = await succeeds(pair, exclude({ holdout: 0.4 }));
  expect(await other.file('telco', 'withheld.csv')).not.toEqual(
    await first.file('telco', 'withheld.csv'),
  );
});

test('without a holdout the deliverer learns the overlap, and the agreement says so', async () => {
  await using pair = await openSets();
  const { telco, bank, job, file } = await succeeds(pair, exclude({ overlapDisclosed: true }));
  expect((await file('telco', 'withheld.csv')).slice(1).every(isCustomer)).toBe(true);
  expect(telco).toMatchObject({ withheld: OVERLAP });
  expect(bank).toMatchObject({ heldOut: 0, certainty: 1 });
  expect(job.disclosures.map(({ party, learns }) => `${party} ${learns}`)).toContain(
    'telco which of its rows the active party has',
  );
});

test('conditions choose the rows of either party, and the number of chosen customers is padded', async () => {
  await using pair = await openSets();
  const { bank, telco, file } = await succeeds(
    pair,
    exclude(
      { overlapDisclosed: true },
      {
        active: { party: 'bank', dataset: 'loans', where: "city = 'Rome'" },
        passive: { party: 'telco', dataset: 'calls', where: 'age < 50' },
      },
    ),
  );
  const rows = Array.from({ length: 300 }, (_, i) => AUDIENCE.from + i).filter((i) => i % 50 < 30);
  const common = rows.filter((i) => i < CUSTOMERS.to && i % 2 === 1).map(personId);
  expect(
    (await file('telco', 'withheld.csv'))
      .slice(1)
      .map((line) => line.split(',')[0])
      .sort(),
  ).toEqual(common.sort());
  expect(bank).toMatchObject({ rows: 120, audience: rows.length, overlap: common.length });
  expect(telco).toMatchObject({ peerRows: 128 });
});

test.each([
  ['an audience below the threshold', { minRows: 301 }, 'budget-exhausted'],
  ['customers below the threshold', { minRows: 241 }, 'budget-exhausted'],
  ['an overlap that would be too sure', { maxCertainty: 0.5 }, 'parameters-rejected'],
])('%s ends the job on both sides by the same name', async (_, value, code) => {
  await using pair = await openSets();
  const { bank, telco } = await bothEnds(pair, exclude(value));
  expect([errorOf(bank).code, errorOf(telco).code]).toEqual([code, code]);
  expect([bank.state, telco.state]).toEqual([JobState.FAILED, JobState.FAILED]);
});

test('a condition on a column that is not offered is refused by field', async () => {
  await using pair = await openSets({
    telco: {
      change: (options) => ({
        ...options,
        offers: [{ peer: 'bank', dataset: 'calls', columns: ['age'], purposes: ['*'] }],
      }),
    },
  });
  const passive = { party: 'telco', dataset: 'calls', where: 'since within 30 days' };
  const { id } = await pair.bank.submit(exclude({}, { passive }), '', 'ada');
  let job = await pair.bank.get(id);
  for await (const next of pair.bank.watch(id, AbortSignal.timeout(20_000))) job = next;
  expect(errorOf(job)).toMatchObject({ code: 'parameters-rejected', field: 'spec.passive.where' });
});

test('a budget of rows is spent by each audience, and then no more is told', async () => {
  const offer = { peer: 'telco', dataset: 'loans', columns: 'all', purposes: ['*'] } as const;
  const budget = { epsilon: 1, exact: 1, rows: 500 };
  await using pair = await openSets({
    bank: { change: (options) => ({ ...options, offers: [{ ...offer, budget }] }) },
  });
  await succeeds(pair, exclude({}));
  const { bank, telco } = await bothEnds(pair, exclude({ holdout: 0.2 }));
  expect(errorOf(bank).code).toBe('budget-exhausted');
  expect(bank.error?.facts).toMatchObject({ unit: 'rows', asked: 300, left: 200 });
  expect(errorOf(telco).code).toBe('budget-exhausted');
});
