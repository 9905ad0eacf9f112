/**
 * Goal: from two tables to a model of two halves and to scores, through the whole jobs layer.
 * Method: real alignment, preprocessing, training messages and score messages; the ring arithmetic is
 * real and its errors are zero. Encryption itself is the business of the protocol's own tests.
 */
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';
import { HEADER_BYTES } from '../../src/channel/frames.ts';
import { inlineCompute } from '../../src/compute/inline.ts';
import { Kind, Missing } from '../../src/gen/sotto/job/v1/agreement_pb.ts';
import { JobState } from '../../src/gen/sotto/job/v1/job_pb.ts';
import { sharingTasks } from '../../src/primitives/sharing/index.ts';
import { cleartextTasks } from '../support/cleartext.ts';
import { alignSpec, trainSpec } from '../support/jobs.ts';
import { lendingTables } from '../support/lending.ts';
import { seededRandom } from '../support/random.ts';
import { errorOf, openPair, type Pair, reaches, type Settings } from '../support/workers.ts';

interface TrainResult {
  readonly modelId: string;
  readonly metrics: { readonly auc: number };
  readonly metricsOwnColumnsOnly: { readonly auc: number };
}

async function openLenders(settings: Settings = {}): Promise<Pair> {
  const compute = (seed: number) => inlineCompute(cleartextTasks(seededRandom(seed)));
  return openPair({
    bank: { compute: compute(1), ...settings, files: { ...lendingTables(), ...settings.files } },
    telco: { compute: compute(2) },
  });
}

const quickSpec = () => trainSpec({ protocol: { case: 'train', value: { passes: 5 } } });

async function train(pair: Pair, spec = quickSpec()) {
  const { id } = await pair.bank.submit(spec, '', 'ada');
  return { id, bank: await reaches(pair.bank, id), telco: await reaches(pair.telco, id) };
}

const text = async (bytes: Promise<Uint8Array>): Promise<string> =>
  Buffer.from(await bytes).toString();

test('two parties train a model, keep a half each, and score with it', async () => {
  await using pair = await openLenders();
  const { id, bank, telco } = await train(pair);
  expect(errorOf(bank)).toEqual({ state: JobState.SUCCEEDED, code: undefined, field: undefined });
  expect(telco.state).toBe(JobState.SUCCEEDED);
  const { modelId, metrics, metricsOwnColumnsOnly } = bank.result as unknown as TrainResult;
  expect(bank.result).toMatchObject({ rows: 1_420, passes: 5, warnings: [] });
  expect(bank.result).toMatchObject({ peerFeatures: 6 });
  expect(metrics.auc).toBeGreaterThan(0.8);
  expect(metrics.auc).toBeGreaterThan(metricsOwnColumnsOnly.auc + 0.05);
  expect(telco.result).not.toHaveProperty('metrics');
  expect(telco.result).toMatchObject({ modelId });
  expect(bank.parameters).toMatchObject({ 'ring degree': 4096, passes: 5 });
  expect(bank.artifacts).toEqual(['report.json', 'report.html', 'metrics.json', 'agreement.json']);
  const report = JSON.parse(await text(pair.bank.artifact(id, 'report.json', 'ada')));
  expect(report.rows).toMatchObject({ active: 1_500, aligned: 1_420 });
  expect(report.disclosures.length).toBe(bank.disclosures.length);

  const half = await pair.telco.models.get(modelId, 'ada');
  expect(half.model).toMatchObject({ role: 'passive', peer: 'bank', purpose: 'credit-risk' });
  expect(Buffer.from(half.content).toString()).not.toMatch(/income|bad/);
  expect((await pair.bank.models.list(0, '')).models.map((model) => model.id)).toEqual([modelId]);

  const predict = alignSpec({ protocol: { case: 'predict', value: { modelId } } });
  const scored = await pair.bank.submit(predict, '', 'ada');
  const done = await reaches(pair.bank, scored.id);
  expect(errorOf(done)).toEqual({ state: JobState.SUCCEEDED, code: undefined, field: undefined });
  expect((await reaches(pair.telco, scored.id)).artifacts).toEqual(['agreement.json']);
  const lines = (await text(pair.bank.artifact(scored.id, 'scores.csv', 'ada'))).trim().split('\n');
  expect(lines[0]).toBe('id,probability,logit');
  expect(lines.length).toBe(1 + 1_420);
  for (const line of lines.slice(1)) {
    const [, probability, logit] = line.split(',');
    expect(1 / (1 + Math.exp(-Number(logit)))).toBeCloseTo(Number(probability), 6);
  }
});

test('an operator who gives transforms no memory gets a model as good, with products made anew', async () => {
  const made = { anew: 0 };
  const tasks = cleartextTasks(seededRandom(1));
  const compute = inlineCompute({
    ...tasks,
    integerProduct: (input) => {
      made.anew += 1;
      return sharingTasks.integerProduct(input);
    },
  });
  const aucWith = async (settings: Settings): Promise<number> => {
    await using pair = await openLenders({ compute, ...settings });
    return ((await train(pair)).bank.result as unknown as TrainResult).metrics.auc;
  };
  // Other rows are held out each time; test/protocols holds the two to the same bits.
  expect(await aucWith({})).toBeGreaterThan(0.8);
  expect(made.anew).toBe(0);
  expect(await aucWith({ limits: { keptBytes: 0 } })).toBeGreaterThan(0.8);
  expect(made.anew).toBeGreaterThan(0);
});

