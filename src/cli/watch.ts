/** Following a job to its end, with progress for a person or one JSON object a change for a program. */
import { toJson } from '@bufbuild/protobuf';
import { SottoError } from '../base/errors.ts';
import { type Job, JobSchema } from '../gen/sotto/job/v1/job_pb.ts';
import type { OperatorClient } from './connection.ts';
import { jobText } from './job-text.ts';
import type { Output } from './output.ts';
import { ended, ProgressLine } from './progress.ts';

/** The job as it ended. Ctrl-C stops the watching, not the job. */
export async function follow(operator: OperatorClient, id: string, output: Output): Promise<Job> {
  const line = new ProgressLine(output, id);
  const stop = new AbortController();
  const interrupt = (): void =>
    stop.abort(new SottoError('cancelled', 'stopped watching; the job goes on'));
  process.once('SIGINT', interrupt);
  try {
    for await (const job of operator.watch(id, stop.signal)) {
      if (output.json) output.result(toJson(JobSchema, job), '');
      else if (!ended(job)) line.show(job);
      if (ended(job)) {
        line.end();
        if (!output.json) output.result(undefined, jobText(job, output));
        return job;
      }
    }
  } finally {
    process.removeListener('SIGINT', interrupt);
    line.end();
  }
  stop.signal.throwIfAborted();
  throw new SottoError('peer-unavailable', 'the worker ended the watch before the job had ended');
}
