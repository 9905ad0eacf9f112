/**
 * Goal: a measurement through the whole jobs layer: both parties hold the same signed result, the same question has the
 * same answer and costs nothing, and what is wrong is named.
 * Method: two workers in one process, real encryption, groups in which logarithms are easy.
 */
import { createHash, verify } from 'node:crypto';
import { expect, test } from 'vitest';
import { lengthPrefixed } from '../../src/base/bytes.ts';
import { inlineCompute } from '../../src/compute/inline.ts';
import { JobState } from '../../src/gen/sotto/job/v1/job_pb.ts';
import type { Measurement } from '../../src/model/measurement.ts';
import { keyOf } from '../support/jobs.ts';
import { campaign, measureJob, spent } from '../support/measured.ts';
import { toyGroup } from '../support/toy-group.ts';
import { errorOf, openPair, type Pair, reaches } from '../support/workers.ts';

const COHORTS = ['control', 'letter', 'mail'];
const given = campaign(COHORTS, 600);

async function openCampaign(files: Readonly<Record<string, string>> = {}): Promise<Pair> {
  const compute = inlineCompute(toyGroup);
  return openPair({
    bank: {
      compute,
      files: { 'loans.csv': given.converted, 'calls.csv': given.exposed, ...files },
    },
    telco: { compute },
  });
}

async function run(pair: Pair, spec = measureJob()) {
  const { id } = await pair.bank.submit(spec, '', 'ada');
  const [bank, telco] = [await reaches(pair.bank, id), await reaches(pair.telco, id)];
  return { id, bank, telco };
}

const fileOf = async (worker: Pair['bank'], id: string, name: string): Promise<string> =>
  Buffer.from(await worker.artifact(id, name, 'ada')).toString();

test('both parties hold the same signed result, near the truth and with intervals around it', async () => {
  await using pair = await openCampaign();
  const { id, bank, telco } = await run(pair);
  expect(errorOf(bank)).toEqual({ state: JobState.SUCCEEDED, code: undefined, field: undefined });
  expect(telco.result).toEqual(bank.result);
  for (const name of ['measure.json', 'measure.csv', 'measure.svg']) {
    expect(await fileOf(pair.telco, id, name)).toBe(await fileOf(pair.bank, id, name));
  }
  const measured = JSON.parse(await fileOf(pair.bank, id, 'measure.json')) as Measurement;
  for (const { name, exposed, converted, rate, metrics, lift } of measured.cohorts) {
    const [people, count, sum] = given.truth[name]!;
    expect(exposed).toBe(people);
    expect(Math.abs(converted! - count)).toBeLessThan(12 * measured.noise.count);
    expect(Math.abs(metrics![0]!.sum - sum)).toBeLessThan(12 * measured.noise.sums[0]!);
    expect(rate!.low).toBeLessThan(rate!.high);
    expect(lift === undefined).toBe(name === 'control');
    if (lift) expect(lift.rate.low).toBeGreaterThan(0.1);
  }
  expect((await fileOf(pair.bank, id, 'measure.csv')).split('\n')).toHaveLength(5);
});

test("each party has the other's signature of the result", async () => {
  await using pair = await openCampaign();
  const { id } = await run(pair);
  const [mine, theirs] = [
    JSON.parse(await fileOf(pair.bank, id, 'result.json')),
    JSON.parse(await fileOf(pair.telco, id, 'result.json')),
  ];
  expect(mine).toEqual(theirs);
  const digest = createHash('sha256').update(Buffer.from(mine.bytes, 'base64')).digest();
  expect(mine.sha256).toBe(digest.toString('hex'));
  for (const name of ['bank', 'telco'] as const) {
    const signature = Buffer.from(mine.signatures[name], 'hex');
    const holds = (hash: Uint8Array): boolean =>
      verify(
        null,
        lengthPrefixed('sotto result signature', name, mine.agreementSha256, hash),
        keyOf[name].publicKey,
        signature,
      );
    expect(holds(digest)).toBe(true);
    expect(holds(digest.fill(0))).toBe(false);
    digest.set(createHash('sha256').update(Buffer.from(mine.bytes, 'base64')).digest());
  }
});

