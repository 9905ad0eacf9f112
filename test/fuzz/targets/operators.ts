/** What operators send over gRPC: requests as bytes, through the schema and JobService, to the limits of a spec. */
import {
  create,
  type DescMessage,
  fromBinary,
  type MessageShape,
  toBinary,
} from '@bufbuild/protobuf';
import type { JobSpec } from '../../../src/gen/sotto/job/v1/agreement_pb.ts';
import {
  ApproveJobRequestSchema,
  GetJobRequestSchema,
  ListJobsRequestSchema,
  PlanJobRequestSchema,
  ReadArtifactRequestSchema,
  SubmitJobRequestSchema,
} from '../../../src/gen/sotto/job/v1/job_pb.ts';
import { normaliseSpec } from '../../../src/jobs/spec.ts';
import { decodeDetails, encodeDetails } from '../../../src/rpc/error-details.ts';
import { jobService } from '../../../src/rpc/job-service.ts';
import { trainSpec } from '../../support/jobs.ts';
import { MemoryOperator } from '../../support/memory-operator.ts';
import { mutateMessage, oneOf, type Word } from '../mutations.ts';
import type { Ending, Target } from '../target.ts';

const { signal } = new AbortController();
const call = { certificate: undefined, signal };

/** As a worker takes it: a spec is brought to its normal form before anything else. */
class Checking extends MemoryOperator {
  override plan(spec: JobSpec) {
    return super.plan(normaliseSpec(spec));
  }

  override submit(spec: JobSpec, requestId: string, by: string) {
    return super.submit(normaliseSpec(spec), requestId, by);
  }
}

interface Method<D extends DescMessage> {
  readonly schema: D;
  readonly honest: Uint8Array;
  readonly serve: (request: MessageShape<D>) => Promise<unknown>;
}

/** gRPC answers bytes that are no request by itself, before anybody is asked. */
async function serve<D extends DescMessage>(
  { schema, serve: answer }: Method<D>,
  bytes: Uint8Array,
): Promise<Ending> {
  let request: MessageShape<D>;
  try {
    request = fromBinary(schema, bytes);
  } catch {
    return 'refused';
  }
  await answer(request);
  return 'accepted';
}

const requests: Target = {
  name: 'requests to JobService',
  weight: 90,
  async prepare() {
    const operator = new Checking();
    operator.put('job-1', 4, { 'report.json': new Uint8Array(10) });
    const service = jobService(operator, () => 'ada', signal);
    const spec = trainSpec();
    const method = <D extends DescMessage>(
      schema: D,
      request: MessageShape<D>,
      answer: (request: MessageShape<D>) => Promise<unknown>,
    ): ((bytes: Uint8Array) => Promise<Ending>) & { honest: Uint8Array } => {
      const honest = toBinary(schema, request);
      const each = { schema, honest, serve: answer };
      return Object.assign((bytes: Uint8Array) => serve(each, bytes), { honest });
    };
    const methods = [
      method(PlanJobRequestSchema, create(PlanJobRequestSchema, { spec }), (request) =>
        service.planJob(request, call),
      ),
      method(SubmitJobRequestSchema, create(SubmitJobRequestSchema, { spec }), (request) =>
        service.submitJob(request, call),
      ),
      method(
        ApproveJobRequestSchema,
        create(ApproveJobRequestSchema, { id: 'job-1', expected: spec }),
        (request) => service.approveJob(request, call),
      ),
      method(GetJobRequestSchema, create(GetJobRequestSchema, { id: 'job-1' }), (request) =>
        service.getJob(request, call),
      ),
      method(ListJobsRequestSchema, create(ListJobsRequestSchema, { pageSize: 5 }), (request) =>
        service.listJobs(request, call),
      ),
      method(
        ReadArtifactRequestSchema,
        create(ReadArtifactRequestSchema, { jobId: 'job-1', name: 'report.json' }),
        (request) => drained(service.readArtifact(request, call)),
      ),
    ];
    for (const each of methods) await each(each.honest);
    return (word) => {
      const each = oneOf(word, methods);
      return each(mutateMessage(each.honest, word, oneOf(word, methods).honest));
    };
  },
};

async function drained(stream: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of stream);
}

/** The details of a refusal, from a worker or from a stranger. What is not ours is told by `undefined`. */
const details: Target = {
  name: 'details of a refusal',
  weight: 20,
  async prepare() {
    const facts = { field: 'seed', expected: 12, known: true };
    const honest = encodeDetails({
      status: 9,
      message: 'no',
      reason: 'parameters-rejected',
      facts,
    });
    return (word: Word) =>
      decodeDetails(mutateMessage(honest, word)) === undefined ? 'refused' : 'accepted';
  },
};

export const operatorTargets: readonly Target[] = [requests, details];
