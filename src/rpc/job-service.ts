/** JobService and ModelService: an operator's calls, checked and handed to the worker. */
import { create } from '@bufbuild/protobuf';
import { SottoError } from '../base/errors.ts';
import type { JobSpec } from '../gen/sotto/job/v1/agreement_pb.ts';
import { JobSchema, type JobService, type ModelService } from '../gen/sotto/job/v1/job_pb.ts';
import type { Operator } from '../jobs/peers.ts';
import type { Call, Implementation } from './grpc.ts';

/** AIP-158: above this a page is cut, not refused. */
const MAX_PAGE = 100;
const DEFAULT_PAGE = 50;
const MAX_ID = 100;
const MAX_TOKEN = 1_000;
const CHUNK_BYTES = 256 * 1024;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
/** A plain file name: no separator, no leading dot. */
const ARTIFACT = /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/;

/** `nameOf` gives the caller's name; `closing` ends watches when the worker stops. */
export function jobService(
  operator: Operator,
  nameOf: (call: Call) => string,
  closing: AbortSignal,
): Implementation<typeof JobService> {
  return {
    planJob: ({ spec }) => operator.plan(required(spec, 'spec')),
    submitJob: async ({ spec, requestId }, call) => {
      if (requestId !== '' && !UUID.test(requestId)) throw invalid('request_id', 'must be a UUID');
      return { job: await operator.submit(required(spec, 'spec'), requestId, nameOf(call)) };
    },
    approveJob: async ({ id, expected }, call) => ({
      job: await operator.approve(checkId(id, 'id'), expected, nameOf(call)),
    }),
    getJob: async ({ id }) => ({ job: await operator.get(checkId(id, 'id')) }),
    listJobs: ({ pageSize, pageToken }) => operator.list(page(pageSize), token(pageToken)),
    cancelJob: async ({ id }, call) => ({
      job: await operator.cancel(checkId(id, 'id'), nameOf(call)),
    }),
    watchJob: async function* ({ id }, call) {
      const signal = AbortSignal.any([call.signal, closing]);
      for await (const job of operator.watch(checkId(id, 'id'), signal)) {
        yield { job: create(JobSchema, job) };
      }
      // The job has not ended: whoever watches should come back.
      if (closing.aborted) throw new SottoError('peer-unavailable', 'the worker stops');
    },
    listExposures: async () => ({ exposures: [...(await operator.exposures())] }),
    readArtifact: async function* ({ jobId, name }, call) {
      if (!ARTIFACT.test(name)) throw invalid('name', 'must be a plain file name');
      const bytes = await operator.artifact(checkId(jobId, 'job_id'), name, nameOf(call));
      for (let at = 0; at < bytes.length; at += CHUNK_BYTES) {
        yield { chunk: bytes.subarray(at, at + CHUNK_BYTES) };
      }
    },
  };
}

export function modelService(
  { models }: Operator,
  nameOf: (call: Call) => string,
): Implementation<typeof ModelService> {
  return {
    listModels: ({ pageSize, pageToken }) => models.list(page(pageSize), token(pageToken)),
    getModel: ({ id }, call) => models.get(checkId(id, 'id'), nameOf(call)),
    deleteModel: async ({ id }, call) => {
      await models.delete(checkId(id, 'id'), nameOf(call));
      return {};
    },
  };
}

function required(spec: JobSpec | undefined, field: string): JobSpec {
  if (spec === undefined) throw invalid(field, 'is required');
  return spec;
}

function checkId(id: string, field: string): string {
  if (id === '') throw invalid(field, 'is required');
  if (id.length > MAX_ID || !/^[A-Za-z0-9._-]+$/.test(id)) throw invalid(field, 'is no id');
  return id;
}

function page(size: number): number {
  if (size < 0) throw invalid('page_size', 'must not be negative');
  return size === 0 ? DEFAULT_PAGE : Math.min(size, MAX_PAGE);
}

function token(pageToken: string): string {
  if (pageToken.length > MAX_TOKEN) throw invalid('page_token', 'is none of ours');
  return pageToken;
}

const invalid = (field: string, why: string): SottoError =>
  new SottoError('invalid-argument', `${field} ${why}`, { field });
