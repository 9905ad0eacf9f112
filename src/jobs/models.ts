/** This party's halves of models, as operators see them and as jobs require them. */
import { SottoError } from '../base/errors.ts';
import type { JobSpec } from '../gen/sotto/job/v1/agreement_pb.ts';
import type { GetModelResponse, ListModelsResponse } from '../gen/sotto/job/v1/job_pb.ts';
import type { Models } from './peers.ts';
import type { Role } from './spec.ts';

export interface Inventory {
  list(): Promise<readonly string[]>;
}
export class ModelShelf implements Models {
  async list(): Promise<ListModelsResponse> {
    throw new SottoError('not-found', 'no such model');
  }
  async get(): Promise<GetModelResponse> {
    throw new SottoError('not-found', 'no such model');
  }
  async delete(): Promise<void> {
    throw new SottoError('not-found', 'no such model');
  }
}
export async function requireModel(
  _shop: { readonly inventory: Inventory },
  _request: { readonly spec: JobSpec; readonly role: Role; readonly peer: string },
  _fail: (field: string, expected: string) => SottoError,
): Promise<void> {}
