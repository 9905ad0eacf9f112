/** What this party checks of its own job before anybody hears of it, and the job that comes of it. */
import { create, toBinary } from '@bufbuild/protobuf';
import { toHex } from '../base/bytes.ts';
import { SottoError } from '../base/errors.ts';
import { type JobSpec, JobSpecSchema } from '../gen/sotto/job/v1/agreement_pb.ts';
import { JobSchema, JobState } from '../gen/sotto/job/v1/job_pb.ts';
import { agreementHash, canonicalBytes, draftAgreement } from './agreement.ts';
import type { Workshop } from './attempt.ts';
import { invalidField, otherRole, participant, type Role } from './fields.ts';
import { type MemorySizes, requireMemory } from './memory.ts';
import { requiredModel } from './models.ts';
import { checkOffered, type OwnDataset, requirePeer } from './policy.ts';
import type { JobRecord } from './registry.ts';
import { normaliseSpec, roleOf } from './spec.ts';
import { conditionsOf } from './terms/conditions.ts';
import { protocolOf } from './terms/index.ts';

/** A spec that this party could run, and what it concerns here. */
export interface Checked {
  /** Normalised. */
  readonly spec: JobSpec;
  readonly role: Role;
  readonly peer: string;
  readonly dataset: OwnDataset;
  /** Memory that it takes here. */
  readonly bytes: number;
}

/** @throws invalid-argument or permission-denied with `field`; not-found for a model. */
export async function checkOwn(shop: Workshop, given: JobSpec): Promise<Checked> {
  const { options, tables } = shop;
  const spec = normaliseSpec(given);
  const role = roleOf(spec, options.party);
  const peer = participant(spec, otherRole(role)).party;
  requirePeer(options.keys.peers, peer);
  const side = participant(spec, role);
  const dataset = await tables.describe(side.dataset);
  if (dataset === undefined) {
    throw invalidField(`spec.${role}.dataset`, 'is not in the configuration of this party', {
      dataset: side.dataset,
    });
  }
  const model = await requiredModel(
    shop.inventory,
    { spec, peer },
    options.clock.now(),
    (field, expected) => invalidField(field, `is not ${expected}`),
  );
  requireColumns(spec, role, dataset, model?.columns ?? []);
  try {
    checkOffered(options.offers, dataset, { spec, role, peer, modelColumns: model?.columns });
  } catch (thrown) {
    if (!(thrown instanceof SottoError)) throw thrown;
    throw new SottoError(
      'permission-denied',
      `${String(thrown.facts.field)} is not offered to this peer`,
      thrown.facts,
    );
  }
  const sizes = sizesOf(spec, role, dataset, options.limits.maxRows);
  return { spec, role, peer, dataset, bytes: requireMemory(sizes, options.limits) };
}

/** What a job's memory depends on; of the peer's rows only the agreed limit is known. */
export function sizesOf(
  spec: JobSpec,
  role: Role,
  { rows }: OwnDataset,
  peerRows: number,
): MemorySizes {
  const { columns, label } = participant(spec, role);
  return { rows, peerRows, columns: columns.length + (label === undefined ? 0 : 1) };
}

function requireColumns(
  spec: JobSpec,
  role: Role,
  dataset: OwnDataset,
  modelColumns: readonly string[],
): void {
  const side = participant(spec, role);
  const wanted = side.columns.map((column, index) => ({
    field: `spec.${role}.columns[${index}].name`,
    column: column.name,
  }));
  if (side.label !== undefined) {
    wanted.push({ field: `spec.${role}.label.column`, column: side.label.column });
  }
  for (const { field, columns } of conditionsOf(spec, role)) {
    wanted.push(...columns.map((column) => ({ field, column })));
  }
  for (const column of modelColumns) wanted.push({ field: `spec.${role}.dataset`, column });
  for (const { field, column } of wanted) {
    if (!dataset.columns.includes(column)) {
      throw invalidField(field, 'is no column of the dataset', { column, dataset: side.dataset });
    }
  }
}

/** What makes two submissions the same. */
export const specBytes = (spec: JobSpec): Uint8Array => toBinary(JobSpecSchema, spec);

/** A job of a checked spec with its agreement, ready to be proposed. */
export function newJob(shop: Workshop, checked: Checked, requestId: string): JobRecord {
  const { options } = shop;
  const { spec, peer, dataset } = checked;
  const agreement = draftAgreement({
    jobId: toHex(options.random.bytes(10)),
    spec,
    initiator: options.party,
    nowMs: options.clock.now(),
    seed: options.random.bytes(32),
    idNormalization: dataset.idNormalization,
    maxRows: options.limits.maxRows,
  });
  const bytes = canonicalBytes(agreement);
  return {
    job: create(JobSchema, {
      id: agreement.jobId,
      state: JobState.SUBMITTED,
      spec,
      peer,
      submittedHere: true,
      agreementSha256: toHex(agreementHash(bytes)),
      disclosures: agreement.disclosures,
    }),
    requestId,
    requestSpec: specBytes(spec),
    agreement: bytes,
    peerSignature: undefined,
    approved: true,
  };
}

/**
 * A training that has succeeded is answered from what is stored: a second run would open a second
 * set of weights on the same labels, with other noise.
 */
export const storedAnswer = (shop: Workshop, spec: JobSpec): JobRecord | undefined =>
  protocolOf(spec) === 'train' ? shop.board.registry.succeeded(specBytes(spec)) : undefined;
