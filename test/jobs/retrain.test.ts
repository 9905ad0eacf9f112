/**
 * Goal: a training begins where its parent ended, says so in its lineage, and pays for the parent's labels as well.
 * Method: two workers in one process; the ring arithmetic is real and its errors are zero.
 */
import { expect, test } from 'vitest';
import { inlineCompute } from '../../src/compute/inline.ts';
import { JobState } from '../../src/gen/sotto/job/v1/job_pb.ts';
import { cleartextTasks } from '../support/cleartext.ts';
import { trainSpec } from '../support/jobs.ts';
import { WIDE_COLUMNS, wideTables } from '../support/lending.ts';
import { seededRandom } from '../support/random.ts';
import { errorOf, openPair, type Pair, reaches } from '../support/workers.ts';

const openLenders = (): Promise<Pair> => {
  const compute = (seed: number) => inlineCompute(cleartextTasks(seededRandom(seed)));
  return openPair({
    bank: { compute: compute(1), files: { ...wideTables() } },
    telco: { compute: compute(2) },
  });
};

const spec = (value: { parentModelId?: string; measureJobId?: string; passes: number }) =>
  trainSpec({
    passive: {
      party: 'telco',
      dataset: 'calls',
      columns: WIDE_COLUMNS.map((name) => ({ name })),
    },
    protocol: { case: 'train', value },
  });

async function train(pair: Pair, value: Parameters<typeof spec>[0]) {
  const { id } = await pair.bank.submit(spec(value), '', 'ada');
  const [bank, telco] = [await reaches(pair.bank, id), await reaches(pair.telco, id)];
  return {
    bank,
    telco,
    result: bank.result as unknown as { modelId: string; metrics: { auc: number } },
  };
}

/** How many more label-dependent numbers may be opened, as a plan tells it. */
async function left(pair: Pair): Promise<number> {
  const { warnings } = await pair.bank.plan(spec({ passes: 2 }));
  return Number(/at most (\d+) more numbers/.exec(warnings.join('\n'))![1]);
}

test('a training begins at its parent, records it, and is debited for both sets of labels', async () => {
  await using pair = await openLenders();
  const parent = await train(pair, { passes: 4 });
  expect(errorOf(parent.bank).state).toBe(JobState.SUCCEEDED);
  const before = await left(pair);
  const child = await train(pair, {
    passes: 1,
    parentModelId: parent.result.modelId,
    measureJobId: 'a measurement',
  });
  expect(errorOf(child.bank)).toEqual({
    state: JobState.SUCCEEDED,
    code: undefined,
    field: undefined,
  });
  const after = await left(pair);
  const [first, second] = [parent, child].map(
    ({ bank }) => bank.result as unknown as { peerFeatures: number; trainRows: number },
  ) as [{ trainRows: number }, { peerFeatures: number; trainRows: number }];
  // The fewest rows ever used bound the budget, and each job draws another split.
  const budget = (rows: number): number => Math.floor(rows / 10);
  const shrunk = budget(first.trainRows) - budget(Math.min(first.trainRows, second.trainRows));
  // Its own opening, and once more that of the parent's labels, which here are the same column's.
  expect(before - after).toBe(2 * second.peerFeatures + shrunk);

  expect(child.result.metrics.auc).toBeGreaterThan(parent.result.metrics.auc - 0.12);

  for (const worker of [pair.bank, pair.telco]) {
    const { content } = await worker.models.get(child.result.modelId, 'ada');
    expect(JSON.parse(Buffer.from(content).toString()).lineage).toMatchObject({
      parentModelId: parent.result.modelId,
      measureJobId: 'a measurement',
    });
  }
  const told = child.telco.disclosures.filter(({ learns }) => learns.includes('parent'));
  expect(told).toHaveLength(2);
});

test('a parent that nobody has is refused before anything is proposed', async () => {
  await using pair = await openLenders();
  const refused = pair.bank.submit(spec({ passes: 2, parentModelId: 'a0b1' }), '', 'ada');
  await expect(refused).rejects.toMatchObject({ facts: { field: 'spec.train.parent_model_id' } });
});
