/** Jobs to disturb: what each is submitted as, and what of its outcome must not depend on faults. */
import { cpSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inlineCompute } from '../../src/compute/inline.ts';
import type { JobSpec } from '../../src/gen/sotto/job/v1/agreement_pb.ts';
import type { Job } from '../../src/gen/sotto/job/v1/job_pb.ts';
import type { Disk, Limits, Peers } from '../../src/jobs/index.ts';
import { cleartextTasks } from '../support/cleartext.ts';
import { alignSpec, trainSpec } from '../support/jobs.ts';
import { lendingTables } from '../support/lending.ts';
import { campaign, measureJob } from '../support/measured.ts';
import { seededRandom } from '../support/random.ts';
import { audienceTable, customersTable, setSpec } from '../support/set-jobs.ts';
import { toyGroup } from '../support/toy-group.ts';
import { idTable, type Name, openPair, type Pair, reaches } from '../support/workers.ts';

/** Whatever of each party's surroundings is not to be as usual. */
export interface Around {
  readonly peers?: Readonly<Record<Name, Peers>>;
  /** For the journals. */
  readonly disks?: Readonly<Record<Name, Disk>>;
}

export interface Scenario {
  /** On a network in memory and the system's disk, or on those that are given. */
  readonly open: (around?: Around) => Promise<Pair>;
  /** The job of a pair just opened. */
  readonly spec: (pair: Pair) => Promise<JobSpec>;
  /** Two outcomes of one party are the same when these are equal. */
  readonly essence: (pair: Pair, name: Name, job: Job) => Promise<unknown>;
  /** The most answers that either party may have debited, however the job ended; unless said, it is not looked at. */
  readonly mostDebits?: number;
}

/** Impatient: a frame that was lost is noticed within seconds. */
const LIMITS: Partial<Limits> = {
  messageTimeoutMs: 5_000,
  unavailableAfterMs: 8_000,
  retryFirstMs: 5,
  retryMostMs: 50,
};

/**
 * Workers on these files with noiseless encryption, whose errors are not what faults could change, in a group that is
 * quick to compute in. They begin with the parties' states in a folder, if there is one.
 */
async function pairOn(
  files: Readonly<Record<string, string>>,
  compute = (name: Name) =>
    inlineCompute({ ...cleartextTasks(seededRandom(`${name} ring`)), ...toyGroup }),
  { peers, disks }: Around = {},
  states?: string,
): Promise<Pair> {
  let starts = 0;
  const side = (name: Name) => ({
    limits: LIMITS,
    compute: compute(name),
    files,
    ...(states === undefined ? {} : { state: join(states, name) }),
    // Other coins at each start; the first submission of a pair always draws the same seed of the split.
    change: <T>(options: T): T => ({
      ...options,
      ...(peers === undefined ? {} : { peers: peers[name] }),
      ...(disks === undefined ? {} : { disk: disks[name] }),
      random: seededRandom(`${name} ${states === undefined ? '' : 'again '}${starts++}`),
    }),
  });
  return openPair({ bank: side('bank'), telco: side('telco') });
}

const sorted = async (bytes: Promise<Uint8Array>): Promise<string[]> =>
  Buffer.from(await bytes)
    .toString()
    .trim()
    .split('\n')
    .toSorted();

interface Trained {
  readonly rows: number;
  readonly trainRows: number;
  readonly passes: number;
  readonly metrics?: { readonly auc: number };
}

const LENDING = lendingTables({ bank: 1_300, telco: 1_300, skip: 50 });
const quickTraining = () => trainSpec({ protocol: { case: 'train', value: { passes: 3 } } });

/** Equal but for the rounding of shares, which are other shares after each interruption. */
const trained = ({ result }: Job): unknown => {
  const { rows, trainRows, passes, metrics } = result as unknown as Trained;
  return {
    rows,
    trainRows,
    passes,
    ...(metrics ? { auc: Math.round(20 * metrics.auc) / 20 } : {}),
  };
};

/** The bank's customers and the company's audience, in a group that is quick to compute in. */
const openSets: Scenario['open'] = (around) =>
  pairOn(
    { 'loans.csv': customersTable(), 'calls.csv': audienceTable() },
    () => inlineCompute(toyGroup),
    around,
  );
const CAMPAIGN = campaign(['control', 'letter'], 120);
const measurement = measureJob({ cohorts: [{ name: 'control' }, { name: 'letter' }], epsilon: 2 });

