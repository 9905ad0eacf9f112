/** `sotto job`: the operator's verbs on jobs, the same calls as the JobService. */
import { randomUUID } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { toJson } from '@bufbuild/protobuf';
import type { Command } from 'commander';
import { SottoError } from '../../base/errors.ts';
import {
  type Job,
  JobSchema,
  JobState,
  ListJobsResponseSchema,
  PlanJobResponseSchema,
} from '../../gen/sotto/job/v1/job_pb.ts';
import { type Call, group, leaf } from '../command.ts';
import { type ConnectionFlags, connectionOptions, withOperator } from '../connection.ts';
import { EXIT_JOB_FAILED } from '../exit-codes.ts';
import { loadJobFile } from '../job-file.ts';
import { jobText, planText } from '../job-text.ts';
import { table } from '../output.ts';
import { ended, stateText } from '../progress.ts';
import { follow } from '../watch.ts';

interface SubmitFlags extends ConnectionFlags {
  readonly requestId?: string;
  readonly watch?: boolean;
}

interface ApproveFlags extends ConnectionFlags {
  readonly expect?: string;
}

interface GetFlags extends ConnectionFlags {
  readonly save?: string;
}

interface ListFlags extends ConnectionFlags {
  readonly pageSize?: string;
  readonly pageToken?: string;
}

export function jobCommand(): Command {
  const commands = [
    leaf('plan <job.yaml>', 'what a job would cost and disclose, without starting it', plan),
    leaf<SubmitFlags>('submit <job.yaml>', 'submit a job', submit)
      .option('--request-id <uuid>', 'submitting twice with the same id gives the same job')
      .option('--watch', 'follow it to its end'),
    leaf<ApproveFlags>('approve <id>', 'let a job that the peer proposed begin', approve).option(
      '--expect <job.yaml>',
      'your own copy of the job: a difference is refused with the field named',
    ),
    leaf('watch <id>', 'follow a job to its end', watch),
    leaf<ListFlags>('list', 'jobs of this worker, newest first', list)
      .option('--page-size <n>', 'at most so many (1 to 100)')
      .option('--page-token <token>', 'where the last page ended'),
    leaf<GetFlags>('get <id>', 'one job with its result, error and files', get).option(
      '--save <folder>',
      "save the job's files (metrics, report, scores) there",
    ),
    leaf('cancel <id>', 'stop a job at both parties', cancel),
  ];
  return group('job', 'jobs of a worker', commands.map(connectionOptions));
}

async function plan({ flags, args, output }: Call<ConnectionFlags>): Promise<undefined> {
  const spec = loadJobFile(args[0]!);
  const answer = await withOperator(flags, (operator) => operator.plan(spec));
  output.result(toJson(PlanJobResponseSchema, answer), planText(answer, output));
}

async function submit({ flags, args, output }: Call<SubmitFlags>): Promise<number | undefined> {
  const spec = loadJobFile(args[0]!);
  return await withOperator(flags, async (operator) => {
    // Without one of ours a lost answer would leave the question whether there is a job now.
    const job = await operator.submit(spec, flags.requestId ?? randomUUID());
    if (flags.watch === true) return verdict(await follow(operator, job.id, output));
    output.result(toJson(JobSchema, job), `${job.id}  ${stateText(job.state)}`);
    return 0;
  });
}

async function approve({ flags, args, output }: Call<ApproveFlags>): Promise<undefined> {
  const expected = flags.expect === undefined ? undefined : loadJobFile(flags.expect);
  const job = await withOperator(flags, (operator) => operator.approve(args[0]!, expected));
  output.result(toJson(JobSchema, job), `${job.id}  ${stateText(job.state)}`);
}

async function watch({ flags, args, output }: Call<ConnectionFlags>): Promise<number> {
  return await withOperator(flags, async (operator) =>
    verdict(await follow(operator, args[0]!, output)),
  );
}

async function list({ flags, output }: Call<ListFlags>): Promise<undefined> {
  const size = pageSize(flags.pageSize);
  const page = await withOperator(flags, (operator) => operator.list(size, flags.pageToken ?? ''));
  const rows = page.jobs.map((job) => [
    job.id,
    stateText(job.state),
    job.spec?.protocol.case ?? '',
    job.peer,
    job.spec?.purpose ?? '',
    `${(job.progress?.percent ?? 0).toFixed(0)} %`,
  ]);
  const more = page.nextPageToken === '' ? '' : `\nmore: --page-token ${page.nextPageToken}`;
  const header = ['id', 'state', 'protocol', 'peer', 'purpose', 'done'];
  const text = rows.length === 0 ? 'no jobs' : table(header, rows) + more;
  output.result(toJson(ListJobsResponseSchema, page), text);
}

/** A page size from a flag; 0 leaves the choice to the worker. */
export function pageSize(text: string | undefined): number {
  const size = Number(text ?? 0);
  if (Number.isInteger(size) && size >= 0 && size <= 100) return size;
  throw new SottoError('invalid-argument', '--page-size must be a whole number from 1 to 100', {
    found: text ?? '',
  });
}

async function get({ flags, args, output }: Call<GetFlags>): Promise<undefined> {
  await withOperator(flags, async (operator) => {
    const job = await operator.get(args[0]!);
    const saved: string[] = [];
    if (flags.save !== undefined) {
      await mkdir(flags.save, { recursive: true });
      for (const name of job.artifacts) {
        const file = join(flags.save, artifactFileName(name));
        await writeFile(file, await operator.artifact(job.id, name), { mode: 0o600 });
        saved.push(file);
      }
    }
    const text = [jobText(job, output), ...saved.map((file) => `saved ${file}`)].join('\n');
    output.result({ ...(toJson(JobSchema, job) as object), ...(flags.save && { saved }) }, text);
  });
}

/** The name comes from a worker: it may not lead out of the folder. */
function artifactFileName(name: string): string {
  if (/^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/.test(name)) return name;
  throw new SottoError('protocol-violation', 'the worker names a file that is no plain name', {
    length: name.length,
  });
}

async function cancel({ flags, args, output }: Call<ConnectionFlags>): Promise<undefined> {
  const job = await withOperator(flags, (operator) => operator.cancel(args[0]!));
  output.result(toJson(JobSchema, job), `${job.id}  ${stateText(job.state)}`);
}

/** The exit code of a command that waited for a job. */
export function verdict(job: Job): number {
  return ended(job) && job.state === JobState.SUCCEEDED ? 0 : EXIT_JOB_FAILED;
}
