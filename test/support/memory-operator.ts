/** A worker's verbs over jobs in memory: a whole `Operator`, which computes nothing. */
import { randomUUID } from 'node:crypto';
import { create } from '@bufbuild/protobuf';
import { SottoError } from '../../src/base/errors.ts';
import type { JobSpec } from '../../src/gen/sotto/job/v1/agreement_pb.ts';
import {
  GetModelResponseSchema,
  type Job,
  JobSchema,
  JobState,
  ListJobsResponseSchema,
  ListModelsResponseSchema,
  PlanJobResponseSchema,
} from '../../src/gen/sotto/job/v1/job_pb.ts';
import type { Operator } from '../../src/jobs/peers.ts';

export class MemoryOperator implements Operator {
  readonly #jobs = new Map<string, Job>();
  readonly #artifacts = new Map<string, Uint8Array>();
  readonly #changed = new Set<() => void>();
  readonly #models = new Set(['model-1']);
  /** Who asked for what, in order, e.g. "submit by sam". */
  readonly asked: string[] = [];
  /** Watches that run. */
  watching = 0;

  put(id: string, state: JobState, artifacts: Readonly<Record<string, Uint8Array>> = {}): void {
    const job = create(JobSchema, { id, state, artifacts: Object.keys(artifacts) });
    this.#jobs.set(id, job);
    for (const [name, bytes] of Object.entries(artifacts))
      this.#artifacts.set(`${id}/${name}`, bytes);
    for (const wake of this.#changed) wake();
    this.#changed.clear();
  }

  async plan(spec: JobSpec) {
    this.asked.push('plan');
    return create(PlanJobResponseSchema, { spec, rows: 7n, estimatedSeconds: 1.5 });
  }

  async submit(spec: JobSpec, requestId: string, by: string): Promise<Job> {
    this.asked.push(`submit by ${by}`);
    const job = create(JobSchema, { id: requestId || randomUUID(), spec, submittedHere: true });
    this.#jobs.set(job.id, job);
    return job;
  }

  async approve(id: string, _expected: JobSpec | undefined, by: string): Promise<Job> {
    this.asked.push(`approve by ${by}`);
    return await this.get(id);
  }

  async get(id: string): Promise<Job> {
    const job = this.#jobs.get(id);
    if (job === undefined) throw new SottoError('not-found', 'no such job', { job: id });
    return job;
  }

  async list(pageSize: number, pageToken: string) {
    this.asked.push(`list ${pageSize}`);
    const from = Number(pageToken || 0);
    const jobs = [...this.#jobs.values()].slice(from, from + pageSize);
    const nextPageToken = from + pageSize < this.#jobs.size ? String(from + pageSize) : '';
    return create(ListJobsResponseSchema, { jobs, nextPageToken });
  }

  async exposures() {
    this.asked.push('exposures');
    return [];
  }

  async cancel(id: string, by: string): Promise<Job> {
    this.asked.push(`cancel by ${by}`);
    return await this.get(id);
  }

  async *watch(id: string, signal: AbortSignal): AsyncIterable<Job> {
    this.watching += 1;
    try {
      while (!signal.aborted) {
        const job = await this.get(id);
        yield job;
        if (job.state === JobState.SUCCEEDED) return;
        const { promise, resolve } = Promise.withResolvers<void>();
        this.#changed.add(resolve);
        signal.addEventListener('abort', () => resolve());
        await promise;
      }
    } finally {
      this.watching -= 1;
    }
  }

  async artifact(jobId: string, name: string): Promise<Uint8Array> {
    this.asked.push(`artifact ${name}`);
    const bytes = this.#artifacts.get(`${jobId}/${name}`);
    if (bytes === undefined) throw new SottoError('not-found', 'no such artifact', { name });
    return bytes;
  }

  readonly models = {
    list: async () =>
      create(ListModelsResponseSchema, { models: [...this.#models].map((id) => ({ id })) }),
    get: async (id: string) => {
      if (!this.#models.has(id)) throw new SottoError('not-found', 'no such model', { model: id });
      return create(GetModelResponseSchema, { model: { id }, content: Buffer.from('{}') });
    },
    delete: async (id: string) => {
      this.#models.delete(id);
    },
  };
}
