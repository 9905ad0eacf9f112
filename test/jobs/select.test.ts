/**
 * Goal: both learn the rows that fulfil both conditions, and of these alone the columns that are given.
 * Method: whole jobs between two workers, held against plain set arithmetic.
 */
import { expect, test } from 'vitest';
import {
  AUDIENCE,
  bothEnds,
  CUSTOMERS,
  openSets,
  personId,
  setSpec,
  succeeds,
} from '../support/set-jobs.ts';
import { errorOf } from '../support/workers.ts';

const select = (active: object, passive: object, value = {}) =>
  setSpec(
    { case: 'select', value },
    {
      active: { party: 'bank', dataset: 'loans', ...active },
      passive: { party: 'telco', dataset: 'calls', ...passive },
    },
  );

const common = Array.from({ length: CUSTOMERS.to - AUDIENCE.from }, (_, i) => AUDIENCE.from + i);

test('the rows of both conditions are selected, with the columns that were agreed on', async () => {
  await using pair = await openSets();
  const { bank, telco, file } = await succeeds(
    pair,
    select(
      { where: "spent >= 1650 or city = 'Oslo'", columns: [{ name: 'spent' }] },
      {
        where: 'remark is not null and not age > 66',
        columns: [{ name: 'age' }, { name: 'remark' }],
      },
    ),
  );
  const rows = common.filter((i) => (i >= 165 || i % 2 === 0) && i % 5 !== 0 && i % 50 <= 46);
  const [bankHeader, ...bankRows] = await file('bank', 'selected.csv');
  expect(bankHeader).toBe('id,telco.age,telco.remark');
  expect(bankRows.toSorted()).toEqual(
    rows.map((i) => `${personId(i)},${20 + (i % 50)},"no, ""${i}"""`).sort(),
  );
  const [telcoHeader, ...telcoRows] = await file('telco', 'selected.csv');
  expect(telcoHeader).toBe('id,bank.spent');
  expect(telcoRows.toSorted()).toEqual(rows.map((i) => `${personId(i)},${i * 10}`).sort());
  expect(telcoRows.map((row) => row.split(',')[0])).toEqual(
    bankRows.map((row) => row.split(',')[0]),
  );
  expect(bank).toEqual({
    rows: rows.length,
    ownRows: expect.any(Number),
    peerRows: expect.any(Number),
  });
  expect(telco).toMatchObject({ rows: rows.length, peerRows: expect.any(Number) });
});

test('fewer common rows than agreed end the job on both sides', async () => {
  await using pair = await openSets();
  const { bank, telco } = await bothEnds(pair, select({}, {}, { minRows: 81 }));
  for (const job of [bank, telco]) {
    expect(errorOf(job)).toMatchObject({ code: 'parameters-rejected', field: 'min_rows' });
  }
});

test('a column that the peer does not offer is refused by field', async () => {
  await using pair = await openSets({
    telco: {
      change: (options) => ({
        ...options,
        offers: [{ peer: 'bank', dataset: 'calls', columns: ['age'], purposes: ['*'] }],
      }),
    },
  });
  const spec = select({}, { columns: [{ name: 'age' }, { name: 'remark' }] });
  const { id } = await pair.bank.submit(spec, '', 'ada');
  let job = await pair.bank.get(id);
  for await (const next of pair.bank.watch(id, AbortSignal.timeout(20_000))) job = next;
  expect(errorOf(job)).toMatchObject({ field: 'spec.passive.columns[1].name' });
});

test('selectivity does not show: conditions that choose other numbers of one class give equal traffic', async () => {
  await using pair = await openSets();
  const sent: bigint[] = [];
  for (const where of [
    'spent >= 220',
    'spent not between 1000 and 1299',
    'spent not between 600 and 999',
  ]) {
    const { job } = await succeeds(
      pair,
      select({ where }, { where: 'age < 100' }, { minRows: 50 }),
    );
    sent.push(job.progress!.bytesSent);
  }
  expect(sent[1]).toBe(sent[0]);
  expect(sent[2]).toBe(sent[0]);
});
