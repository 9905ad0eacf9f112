/** This party's halves of models, as operators see them and as jobs require them. */
import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import { utf8 } from '../base/bytes.ts';
import { SottoError } from '../base/errors.ts';
import type { JobSpec } from '../gen/sotto/job/v1/agreement_pb.ts';
import {
  type GetModelResponse,
  GetModelResponseSchema,
  type ListModelsResponse,
  ListModelsResponseSchema,
  type ModelSchema,
} from '../gen/sotto/job/v1/job_pb.ts';
import type { ModelHalf } from '../model/half.ts';
import type { Inventory, ModelSummary } from '../model/inventory.ts';
import type { AuditLog } from './audit/log.ts';
import type { Models } from './peers.ts';

export class ModelShelf implements Models {
  readonly #inventory: Inventory;
  readonly #audit: AuditLog;

  constructor(inventory: Inventory, audit: AuditLog) {
    this.#inventory = inventory;
    this.#audit = audit;
  }

  async list(pageSize: number, pageToken: string): Promise<ListModelsResponse> {
    const { models, nextPageToken } = await this.#inventory.list(pageSize, pageToken);
    return create(ListModelsResponseSchema, { models: models.map(modelOf), nextPageToken });
  }

  async get(id: string, by: string): Promise<GetModelResponse> {
    const half = await this.#inventory.load(id);
    this.#audit.note({ event: 'asked', verb: 'read-model', by, subject: id });
    const content = utf8(await this.#inventory.content(id));
    const model = modelOf({ ...half, jobId: half.lineage.jobId });
    return create(GetModelResponseSchema, { model, content });
  }

  async delete(id: string, by: string): Promise<void> {
    this.#audit.note({ event: 'asked', verb: 'delete-model', by, subject: id });
    await this.#inventory.delete(id);
  }
}

const modelOf = (summary: ModelSummary): MessageInitShape<typeof ModelSchema> => ({
  id: summary.id,
  jobId: summary.jobId,
  peer: summary.peer,
  role: summary.role,
  purpose: summary.purpose,
  columns: [...summary.columns],
  metrics: summary.metrics,
  createTime: timestampFromMs(Date.parse(summary.createdAt)),
  expireTime: timestampFromMs(Date.parse(summary.expiresAt)),
});

/** Makes the error that this side gives for a field that is not as expected. */
export type Complaint = (field: string, expected: string) => SottoError;

const FIELD = 'spec.predict.model_id';

/**
 * The own half of the model that the spec scores with; undefined for jobs without one. A half that
 * is missing, that belongs to training with another peer, or that has expired is complained about alike.
 */
export async function requiredModel(
  inventory: Inventory,
  request: { readonly spec: JobSpec; readonly peer: string },
  nowMs: number,
  complain: Complaint,
): Promise<ModelHalf | undefined> {
  const { protocol } = request.spec;
  if (protocol.case !== 'predict') return undefined;
  const half = await inventory
    .loadCurrent(protocol.value.modelId, nowMs)
    .catch((thrown: unknown) => {
      const known = thrown instanceof SottoError && thrown.code !== 'internal';
      if (!known) throw thrown;
      throw complain(FIELD, 'a model that both parties have and that has not expired');
    });
  if (half.peer !== request.peer) {
    throw complain(FIELD, 'a model that both parties have and that has not expired');
  }
  return half;
}