const labelsLeft = async ({ bank }: Pair): Promise<string | undefined> =>
  (await bank.plan(trainSpec())).warnings.find((line) => line.includes('may be opened'));

const otherSpec = () => trainSpec({ protocol: { case: 'train', value: { passes: 4 } } });

test('an identical training is answered from what is stored, another one is debited or refused', async () => {
  await using pair = await openLenders();
  const before = await labelsLeft(pair);
  const first = await train(pair);
  expect(errorOf(first.bank).code).toBeUndefined();
  const after = await labelsLeft(pair);
  expect(after).not.toBe(before);
  expect((await pair.bank.submit(quickSpec(), '', 'ada')).id).toBe(first.id);
  // Six features of the telco admit one model for each row, and some row is held out twice.
  const second = await train(pair, otherSpec());
  expect(second.telco.error).toMatchObject({
    code: 'budget-exhausted',
    facts: { asked: 1, left: 0, modelsPerRow: 1 },
  });
  expect(second.bank.error).toMatchObject({
    code: 'budget-exhausted',
    facts: { reportedBy: 'peer' },
  });
  expect(await labelsLeft(pair)).toBe(after);
});

test('more weights than the labels can bear are refused before any is opened', async () => {
  await using pair = await openLenders();
  const wide = ['income', ...Array.from({ length: 160 }, (_, column) => `x${column}`)];
  const rows = Array.from({ length: 1_500 }, (_, row) =>
    [`c${row}`, ...wide.map((_, column) => Math.sin(row * (column + 1.7)))].join(','),
  );
  pair.file('calls.csv', [['id', ...wide].join(','), ...rows].join('\n'));
  const passive = { party: 'telco', dataset: 'calls', columns: wide.map((name) => ({ name })) };
  const { bank, telco } = await train(pair, trainSpec({ passive }));
  expect(bank.error?.code).toBe('budget-exhausted');
  expect(bank.error?.facts).toMatchObject({ dataset: 'loans', label: 'bad' });
  expect(Number(bank.error?.facts?.asked)).toBeGreaterThan(Number(bank.error?.facts?.left));
  expect(telco.error).toMatchObject({ code: 'budget-exhausted', facts: { reportedBy: 'peer' } });
});

/** Numbers that a party's label ledger has debited, job by job. */
async function debits(pair: Pair): Promise<number[]> {
  await pair.stop('bank');
  const database = new DatabaseSync(join(pair.folder, 'bank', 'jobs.sqlite'));
  try {
    const rows = database.prepare('SELECT numbers FROM label_openings').all();
    return rows.map(({ numbers }) => Number(numbers));
  } finally {
    database.close();
  }
}

test('a training that is cut at its opening opens the same numbers again, and pays for them once', async () => {
  await using pair = await openLenders();
  const openings: string[] = [];
  pair.network.wrap = (transport) => ({
    ...transport,
    write: async (frame) => {
      if (!Buffer.from(frame).includes('OpenedWeights')) return transport.write(frame);
      // A frame's tag depends on the conversation; the message does not.
      openings.push(Buffer.from(frame.subarray(HEADER_BYTES)).toString('hex'));
      await transport.write(frame);
      if (openings.length < 4) await transport.close();
    },
  });
  const { bank, telco } = await train(pair);
  expect(errorOf(bank)).toEqual({ state: JobState.SUCCEEDED, code: undefined, field: undefined });
  expect(telco.state).toBe(JobState.SUCCEEDED);
  expect(openings).toHaveLength(4);
  expect(new Set(openings).size).toBe(1);
  expect(bank.attempt).toBe(4);
  expect(await debits(pair)).toEqual([6]);
});

const bankColumn = (name: string, label = { column: 'bad', positive: '1' }) => ({
  active: { party: 'bank', dataset: 'loans', columns: [{ name }], label },
});

test.each([
  [bankColumn('flat'), /^column 'flat' is constant/],
  [bankColumn('broken'), /'broken' holds a value at row 700 /],
  [bankColumn('gap'), /'gap' has no value at row 900,/],
  [bankColumn('income', { column: 'rare', positive: '1' }), /^too few positives/],
])(
  'bad data is found at its party, by column and row (%#); other jobs go on',
  async (change, message) => {
    const loans = lendingTables()
      ['loans.csv'].split('\n')
      .map((line, row) =>
        row === 0
          ? `${line},flat,broken,gap,rare`
          : `${line},1,${row === 700 ? 'abc' : row},${row === 900 ? '' : row},${row % 150 === 0 ? 1 : 0}`,
      );
    await using pair = await openLenders({ files: { 'loans.csv': loans.join('\n') } });
    pair.file('other.csv', 'id\nc1\nc2\n');
    const spec = trainSpec(change);
    for (const column of spec.active!.columns) {
      if (column.name === 'gap') column.missing = Missing.REFUSE;
      if (column.name === 'broken') column.kind = Kind.NUMERIC;
    }
    const small = { party: 'bank', dataset: 'other' };
    const [{ bank, telco }, other] = await Promise.all([
      train(pair, spec),
      pair.telco.submit(
        alignSpec({ active: small, passive: { party: 'telco', dataset: 'other' } }),
        '',
        'bob',
      ),
    ]);
    expect(bank.error?.facts).not.toHaveProperty('reportedBy');
    expect(telco.error).toMatchObject({
      code: bank.error?.code,
      facts: { reportedBy: 'peer' },
    });
    expect(bank.error?.message).toMatch(message);
    expect((await reaches(pair.telco, other.id)).state).toBe(JobState.SUCCEEDED);
  },
);
