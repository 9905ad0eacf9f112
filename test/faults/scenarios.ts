/** Jobs to disturb: what each is submitted as, and what of its outcome must not depend on faults. */
import { inlineCompute } from '../../src/compute/inline.ts';
import type { JobSpec } from '../../src/gen/sotto/job/v1/agreement_pb.ts';
import type { Job } from '../../src/gen/sotto/job/v1/job_pb.ts';
import type { Limits } from '../../src/jobs/index.ts';
import { cleartextTasks } from '../support/cleartext.ts';
import { alignSpec, trainSpec } from '../support/jobs.ts';
import { lendingTables } from '../support/lending.ts';
import { seededRandom } from '../support/random.ts';
import { idTable, type Name, openPair, type Pair, reaches } from '../support/workers.ts';

export interface Scenario {
  readonly open: () => Promise<Pair>;
  /** The job of a pair just opened. */
  readonly spec: (pair: Pair) => Promise<JobSpec>;
  /** Two outcomes of one party are the same when these are equal. */
  readonly essence: (pair: Pair, name: Name, job: Job) => Promise<unknown>;
}

/** Impatient: a frame that was lost is noticed within seconds. */
const LIMITS: Partial<Limits> = {
  messageTimeoutMs: 3_000,
  unavailableAfterMs: 8_000,
  retryFirstMs: 5,
  retryMostMs: 50,
};

/** Workers on these files with noiseless encryption: its errors are not what faults could change. */
async function pairOn(files: Readonly<Record<string, string>>): Promise<Pair> {
  let starts = 0;
  const side = (name: Name) => ({
    limits: LIMITS,
    compute: inlineCompute(cleartextTasks(seededRandom(`${name} ring`))),
    files,
    // Other coins at each start; the first submission of a pair always draws the same seed of the split.
    change: <T>(options: T): T => ({ ...options, random: seededRandom(`${name} ${starts++}`) }),
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
  return { rows, trainRows, passes, ...(metrics ? { auc: metrics.auc.toFixed(2) } : {}) };
};

export const SCENARIOS: Readonly<Record<string, Scenario>> = {
  align: {
    open: () => pairOn({ 'loans.csv': idTable(0, 40), 'calls.csv': idTable(25, 70) }),
    spec: async () => alignSpec(),
    essence: async (pair, name, job) => ({
      result: job.result,
      rows: await sorted(pair.workers.get(name)!.artifact(job.id, 'aligned.csv', 'ada')),
    }),
  },
  train: {
    open: () => pairOn(LENDING),
    spec: async () => quickTraining(),
    essence: async (_pair, _name, job) => trained(job),
  },
  predict: {
    open: () => pairOn(LENDING),
    spec: async (pair) => {
      const { id } = await pair.bank.submit(quickTraining(), '', 'ada');
      await Promise.all([reaches(pair.bank, id), reaches(pair.telco, id)]);
      const { models } = await pair.bank.models.list(1, '');
      const value = { modelId: models[0]!.id };
      return alignSpec({ protocol: { case: 'predict', value } });
    },
    essence: async (_pair, _name, { result }) => {
      const { rows, ownRows, peerRows } = result as Record<string, unknown>;
      return { rows, ownRows, peerRows };
    },
  },
};
