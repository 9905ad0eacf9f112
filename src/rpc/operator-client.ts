/** An operator's side of JobService and ModelService: the worker's verbs as promises, over a pinned connection. */
import type { MessageInitShape } from '@bufbuild/protobuf';
import type { Client } from '@grpc/grpc-js';
import { concat } from '../base/bytes.ts';
import { SottoError } from '../base/errors.ts';
import type { JobSpec, JobSpecSchema } from '../gen/sotto/job/v1/agreement_pb.ts';
import {
  type GetModelResponse,
  type Job,
  JobService,
  type ListExposuresResponse,
  type ListJobsResponse,
  type ListModelsResponse,
  ModelService,
  type PlanJobResponse,
} from '../gen/sotto/job/v1/job_pb.ts';
import { Dial } from './dial.ts';
import { callStreaming, callUnary } from './grpc.ts';
import { checkHealth } from './health.ts';
import type { OperatorKeys, PartyPublic } from './keys.ts';
import {
  DEFAULT_RPC_LIMITS,
  MAX_REQUEST_BYTES,
  MAX_RESPONSE_BYTES,
  type RpcLimits,
} from './limits.ts';
import { patience } from './patience.ts';

type Spec = MessageInitShape<typeof JobSpecSchema> | JobSpec;

export interface OperatorClient extends AsyncDisposable {
  plan(spec: Spec): Promise<PlanJobResponse>;
  /** With a UUID as `requestId`, the same request gives the same job; '' for none. */
  submit(spec: Spec, requestId: string): Promise<Job>;
  approve(id: string, expected: Spec | undefined): Promise<Job>;
  get(id: string): Promise<Job>;
  list(pageSize: number, pageToken: string): Promise<ListJobsResponse>;
  cancel(id: string): Promise<Job>;
  /** The job now and at each change, until it has ended; rejects `cancelled` when the signal aborts. */
  watch(id: string, signal: AbortSignal): AsyncIterable<Job>;
  artifact(jobId: string, name: string): Promise<Uint8Array>;
  exposures(): Promise<ListExposuresResponse>;
  /** "SERVING" while the worker takes calls. */
  health(): Promise<string>;
  readonly models: {
    list(pageSize: number, pageToken: string): Promise<ListModelsResponse>;
    get(id: string): Promise<GetModelResponse>;
    delete(id: string): Promise<void>;
  };
}

export interface ConnectOptions {
  /** "host:port" */
  readonly address: string;
  /** The worker's party, from its public file. */
  readonly server: PartyPublic;
  readonly keys: OperatorKeys;
  readonly limits?: Partial<RpcLimits>;
}

/** Above this an artifact is no report of ours. */
const MAX_ARTIFACT_BYTES = 256 << 20;

/** Connects; rejects `peer-unavailable` when nobody answers, `unauthenticated` when either is a stranger. */
export async function connectOperator(options: ConnectOptions): Promise<OperatorClient> {
  const limits = { ...DEFAULT_RPC_LIMITS, ...options.limits };
  const { address, keys, server } = options;
  const sizes = { sent: MAX_REQUEST_BYTES, received: MAX_RESPONSE_BYTES };
  const dial = new Dial({ own: keys, peer: server, address, limits, sizes });
  const late = new SottoError('peer-unavailable', 'the worker does not answer', { address });
  using wait = patience(limits.connectMs, new AbortController().signal, late);
  try {
    return clientOf(await dial.connect(wait), dial, limits.callMs);
  } catch (error) {
    dial.close();
    throw error;
  }
}

function clientOf(client: Client, dial: Dial, deadlineMs: number): OperatorClient {
  const jobs = JobService.method;
  const models = ModelService.method;
  const limit = { deadlineMs };
  return {
    plan: (spec) => callUnary(client, jobs.planJob, { spec }, limit),
    submit: async (spec, requestId) =>
      jobOf(await callUnary(client, jobs.submitJob, { spec, requestId }, limit)),
    approve: async (id, expected) => {
      const request = expected === undefined ? { id } : { id, expected };
      return jobOf(await callUnary(client, jobs.approveJob, request, limit));
    },
    get: async (id) => jobOf(await callUnary(client, jobs.getJob, { id }, limit)),
    list: (pageSize, pageToken) => callUnary(client, jobs.listJobs, { pageSize, pageToken }, limit),
    cancel: async (id) => jobOf(await callUnary(client, jobs.cancelJob, { id }, limit)),
    watch: (id, signal) => watch(client, id, signal),
    artifact: (jobId, name) => artifact(client, jobId, name, deadlineMs),
    exposures: () => callUnary(client, jobs.listExposures, {}, limit),
    health: () => checkHealth(client, deadlineMs),
    models: {
      list: (pageSize, pageToken) =>
        callUnary(client, models.listModels, { pageSize, pageToken }, limit),
      get: (id) => callUnary(client, models.getModel, { id }, limit),
      delete: async (id) => {
        await callUnary(client, models.deleteModel, { id }, limit);
      },
    },
    [Symbol.asyncDispose]: async () => dial.close(),
  };
}

function jobOf({ job }: { readonly job?: Job | undefined }): Job {
  if (job === undefined) throw new SottoError('protocol-violation', 'the worker sent no job');
  return job;
}

async function* watch(client: Client, id: string, signal: AbortSignal): AsyncGenerator<Job> {
  for await (const response of callStreaming(
    client,
    JobService.method.watchJob,
    { id },
    { signal },
  )) {
    yield jobOf(response);
  }
}

async function artifact(
  client: Client,
  jobId: string,
  name: string,
  deadlineMs: number,
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  const request = { jobId, name };
  const options = { deadline: Date.now() + deadlineMs };
  for await (const { chunk } of callStreaming(
    client,
    JobService.method.readArtifact,
    request,
    options,
  )) {
    bytes += chunk.length;
    if (bytes > MAX_ARTIFACT_BYTES) {
      const facts = { limit: MAX_ARTIFACT_BYTES };
      throw new SottoError('protocol-violation', 'the artifact is too long', facts);
    }
    chunks.push(chunk);
  }
  return concat(...chunks);
}
