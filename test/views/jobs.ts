/** Whole jobs between two workers, watched: what each party heard in each of them. */
import { inlineCompute } from '../../src/compute/inline.ts';
import type { JobSpec } from '../../src/gen/sotto/job/v1/agreement_pb.ts';
import { JobState } from '../../src/gen/sotto/job/v1/job_pb.ts';
import { alignSpec, trainSpec } from '../support/jobs.ts';
import { lendingTables } from '../support/lending.ts';
import { seededRandom } from '../support/random.ts';
import { openPair, type Pair, reaches } from '../support/workers.ts';
import { allowedUnder, unlisted } from './allowed.ts';
import { type Heard, recorded } from './record.ts';

export interface PartyView {
  readonly protocol: string;
  readonly party: string;
  readonly messages: number;
  readonly bytes: number;
  /** Messages or fields that PROTOCOLS.md does not list. */
  readonly unlisted: readonly string[];
  readonly heard: readonly Heard[];
}

/** Headings of PROTOCOLS.md whose messages a job of each kind may use. */
const SECTIONS = {
  align: ['Channel', 'Agreement', 'Align'],
  train: ['Channel', 'Agreement', 'Align', 'Train', 'Score'],
  predict: ['Channel', 'Agreement', 'Align', 'Score'],
  exclude: ['Channel', 'Agreement', 'Exclude'],
  select: ['Channel', 'Agreement', 'Select', 'Align'],
  count: ['Channel', 'Agreement', 'Count'],
  measure: ['Channel', 'Agreement', 'Measure'],
} as const;

async function watched(
  pair: Pair,
  protocol: keyof typeof SECTIONS,
  spec: JobSpec,
): Promise<PartyView[]> {
  const bank: Heard[] = [];
  const telco: Heard[] = [];
  pair.network.wrap = (transport) => recorded(transport, bank, telco);
  const { id } = await pair.bank.submit(spec, '', 'ada');
  for (const worker of [pair.bank, pair.telco]) {
    const job = await reaches(worker, id);
    if (job.state !== JobState.SUCCEEDED) throw new Error(`${protocol} failed: ${job.error?.code}`);
  }
  const allowed = allowedUnder(SECTIONS[protocol]);
  return Object.entries({ bank, telco }).map(([party, heard]) => ({
    protocol,
    party,
    messages: heard.length,
    bytes: heard.reduce((sum, { bytes }) => sum + bytes, 0),
    unlisted: unlisted(heard, allowed),
    heard,
  }));
}

/** Who of each region has not paid back, and with what income. */
const measureSpec = (): JobSpec =>
  alignSpec({
    active: { party: 'bank', dataset: 'loans', label: { column: 'bad', positive: '1' } },
    protocol: {
      case: 'measure',
      value: {
        cohortColumn: 'region',
        cohorts: ['north', 'south', 'west'].map((name) => ({ name })),
        metrics: [{ column: 'income', least: 0, most: 1_000 }],
        epsilon: 10,
      },
    },
  });

/** Aligns, trains under real encryption, and predicts, and asks of sets; the same customers each time, labels as given. */
export async function* watchJobs(files = lendingTables()): AsyncGenerator<PartyView> {
  await using pair = await openPair({
    bank: {
      compute: inlineCompute(),
      files: { ...files },
      // The proposer draws the seed of the split: with other rows held out, other lengths would follow.
      change: (options) => ({ ...options, random: seededRandom('views') }),
    },
    telco: { compute: inlineCompute() },
  });
  yield* await watched(pair, 'align', alignSpec());
  yield* await watched(
    pair,
    'train',
    trainSpec({ protocol: { case: 'train', value: { passes: 3 } } }),
  );
  const { models } = await pair.bank.models.list(1, '');
  const value = { modelId: models[0]!.id };
  yield* await watched(pair, 'predict', alignSpec({ protocol: { case: 'predict', value } }));
  const columns = [{ name: 'region' }];
  const passive = { party: 'telco', dataset: 'calls', where: 'minutes > 0', columns };
  yield* await watched(
    pair,
    'exclude',
    alignSpec({ protocol: { case: 'exclude', value: { overlapDisclosed: true } } }),
  );
  const selection = { protocol: { case: 'select', value: {} }, passive } as const;
  yield* await watched(pair, 'select', alignSpec(selection));
  yield* await watched(pair, 'count', alignSpec({ protocol: { case: 'count', value: {} } }));
  yield* await watched(pair, 'measure', measureSpec());
}