test('the same question has the same answer, and another one does not', async () => {
  await using pair = await openCampaign();
  const [first, again] = [await run(pair), await run(pair)];
  expect(again.id).not.toBe(first.id);
  expect(again.bank.result).toEqual(first.bank.result);
  const other = await run(pair, measureJob({ epsilon: 5 }));
  expect(other.bank.result).not.toEqual(first.bank.result);
});

test('a party that a cut kept from a result is told it by the other, and neither pays twice', async () => {
  await using pair = await openCampaign();
  let state: 'whole' | 'losing' | 'cut' = 'whole';
  pair.network.wrap = (transport) => ({
    ...transport,
    write: async (frame) => {
      const said = Buffer.from(frame.subarray(0, 100)).toString('latin1');
      if (state === 'whole' && said.includes('MeasureTable')) state = 'losing';
      if (state !== 'losing') return transport.write(frame);
      // The bank holds the result when it wants it signed; the table never reached the telco.
      if (!said.includes('SettlementMessage')) return;
      state = 'cut';
      await transport.close();
    },
  });
  const { bank, telco } = await run(pair);
  expect([errorOf(bank).state, errorOf(telco).state, state]).toEqual([
    JobState.SUCCEEDED,
    JobState.SUCCEEDED,
    'cut',
  ]);
  expect(telco.result).toEqual(bank.result);
  expect(await spent(pair)).toEqual([11, 10]); // the bank's dummies have 1
});

test('a budget that is spent admits no new question, and still the old one', async () => {
  await using pair = await openCampaign();
  // 11 of 20 for the bank: the dummies have 1.
  const first = await run(pair);
  const second = await run(pair, measureJob({ least: 51 }));
  expect(errorOf(second.bank).code).toBe('budget-exhausted');
  const again = await run(pair);
  expect(again.bank.result).toEqual(first.bank.result);
});

test('what is wrong with a table is named by column and row', async () => {
  for (const [files, facts] of [
    [{ 'loans.csv': 'id,bought,spend\na,yes,1\nb,yes,\n' }, { column: 'spend', row: 2 }],
    [
      { 'calls.csv': 'id,cohort\na,control\nb,letter\n' },
      { field: 'spec.measure.cohorts[2].name' },
    ],
    [{ 'calls.csv': 'id,cohort\na,control\na,letter\n' }, { firstRow: 1, row: 2 }],
    [{ 'loans.csv': 'id,bought,spend\na,yes,1\n' }, { field: 'spec.measure.least' }],
  ] as const) {
    await using pair = await openCampaign(files);
    const { bank, telco } = await run(pair);
    const own = bank.error?.code === 'invalid-argument' ? bank : telco;
    expect(bank.state).toBe(JobState.FAILED);
    expect([bank.error?.facts, telco.error?.facts]).toContainEqual(expect.objectContaining(facts));
    expect(own.error?.code).toBe('invalid-argument');
  }
});

test('a spec that no measurement has is refused by field', async () => {
  await using pair = await openCampaign();
  const wrong: readonly (readonly [Parameters<typeof measureJob>[0], string])[] = [
    [{ cohorts: [] }, 'spec.measure.cohorts'],
    [{ cohorts: [{ name: 'a' }, { name: 'a' }] }, 'spec.measure.cohorts[1].name'],
    [{ cohorts: [{ name: 'a', control: 'b' }] }, 'spec.measure.cohorts[0].control'],
    [{ cohorts: [{ name: 'a', control: 'a' }] }, 'spec.measure.cohorts[0].control'],
    [{ metrics: [{ column: 'x', least: 1, most: 1 }] }, 'spec.measure.metrics[0].most'],
    [{ metrics: [{ column: 'x', most: 1e9, decimals: 2 }] }, 'spec.measure.metrics[0].most'],
    [{ least: 5 }, 'spec.measure.least'],
    [{ epsilon: 11 }, 'spec.measure.epsilon'],
  ];
  for (const [change, field] of wrong) {
    const refused = pair.bank.submit(measureJob(change), '', 'ada');
    await expect(refused).rejects.toMatchObject({ code: 'invalid-argument', facts: { field } });
  }
});
