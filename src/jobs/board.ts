/** The jobs as everybody sees them: durable states, live progress, and who waits for news. */
import { clone, create, type JsonObject } from '@bufbuild/protobuf';
import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import { asSottoError, type SottoError } from '../base/errors.ts';
import type { Log } from '../base/events.ts';
import {
  type Job,
  JobErrorSchema,
  JobSchema,
  JobState,
  JobStateSchema,
  type Progress,
} from '../gen/sotto/job/v1/job_pb.ts';
import type { AuditLog } from './audit/log.ts';
import type { Clock } from './options.ts';
import { hasEnded, type JobRecord, type Registry } from './registry.ts';

/** What may change in a job; absent: stays as it is. */
export interface Change {
  readonly state?: JobState;
  readonly error?: SottoError;
  readonly result?: JsonObject;
  readonly parameters?: JsonObject;
  readonly artifacts?: readonly string[];
  readonly attempt?: number;
  readonly agreement?: { readonly bytes: Uint8Array; readonly sha256: string };
  readonly disclosures?: Job['disclosures'];
  readonly peerSignature?: Uint8Array;
  readonly approved?: true;
  readonly progress?: Progress;
}

export class Board {
  readonly registry: Registry;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #audit: AuditLog;
  readonly #onEnd: (id: string) => void;
  readonly #progress = new Map<string, Progress>();
  readonly #waiting = new Map<string, Set<() => void>>();

  /** @param onEnd Called when a job has ended, durably. */
  constructor(
    registry: Registry,
    { clock, log }: { readonly clock: Clock; readonly log: Log },
    audit: AuditLog,
    onEnd: (id: string) => void,
  ) {
    this.registry = registry;
    this.#clock = clock;
    this.#log = log;
    this.#audit = audit;
    this.#onEnd = onEnd;
  }

  insert(record: JobRecord): void {
    const now = timestampFromMs(this.#clock.now());
    record.job.createTime = now;
    record.job.updateTime = now;
    this.registry.insert(record);
    this.#announce(record.job);
  }

  get(id: string): Job {
    return this.#live(this.registry.get(id).job);
  }

  /** The job with its progress of this moment, which is not written to disk at each step. */
  #live(job: Job): Job {
    const progress = this.#progress.get(job.id);
    if (progress !== undefined) job.progress = progress;
    return job;
  }

  page(pageSize: number, pageToken: string): { jobs: Job[]; nextPageToken: string } {
    const { records, nextPageToken } = this.registry.page(pageSize, pageToken);
    return { jobs: records.map(({ job }) => this.#live(job)), nextPageToken };
  }

  /** Durably, before anybody hears of it. False: the job has ended, and nothing changed. */
  change(id: string, change: Change): boolean {
    const record = this.registry.get(id);
    if (hasEnded(record.job)) return false;
    const before = record.job.state;
    const job = this.#changed(this.#live(record.job), change);
    this.registry.update({
      ...record,
      job,
      agreement: change.agreement?.bytes ?? record.agreement,
      peerSignature: change.peerSignature ?? record.peerSignature,
      approved: change.approved ?? record.approved,
    });
    if (hasEnded(job)) {
      this.#progress.delete(id);
      this.#noteEnd(job);
      this.#onEnd(id);
    }
    if (job.state !== before) this.#announce(job);
    // A try that nobody answered yet is no news: a watcher would hear of each, and see nothing changed.
    if (Object.keys(change).some((name) => name !== 'attempt')) this.#wake(id);
    return true;
  }

  #changed(before: Job, change: Change): Job {
    const job = clone(JobSchema, before);
    job.updateTime = timestampFromMs(this.#clock.now());
    if (change.state !== undefined) job.state = change.state;
    if (change.result !== undefined) job.result = change.result;
    if (change.parameters !== undefined) job.parameters = change.parameters;
    if (change.artifacts !== undefined) job.artifacts = [...change.artifacts];
    if (change.attempt !== undefined) job.attempt = change.attempt;
    if (change.agreement !== undefined) job.agreementSha256 = change.agreement.sha256;
    if (change.disclosures !== undefined) job.disclosures = change.disclosures;
    if (change.progress !== undefined) job.progress = change.progress;
    if (change.error !== undefined) {
      job.error = create(JobErrorSchema, {
        code: change.error.code,
        message: change.error.message,
        facts: { ...change.error.facts },
      });
    } else if (change.state !== undefined) {
      delete job.error;
    }
    return job;
  }

  /** Ends a job by what was thrown: somebody's wish is not a failure. False: it has ended before. */
  end(id: string, thrown: unknown): boolean {
    const error = asSottoError(thrown);
    const state = error.code === 'cancelled' ? JobState.CANCELLED : JobState.FAILED;
    return this.change(id, { state, error });
  }

  /** After a cut: a job that was running waits to go on; one that was not running stays where it is. */
  interrupt(id: string, error: SottoError): void {
    const { job } = this.registry.get(id);
    if (job.state === JobState.RUNNING) {
      this.change(id, { state: JobState.INTERRUPTED, error });
    }
  }

  report(id: string, progress: Progress): void {
    const before = this.#progress.get(id);
    this.#progress.set(id, progress);
    if (before?.phase !== progress.phase) {
      this.#log({
        event: 'job-phase',
        job: id,
        phase: progress.phase,
        bytesSent: Number(progress.bytesSent),
        bytesReceived: Number(progress.bytesReceived),
      });
    }
    this.#wake(id);
  }

  /** Now, and at each change; a slow watcher misses what was between, never the end. */
  async *watch(id: string, signal: AbortSignal): AsyncGenerator<Job, void, void> {
    this.registry.get(id);
    let fresh = true;
    let wake = (): void => {};
    const notice = (): void => {
      fresh = true;
      wake();
    };
    const waiting = this.#waiting.get(id) ?? new Set();
    this.#waiting.set(id, waiting.add(notice));
    signal.addEventListener('abort', notice, { once: true });
    try {
      while (!signal.aborted) {
        if (!fresh) {
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
          continue;
        }
        fresh = false;
        const job = this.get(id);
        yield job;
        if (hasEnded(job)) return;
      }
    } finally {
      signal.removeEventListener('abort', notice);
      waiting.delete(notice);
      if (waiting.size === 0) this.#waiting.delete(id);
    }
  }

  #wake(id: string): void {
    for (const notice of this.#waiting.get(id) ?? []) notice();
  }

  #noteEnd({ id, peer, state, error, result, artifacts }: Job): void {
    const rows = result?.rows;
    try {
      this.#audit.note({
        event: 'ended',
        job: id,
        peer,
        state: stateName(state),
        code: error?.code ?? '',
        rows: typeof rows === 'number' ? rows : 0,
        files: artifacts.length,
      });
    } catch {
      // It has ended all the same; what it spent was noted before it was spent.
      this.#log({ event: 'failed-internally', where: 'audit log' });
    }
  }

  #announce(job: Job): void {
    const error = job.error === undefined ? {} : { code: job.error.code as SottoError['code'] };
    this.#log({
      event: 'job-changed',
      job: job.id,
      peer: job.peer,
      state: stateName(job.state),
      ...error,
      bytesSent: Number(job.progress?.bytesSent ?? 0n),
      bytesReceived: Number(job.progress?.bytesReceived ?? 0n),
    });
  }
}

const stateName = (state: JobState): string =>
  JobStateSchema.value[state]?.localName ?? 'UNSPECIFIED';
