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

/** The field that names a model, and the name; undefined for jobs without one. */
function namedModel({ protocol }: JobSpec): readonly [field: string, id: string] | undefined {
  if (protocol.case === 'predict') return ['spec.predict.model_id', protocol.value.modelId];
  if (protocol.case !== 'train' || protocol.value.parentModelId === '') return undefined;
  return ['spec.train.parent_model_id', protocol.value.parentModelId];
}

/**
 * The own half of the model that the spec scores with or begins from; undefined for jobs without one. A half that
 * is missing, that belongs to training with another peer, or that has expired is complained about alike.
 */
export async function requiredModel(
  inventory: Inventory,
  request: { readonly spec: JobSpec; readonly peer: string },
  nowMs: number,
  complain: Complaint,
): Promise<ModelHalf | undefined> {
  const named = namedModel(request.spec);
  if (named === undefined) return undefined;
  const [field, id] = named;
  const half = await inventory.loadCurrent(id, nowMs).catch((thrown: unknown) => {
    const known = thrown instanceof SottoError && thrown.code !== 'internal';
    if (!known) throw thrown;
    throw complain(field, 'a model that both parties have and that has not expired');
  });
  if (half.peer !== request.peer) {
    throw complain(field, 'a model that both parties have and that has not expired');
  }
  return half;
}
