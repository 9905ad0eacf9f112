/** The demo: two workers, as two companies would run them, train a credit model and score with it. */
import { randomUUID } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { isErrorCode, SottoError } from '../../base/errors.ts';
import { type Job, JobState } from '../../gen/sotto/job/v1/job_pb.ts';
import { SCORES_FILE } from '../commands/predict.ts';
import { type OperatorClient, withOperator } from '../connection.ts';
import { loadJobFile } from '../job-file.ts';
import type { Output } from '../output.ts';
import { ended, ProgressLine } from '../progress.ts';
import { excludeCustomers } from './exclude.ts';
import { completeReport, scoreApplicants } from './findings.ts';
import { measureOffer } from './measure.ts';
import { startWorker, tailsOf, type WorkerProcess } from './processes.ts';
import { type DemoSetup, PURPOSE, setUp } from './setup.ts';
import type { DemoOutcome } from './summary.ts';
import { queryTags, type SealedMembers, sealMembers } from './tags.ts';

/** Runs the demo in the folder. Its workers are stopped however it ends. */
export async function runDemo(
  folder: string,
  output: Output,
  signal: AbortSignal,
): Promise<DemoOutcome> {
  const started = performance.now();
  const workers: WorkerProcess[] = [];
  const say = (text: string): void => output.remark(`${output.style('cyan', '›')} ${text}`);
  try {
    await mkdir(folder, { recursive: true });
    say('making keys, tables and configurations of a bank and a data company');
    // Both workers share this machine, so each gets half of its cores.
    const setup = await setUp(folder, Math.max(1, Math.floor(availableParallelism() / 2)));
    say('the company seals a table of its members for the bank, each row under a key of its own');
    const sealed = await sealMembers(setup, signal);
    say('starting two workers, who know each other by certificate');
    for (const party of [setup.bank, setup.company]) {
      const logFile = join(folder, `${party.party}.log`);
      workers.push(await startWorker({ name: party.party, config: party.config, logFile }));
    }
    const interrupted = rejectionOf(signal);
    const work = act(setup, sealed, { folder, output, say, signal });
    const found = await Promise.race([work, interrupted, ...workers.map(({ gone }) => gone)]);
    await stopAll(workers);
    return { ...found, seconds: (performance.now() - started) / 1000 };
  } catch (thrown) {
    await stopAll(workers);
    if (!signal.aborted) process.stderr.write(tailsOf(workers));
    throw thrown;
  }
}

export async function stopAll(workers: WorkerProcess[]): Promise<void> {
  await Promise.all(workers.map((worker) => worker[Symbol.asyncDispose]()));
}

export function rejectionOf(signal: AbortSignal): Promise<never> {
  const { promise, reject } = Promise.withResolvers<never>();
  const stop = (): void => reject(signal.reason);
  if (signal.aborted) stop();
  signal.addEventListener('abort', stop, { once: true });
  promise.catch(() => {});
  return promise;
}

export interface Stage {
  readonly folder: string;
  readonly output: Output;
  readonly say: (text: string) => void;
  readonly signal: AbortSignal;
}

/** What the two operators do once their workers run. */
async function act(
  setup: DemoSetup,
  sealed: SealedMembers,
  stage: Stage,
): Promise<Omit<DemoOutcome, 'seconds'>> {
  return await withOperator({ config: setup.bank.config }, (bank) =>
    withOperator({ config: setup.company.config }, async (company) => {
      const trained = await train(setup, bank, company, stage);
      stage.say('comparing with models that only a demo can make');
      const report = await completeReport(setup, bank, trained, stage.folder);
      stage.say('scoring the applicants that both know');
      const predicted = await scoreApplicants(bank, report.modelId, stage.folder, (id) =>
        settled(bank, id, stage.output, stage.signal),
      );
      stage.say(
        'the bank asks for tags of single customers, and the company does not learn of whom',
      );
      const tagQuery = await queryTags(setup, sealed, stage.signal);
      stage.say('the company delivers, without people whom the bank has already');
      const exclude = await excludeCustomers({ bank, company }, setup, (operator, id) =>
        settled(operator, id, stage.output, stage.signal),
      );
      stage.say('counting who took an offer, in either half of the audience');
      const measured = await measureOffer(setup, { bank, company }, PURPOSE, (operator, id) =>
        settled(operator, id, stage.output, stage.signal),
      );
      const spec = trained.spec?.protocol;
      return {
        report,
        passes: spec?.case === 'train' ? spec.value.passes : 0,
        predict: predicted,
        tagQuery,
        exclude,
        measured,
        files: {
          html: join(stage.folder, 'report.html'),
          json: join(stage.folder, 'report.json'),
          scores: join(stage.folder, SCORES_FILE),
        },
      };
    }),
  );
}

async function train(
  setup: DemoSetup,
  bank: OperatorClient,
  company: OperatorClient,
  { say, output, signal }: Stage,
): Promise<Job> {
  const spec = loadJobFile(setup.trainFile);
  const plan = await bank.plan(spec);
  say(
    `the bank asks what it would cost: ${plan.rows} rows here, about ${(Number(plan.estimatedBytes) / 1e6).toFixed(0)} MB`,
  );
  const submitted = await bank.submit(spec, randomUUID());
  say(`the bank submits job ${submitted.id}; at the company it waits for an approver`);
  const approval = approveWhenProposed(company, submitted.id, setup, signal).then(() =>
    say('the company compares it with its own copy of the job, and approves'),
  );
  const [job] = await Promise.all([settled(bank, submitted.id, output, signal), approval]);
  return job;
}

/** Follows the company's worker until the proposal is there and waits, then approves it. */
async function approveWhenProposed(
  company: OperatorClient,
  id: string,
  setup: DemoSetup,
  signal: AbortSignal,
): Promise<void> {
  const expected = loadJobFile(join(setup.company.folder, 'train.yaml'));
  for (;;) {
    signal.throwIfAborted();
    const { jobs } = await company.list(0, '');
    const proposed = jobs.find((job) => job.id === id);
    if (proposed?.state === JobState.AWAITING_APPROVAL) {
      await company.approve(id, expected);
      return;
    }
    if (proposed !== undefined && ended(proposed)) return; // its error is told at the bank
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** The job when it has succeeded; any other end is an error with the job's own code. */
export async function settled(
  operator: OperatorClient,
  id: string,
  output: Output,
  signal: AbortSignal,
): Promise<Job> {
  const line = new ProgressLine(output, ' ');
  for await (const job of operator.watch(id, signal)) {
    if (!ended(job)) {
      line.show(job);
      continue;
    }
    line.end();
    if (job.state === JobState.SUCCEEDED) return job;
    const { code = 'cancelled', message = 'cancelled' } = job.error ?? {};
    throw new SottoError(isErrorCode(code) ? code : 'internal', `job ${id} failed: ${message}`);
  }
  throw new SottoError('peer-unavailable', 'the worker ended the watch before the job had ended');
}
