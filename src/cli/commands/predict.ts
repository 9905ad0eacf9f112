/** `sotto predict`: scores rows of two datasets with a trained model, and fetches the scores. */
import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { create, toJson } from '@bufbuild/protobuf';
import type { Command } from 'commander';
import { SottoError } from '../../base/errors.ts';
import { type JobSpec, JobSpecSchema } from '../../gen/sotto/job/v1/agreement_pb.ts';
import { JobSchema, JobState, type Model } from '../../gen/sotto/job/v1/job_pb.ts';
import { type Call, leaf } from '../command.ts';
import { type ConnectionFlags, connectionOptions, withOperator } from '../connection.ts';
import { openOutput } from '../output.ts';
import { follow } from '../watch.ts';
import { verdict } from './job.ts';

/** The file of a predict job that holds the scores, at the party that receives them. */
export const SCORES_FILE = 'scores.csv';

interface PredictFlags extends ConnectionFlags {
  readonly model: string;
  readonly dataset: string;
  readonly peerDataset: string;
  readonly purpose?: string;
  readonly step?: string;
  readonly out: string;
}

export function predictCommand(): Command {
  const command = leaf<PredictFlags>('predict', 'score new rows with a trained model', predict)
    .requiredOption('--model <id>', 'a model of this worker, see `sotto models list`')
    .requiredOption('--dataset <name>', 'our rows: a dataset of this worker')
    .requiredOption('--peer-dataset <name>', "the peer's rows: a dataset of its configuration")
    .option('--purpose <purpose>', "the purpose, if not the model's")
    .option('--step <logits>', "step of the peer's partial scores (default 0.125)")
    .option('--out <file>', 'where the scores go', SCORES_FILE);
  return connectionOptions(command);
}

async function predict({
  flags,
  output,
}: Call<PredictFlags & { json?: boolean }>): Promise<number> {
  return await withOperator(flags, async (operator) => {
    const { model } = await operator.models.get(flags.model);
    if (model === undefined)
      throw new SottoError('not-found', 'no such model', { model: flags.model });
    const submitted = await operator.submit(
      predictSpec(model, operator.party, flags),
      randomUUID(),
    );
    // The object of this command is the one below; the changes of its job are for `job watch --json`.
    const quiet = { ...openOutput({}), json: false, result: () => {} };
    const watched = output.json ? { ...quiet, live: false, remark: () => {} } : quiet;
    const job = await follow(operator, submitted.id, watched);
    if (job.state === JobState.SUCCEEDED) {
      await writeFile(flags.out, await operator.artifact(job.id, SCORES_FILE), { mode: 0o600 });
      output.result(
        { ...(toJson(JobSchema, job) as object), saved: flags.out },
        `${job.id}  succeeded; scores in ${flags.out}`,
      );
    } else {
      const reason = job.error === undefined ? '' : `: ${job.error.message} [${job.error.code}]`;
      output.result(toJson(JobSchema, job), `${job.id}  no scores${reason}`);
    }
    return verdict(job);
  });
}

/** Asks for scores at this party. Only the active party of the training can. */
export function predictSpec(
  model: Model,
  party: string,
  flags: Pick<PredictFlags, 'dataset' | 'peerDataset' | 'purpose' | 'step'>,
): JobSpec {
  if (model.role !== 'active') {
    throw new SottoError(
      'invalid-argument',
      'the scores of this model go to the other party, which alone can ask for them',
      { role: model.role, ask: model.peer },
    );
  }
  const step = flags.step === undefined ? 0 : Number(flags.step);
  if (!(step >= 0))
    throw new SottoError('invalid-argument', '--step must be a number', {
      found: flags.step ?? '',
    });
  return create(JobSpecSchema, {
    purpose: flags.purpose ?? model.purpose,
    active: { party, dataset: flags.dataset },
    passive: { party: model.peer, dataset: flags.peerDataset },
    protocol: { case: 'predict', value: { modelId: model.id, step } },
  });
}
