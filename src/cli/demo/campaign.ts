/**
 * A campaign from end to end: train -> score tiers -> exclude holders -> deliver and wait for responses (made up) ->
 * measure the lift -> train again with the responses. Two workers, as two companies would run them.
 */
import { randomUUID } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { JobSpecSchema } from '../../gen/sotto/job/v1/agreement_pb.ts';
import type { Job } from '../../gen/sotto/job/v1/job_pb.ts';
import type { Measurement } from '../../model/measurement.ts';
import { measure } from '../../model/metrics.ts';
import { type OperatorClient, withOperator } from '../connection.ts';
import type { Output } from '../output.ts';
import {
  type CampaignOutcome,
  controlOf,
  drawCohorts,
  isOffer,
  TIERS,
  treatedOf,
  truthOf,
} from './campaign-outcome.ts';
import { renderCampaign } from './campaign-page.ts';
import {
  BANK_COLUMNS,
  COMPANY_COLUMNS,
  csvOf,
  makePeople,
  outcomeTables,
  type Person,
  respond,
} from './campaign-people.ts';
import { type CampaignSetup, PURPOSE, saveTables, setUpCampaign } from './campaign-setup.ts';
import { rejectionOf, type Stage, settled, stopAll } from './demo.ts';
import { startWorker, tailsOf, type WorkerProcess } from './processes.ts';

export async function runCampaign(
  folder: string,
  output: Output,
  signal: AbortSignal,
): Promise<CampaignOutcome> {
  const started = performance.now();
  const workers: WorkerProcess[] = [];
  const say = (text: string): void => output.remark(`${output.style('cyan', '›')} ${text}`);
  try {
    await mkdir(folder, { recursive: true });
    say('making up a bank, a data company, and 17,000 people');
    const people = makePeople();
    const threads = Math.max(1, Math.floor(availableParallelism() / 2));
    const setup = await setUpCampaign(folder, people, threads);
    for (const { party, config } of [setup.bank, setup.company]) {
      const logFile = join(folder, `${party}.log`);
      workers.push(await startWorker({ name: party, config, logFile }));
    }
    const work = withOperator({ config: setup.bank.config }, (bank) =>
      withOperator({ config: setup.company.config }, (company) =>
        act(new Campaign(bank, company, { folder, output, say, signal }), setup, people),
      ),
    );
    const found = await Promise.race([
      work,
      rejectionOf(signal),
      ...workers.map(({ gone }) => gone),
    ]);
    await stopAll(workers);
    const html = join(folder, 'campaign.html');
    const outcome = { ...found, seconds: (performance.now() - started) / 1000, html };
    await writeFile(html, await renderCampaign(outcome));
    return outcome;
  } catch (thrown) {
    await stopAll(workers);
    if (!signal.aborted) process.stderr.write(tailsOf(workers));
    throw thrown;
  }
}

type SpecInit = MessageInitShape<typeof JobSpecSchema>;

/** The operators of both parties, and the jobs they have done. */
class Campaign {
  readonly stage: Stage;
  readonly jobs: { step: string; job: Job; seconds: number }[] = [];
  readonly #bank: OperatorClient;
  readonly #company: OperatorClient;

  constructor(bank: OperatorClient, company: OperatorClient, stage: Stage) {
    this.#bank = bank;
    this.#company = company;
    this.stage = stage;
  }

  /** Submits at the bank and waits; the company's rules admit the jobs of this campaign. */
  async run(step: string, spec: SpecInit): Promise<Job> {
    this.stage.say(step);
    const started = performance.now();
    const submitted = await this.#bank.submit(
      create(JobSpecSchema, { purpose: PURPOSE, ...spec } as SpecInit),
      randomUUID(),
    );
    const job = await settled(this.#bank, submitted.id, this.stage.output, this.stage.signal);
    this.jobs.push({ step, job, seconds: (performance.now() - started) / 1000 });
    return job;
  }

  /** A file that the job left at the bank, or at the company. */
  async file(at: 'bank' | 'company', { id }: Job, name: string): Promise<string> {
    const operator = at === 'bank' ? this.#bank : this.#company;
    // The company's side ends a moment later: its job is watched until then.
    if (at === 'company') await settled(operator, id, this.stage.output, this.stage.signal);
    return new TextDecoder().decode(await operator.artifact(id, name));
  }
}

const named = (columns: readonly string[]) => columns.map((name) => ({ name }));
const party = (name: 'bank' | 'company', dataset: string, columns: readonly string[] = []) => ({
  party: name,
  dataset,
  columns: named(columns),
});