/** Both hold one table. */
async function sameAtBoth(pair: Pair, { id, result }: Job): Promise<boolean> {
  const jobs = await Promise.all([pair.bank.get(id), pair.telco.get(id)]);
  return jobs.every((job) => JSON.stringify(job.result) === JSON.stringify(result));
}

/** Whoever is held out is drawn anew after some faults: what must not change is that nobody known is delivered to. */
async function excluded(pair: Pair, { id }: Job): Promise<unknown> {
  const lines = async (file: string) => await sorted(pair.telco.artifact(id, file, 'ada'));
  const known = new Set(
    customersTable()
      .split('\n')
      .slice(1)
      .map((line) => line.split(',')[0]),
  );
  const ofBank = (rows: readonly string[]): number =>
    rows.filter((line) => known.has(line.split(',')[0])).length;
  const [delivered, withheld] = [await lines('deliver.csv'), await lines('withheld.csv')];
  const { heldOut, overlap } = (await pair.bank.get(id)).result as Record<string, number>;
  return {
    rows: delivered.length + withheld.length,
    delivered: ofBank(delivered),
    withheld: ofBank(withheld),
    told: heldOut! + overlap! === withheld.length - 1,
  };
}

/** Both parties' states after a training, copied once for all predictions. */
async function train() {
  await using pair = await pairOn(LENDING);
  const { id } = await pair.bank.submit(quickTraining(), '', 'ada');
  for (const worker of [pair.bank, pair.telco]) await reaches(worker, id);
  const { models } = await pair.bank.models.list(1, '');
  await Promise.all([pair.stop('bank'), pair.stop('telco')]);
  const states = mkdtempSync(join(tmpdir(), 'sotto-states-'));
  cpSync(pair.folder, states, { recursive: true });
  return { states, modelId: models[0]!.id };
}
let trainedOnce: ReturnType<typeof train> | undefined;
const training = (): ReturnType<typeof train> => {
  trainedOnce ??= train();
  return trainedOnce;
};

export const SCENARIOS: Readonly<Record<string, Scenario>> = {
  align: {
    open: (around) =>
      pairOn({ 'loans.csv': idTable(0, 40), 'calls.csv': idTable(25, 70) }, undefined, around),
    spec: async () => alignSpec(),
    essence: async (pair, name, job) => ({
      result: job.result,
      rows: await sorted(pair.workers.get(name)!.artifact(job.id, 'aligned.csv', 'ada')),
    }),
  },
  train: {
    open: (around) => pairOn(LENDING, undefined, around),
    spec: async () => quickTraining(),
    essence: async (_pair, _name, job) => trained(job),
  },
  predict: {
    open: async (around) => await pairOn(LENDING, undefined, around, (await training()).states),
    spec: async () => {
      const { modelId } = await training();
      return alignSpec({ protocol: { case: 'predict', value: { modelId } } });
    },
    essence: async (_pair, _name, { result }) => {
      const { rows, ownRows, peerRows } = result as Record<string, unknown>;
      return { rows, ownRows, peerRows };
    },
  },
  exclude: {
    open: openSets,
    spec: async () => setSpec({ case: 'exclude', value: {} }),
    essence: async (pair, _name, job) => await excluded(pair, job),
    mostDebits: 1,
  },
  select: {
    open: openSets,
    spec: async () =>
      setSpec(
        { case: 'select', value: {} },
        { passive: { party: 'telco', dataset: 'calls', columns: [{ name: 'age' }] } },
      ),
    essence: async (pair, name, job) => ({
      result: job.result,
      rows: await sorted(pair.workers.get(name)!.artifact(job.id, 'selected.csv', 'ada')),
    }),
    mostDebits: 1,
  },
  count: {
    open: openSets,
    spec: async () => setSpec({ case: 'count', value: {} }),
    essence: async (pair, _name, job) => await sameAtBoth(pair, job),
    mostDebits: 1,
  },
  measure: {
    open: (around) =>
      pairOn(
        { 'loans.csv': CAMPAIGN.converted, 'calls.csv': CAMPAIGN.exposed },
        () => inlineCompute(),
        around,
      ),
    spec: async () => measurement,
    // Each attempt that gave anything is debited, so the number of debits depends on the faults.
    essence: async (pair, _name, job) => await sameAtBoth(pair, job),
  },
};
