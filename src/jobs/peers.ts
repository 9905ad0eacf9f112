/** The two faces of the jobs layer to the network: how it reaches peers, and what operators may ask of it. */

import type { Transport } from '../channel/transport.ts';
import type { JobSpec } from '../gen/sotto/job/v1/agreement_pb.ts';
import type {
  Exposure,
  GetModelResponse,
  Job,
  ListJobsResponse,
  ListModelsResponse,
  PlanJobResponse,
} from '../gen/sotto/job/v1/job_pb.ts';

/** How the jobs layer reaches peers; implemented by rpc over gRPC and in tests in memory. */
export interface Peers {
  /** Opens a conversation with a configured peer, whoever dials. Rejects peer-unavailable / unauthenticated. */
  open(peer: string, signal: AbortSignal): Promise<Transport>;
  /** Every conversation that a peer opens is given to the handler, with the authenticated peer's name. */
  serve(handler: (peer: string, transport: Transport) => Promise<void>): void;
}

/** The operator's verbs; `by` names the operator, for the record. Messages are those of job/v1. */
export interface Operator {
  /** What a job would cost and disclose; starts nothing. */
  plan(spec: JobSpec): Promise<PlanJobResponse>;
  /** The same `requestId` (may be empty: no idempotency) gives the same job; with another spec, already-exists. */
  submit(spec: JobSpec, requestId: string, by: string): Promise<Job>;
  /** With `expected`, a difference to what the peer proposed is parameters-rejected, naming the field. */
  approve(id: string, expected: JobSpec | undefined, by: string): Promise<Job>;
  get(id: string): Promise<Job>;
  /** Newest first; `pageSize` 0 means 50. */
  list(pageSize: number, pageToken: string): Promise<ListJobsResponse>;
  cancel(id: string, by: string): Promise<Job>;
  /** The job now and at each change, until it has ended or the signal aborts. */
  watch(id: string, signal: AbortSignal): AsyncIterable<Job>;
  artifact(jobId: string, name: string, by: string): Promise<Uint8Array>;
  /** What each peer may still learn of each dataset that it is offered. */
  exposures(): Promise<readonly Exposure[]>;
  readonly models: Models;
}

/** This party's halves of trained models. */
export interface Models {
  list(pageSize: number, pageToken: string): Promise<ListModelsResponse>;
  get(id: string, by: string): Promise<GetModelResponse>;
  delete(id: string, by: string): Promise<void>;
}
