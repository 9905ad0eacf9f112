/** What a job's role at this party is given, and what it leaves behind. */
import type { JsonObject } from '@bufbuild/protobuf';
import type { Bytes } from '../base/bytes.ts';
import { SottoError } from '../base/errors.ts';
import type { Agreement, Participant, TrainSpec } from '../gen/sotto/job/v1/agreement_pb.ts';
import type { Inventory } from '../model/inventory.ts';
import type { Party, Progress, Run } from '../protocols/party.ts';
import type { Role } from './fields.ts';
import type { Ledger } from './ledger.ts';
import type { Clock } from './options.ts';
import type { ReleaseGate } from './release.ts';
import type { Signer } from './settlement.ts';
import type { Steps } from './steps.ts';
import type { Tables } from './tables.ts';

export interface JobContext {
  readonly party: Party;
  readonly agreement: Agreement;
  /** Hex SHA-256, equal at both parties; its first 20 digits name the model of a training. */
  readonly agreementSha256: string;
  readonly modelId: string;
  readonly attempt: number;
  readonly role: Role;
  readonly own: Participant;
  readonly peer: string;
  /** The operator's limit of memory for a training's transformed columns. */
  readonly keptBytes: number;
  readonly clock: Clock;
  readonly tables: Tables;
  readonly inventory: Inventory;
  readonly ledger: Ledger;
  readonly gate: ReleaseGate;
  readonly signer: Signer;
  /** What was done before a cut, and where what is done now is kept. */
  readonly steps: Steps;
}

export interface Outcome {
  /** What this party learnt: counts, metrics, names; never rows. */
  readonly result: JsonObject;
  /** Effective parameters of the cryptography. */
  readonly parameters: JsonObject;
  /** Files for the operator, by name. */
  readonly artifacts: Readonly<Record<string, Bytes>>;
  /** Done after the conversation has ended in agreement: only then is a result a result. May be done twice. */
  readonly keep?: () => Promise<void>;
  /** Undoes `keep`, for a job that was cancelled meanwhile. */
  readonly discard?: () => Promise<void>;
}

/** Yields progress as a share of the whole job. */
export type JobRole = (context: JobContext) => Run<Outcome>;

/**
 * A protocol's run as the stretch `from`..`to` of the job. A protocol of several phases starts each
 * at 0; the share of the job never goes back.
 */
export async function* stretch<T>(run: Run<T>, from: number, to: number): Run<T> {
  let reached = from;
  for (;;) {
    const step = await run.next();
    if (step.done === true) return step.value;
    reached = Math.max(reached, from + step.value.fraction * (to - from));
    yield { ...step.value, fraction: reached };
  }
}

export const at = (phase: string, fraction: number): Progress => ({ phase, fraction });

export function trainSpecOf({ agreement }: JobContext): TrainSpec {
  const protocol = agreement.spec?.protocol;
  if (protocol?.case !== 'train') throw new SottoError('internal', 'not a training', {});
  return protocol.value;
}
