/** Following a job to its end, with progress for a person or one JSON object a change for a program. */
import { setTimeout } from 'node:timers/promises';
import { toJson } from '@bufbuild/protobuf';
import { asSottoError, SottoError } from '../base/errors.ts';
import { type Job, JobSchema } from '../gen/sotto/job/v1/job_pb.ts';
import type { OperatorClient } from './connection.ts';
import { jobText } from './job-text.ts';
import type { Output } from './output.ts';
import { ended, ProgressLine } from './progress.ts';

/** A worker that is started again is back within this time; else nobody is there to be watched. */
const PATIENCE_MS = 300_000;
const AGAIN_MS = 1_000;

/** The job as it ended, across restarts of its worker. Ctrl-C stops the watching, not the job. */
export async function follow(operator: OperatorClient, id: string, output: Output): Promise<Job> {
  const line = new ProgressLine(output, id);
  const stop = new AbortController();
  const interrupt = (): void =>
    stop.abort(new SottoError('cancelled', 'stopped watching; the job goes on'));
  process.once('SIGINT', interrupt);
  try {
    for await (const job of watchOn(operator, id, stop.signal)) {
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
  throw stop.signal.reason;
}

/** As the worker's own watch, taken up again whenever the worker has gone; ends with the signal. */
async function* watchOn(
  operator: OperatorClient,
  id: string,
  signal: AbortSignal,
): AsyncGenerator<Job> {
  for (let heardMs = performance.now(); !signal.aborted; ) {
    try {
      for await (const job of operator.watch(id, signal)) {
        heardMs = performance.now();
        yield job;
      }
    } catch (thrown) {
      const silentMs = performance.now() - heardMs;
      const isGone = asSottoError(thrown).code === 'peer-unavailable';
      if (!signal.aborted && !(isGone && silentMs < PATIENCE_MS)) throw thrown;
    }
    await setTimeout(AGAIN_MS, undefined, { signal }).catch(() => {});
  }
}