async function act(
  campaign: Campaign,
  setup: CampaignSetup,
  people: readonly Person[],
): Promise<Omit<CampaignOutcome, 'seconds' | 'html'>> {
  const trained = await campaign.run(
    'train: who holds the card already, and what do they have in common?',
    {
      active: {
        ...party('bank', 'clients', BANK_COLUMNS),
        label: { column: 'holder', positive: 'yes' },
      },
      passive: party('company', 'audience', COMPANY_COLUMNS),
      protocol: { case: 'train', value: { passes: 6 } },
    },
  );
  const first = resultOf<{ modelId: string; trainRows: number; metrics: { auc: number } }>(trained);

  const scored = await campaign.run('score: the bank ranks its other clients into three tiers', {
    active: party('bank', 'prospects'),
    passive: party('company', 'audience'),
    protocol: { case: 'predict', value: { modelId: first.modelId } },
  });
  const scores = linesOf(await campaign.file('bank', scored, 'scores.csv')).map(
    ([id, probability]) => ({ id: id!, probability: Number(probability) }),
  );

  const excluded = await campaign.run('exclude: nobody who holds the card gets the offer', {
    active: party('bank', 'holders'),
    passive: party('company', 'audience'),
    protocol: { case: 'exclude', value: {} },
  });
  const deliverable = new Set(
    linesOf(await campaign.file('company', excluded, 'deliver.csv')).map(([id]) => id!),
  );

  const cohortOf = drawCohorts(scores, deliverable);
  const offered = new Set([...cohortOf].flatMap(([id, cohort]) => (isOffer(cohort) ? [id] : [])));
  campaign.stage.say(
    `deliver: ${offered.size.toLocaleString('en-US')} people get the offer; made-up responses come in`,
  );
  const responses = respond(people, offered);
  await saveTables(setup.company, {
    'delivered.csv': csvOf(
      ['id', 'cohort'],
      [...cohortOf].map(([id, cohort]) => [id, `"${cohort}"`]),
    ),
  });
  await saveTables(setup.bank, outcomeTables(people, responses));

  const measured = await campaign.run(
    'measure: who bought, and for how much, without showing who',
    {
      active: { party: 'bank', dataset: 'buyers' },
      passive: { party: 'company', dataset: 'delivered' },
      protocol: {
        case: 'measure',
        value: {
          cohortColumn: 'cohort',
          cohorts: TIERS.flatMap((tier) => [
            { name: treatedOf(tier), control: controlOf(tier) },
            { name: controlOf(tier) },
          ]),
          metrics: [{ column: 'spend', least: 0, most: 500, decimals: 2 }],
        },
      },
    },
  );
  const measurement = JSON.parse(
    await campaign.file('bank', measured, 'measure.json'),
  ) as Measurement;

  const retrained = await campaign.run(
    'retrain: the responses are the labels, the first model the start',
    {
      active: {
        ...party('bank', 'outcomes', BANK_COLUMNS),
        label: { column: 'bought', positive: 'yes' },
      },
      passive: party('company', 'audience', COMPANY_COLUMNS),
      protocol: {
        case: 'train',
        value: { passes: 6, parentModelId: first.modelId, measureJobId: measured.id },
      },
    },
  );
  const second = resultOf<typeof first>(retrained);

  const bought = new Map(responses.map(({ id, spend }) => [id, spend]));
  const sent = resultOf<{ overlap: number; audience: number; heldOut: number }>(excluded);
  return {
    parties: { bank: 'bank', company: 'company' },
    sizes: {
      clients: people.filter(({ client }) => client).length,
      audience: people.filter(({ inAudience }) => inAudience).length,
      holders: people.filter(({ holder }) => holder).length,
    },
    train: { modelId: first.modelId, rows: first.trainRows, auc: first.metrics.auc },
    exclude: {
      audience: sent.audience,
      withheld: sent.audience - deliverable.size,
      holdersAmongThem: sent.overlap,
    },
    delivered: offered.size,
    measurement,
    truth: truthOf(cohortOf, bought),
    retrain: {
      modelId: second.modelId,
      parentModelId: first.modelId,
      before: measure(
        Uint8Array.from(scores, ({ id }) => (bought.has(id) ? 1 : 0)),
        Float64Array.from(scores, ({ probability }) => probability),
      ),
      auc: second.metrics.auc,
      rows: second.trainRows,
    },
    jobs: campaign.jobs,
  };
}

const resultOf = <T>(job: Job): T => job.result as unknown as T;

/** Fields of each line but the header; none of these tables quotes any. */
const linesOf = (csv: string): string[][] =>
  csv
    .trimEnd()
    .split('\n')
    .slice(1)
    .map((line) => line.split(','));
