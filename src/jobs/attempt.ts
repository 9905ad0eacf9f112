/** One attempt at a job: its role, driven over an accepted conversation until both sides have finished. */
import { toJson } from '@bufbuild/protobuf';
import { type Bytes, toHex, utf8 } from '../base/bytes.ts';
import { asSottoError, SottoError } from '../base/errors.ts';
import { Channel } from '../channel/channel.ts';
import type { Transport } from '../channel/transport.ts';
import { AgreementSchema } from '../gen/sotto/job/v1/agreement_pb.ts';
import { JobState } from '../gen/sotto/job/v1/job_pb.ts';
import type { Inventory } from '../model/inventory.ts';
import type { Run } from '../protocols/party.ts';
import {
  agreementHash,
  attemptContext,
  modelIdOf,
  parseAgreement,
  signAgreement,
} from './agreement.ts';
import type { Artifacts } from './artifacts.ts';
import { exchangeHeads } from './audit/heads.ts';
import type { AuditLog } from './audit/log.ts';
import type { Board } from './board.ts';
import { catalogue } from './catalogue.ts';
import { drive, progressMessage } from './drive.ts';
import { participant } from './fields.ts';
import type { Ledger } from './ledger.ts';
import type { WorkerOptions } from './options.ts';
import type { ReleaseGate } from './release.ts';
import type { Outcome } from './role.ts';
import { signerOf } from './settlement.ts';
import { roleOf } from './spec.ts';
import type { Tables } from './tables.ts';
import { protocolOf } from './terms/index.ts';

/** What all jobs of a worker share. */
export interface Workshop {
  readonly options: WorkerOptions;
  readonly board: Board;
  readonly ledger: Ledger;
  readonly gate: ReleaseGate;
  readonly inventory: Inventory;
  readonly artifacts: Artifacts;
  readonly tables: Tables;
  readonly audit: AuditLog;
  /** Ends a proposed job that still waits for an approval, or for its proposer, after this time. */
  readonly lapse: (jobId: string, afterMs: number) => void;
}

export interface Attempt {
  readonly jobId: string;
  readonly peer: string;
  /** Canonical. */
  readonly agreement: Uint8Array;
  /** From 1. */
  readonly number: number;
  readonly transport: Transport;
  readonly signal: AbortSignal;
}

/**
 * Runs to the end and writes SUCCEEDED; a failure is told to the peer by its code and thrown.
 * The conversation is over in either case.
 */
export async function runAttempt(shop: Workshop, attempt: Attempt): Promise<void> {
  const { board, options } = shop;
  const { jobId, signal } = attempt;
  noteAgreed(shop, attempt);
  const startedMs = options.clock.now();
  const channel = new Channel(attempt.transport, {
    context: attemptContext(attempt.agreement, attempt.number),
    timeoutMs: options.limits.messageTimeoutMs,
    signal,
  });
  const progress = (step: { phase: string; fraction: number }) =>
    progressMessage(step, channel.traffic, options.clock.now() - startedMs);
  try {
    // Also once the peer has left: what is computed meanwhile would be for nobody.
    const either = AbortSignal.any([signal, channel.ended]);
    const role = startRole(shop, { ...attempt, signal: either }, channel);
    const outcome = await drive(role, either, (step) => board.report(jobId, progress(step)));
    await compareHeads(shop, channel, attempt);
    await channel.finish();
    await outcome.keep?.();
    const names = await shop.artifacts.write(jobId, {
      ...outcome.artifacts,
      'agreement.json': agreementFile(shop, attempt),
    });
    board.change(jobId, {
      state: JobState.SUCCEEDED,
      result: outcome.result,
      parameters: outcome.parameters,
      artifacts: names,
      progress: progress({ phase: 'done', fraction: 1 }),
    });
  } catch (thrown) {
    const error = asSottoError(thrown);
    if (error.code === 'internal') options.log({ event: 'failed-internally', where: 'job' });
    await channel.fail(error);
    throw error;
  }
}

async function compareHeads(shop: Workshop, channel: Channel, attempt: Attempt): Promise<void> {
  const { jobId: job, peer } = attempt;
  const { differs } = await exchangeHeads(shop.audit, channel, { job, peer });
  if (differs !== undefined) shop.options.log({ event: 'history-differs', peer, whose: differs });
}

/** Durably, before the first message of an attempt. */
function noteAgreed(
  { audit }: Workshop,
  { jobId, peer, agreement, number }: Pick<Attempt, 'jobId' | 'peer' | 'agreement' | 'number'>,
): void {
  const { spec } = parseAgreement(agreement);
  audit.note({
    event: 'agreed',
    job: jobId,
    peer,
    attempt: number,
    protocol: protocolOf(spec!),
    purpose: spec!.purpose,
    agreement: toHex(agreementHash(agreement)),
  });
}

/** What both signed, and the signatures: to be shown if there is ever a dispute. */
function agreementFile({ options, board }: Workshop, { agreement, jobId, peer }: Attempt): Bytes {
  const { peerSignature } = board.registry.get(jobId);
  const own = signAgreement(agreement, options.party, options.keys.own);
  const hex = (bytes: Uint8Array | undefined): string => (bytes ? toHex(bytes) : '');
  const file = {
    format: 'sotto.agreement',
    sha256: toHex(agreementHash(agreement)),
    bytes: Buffer.from(agreement).toString('base64'),
    signatures: { [options.party]: hex(own), [peer]: hex(peerSignature) },
    agreement: toJson(AgreementSchema, parseAgreement(agreement)),
  };
  return utf8(`${JSON.stringify(file, undefined, 2)}\n`);
}

function startRole(shop: Workshop, attempt: Attempt, channel: Channel): Run<Outcome> {
  const { options, board } = shop;
  const agreement = parseAgreement(attempt.agreement);
  const spec = agreement.spec!;
  const role = roleOf(spec, options.party);
  return catalogue[protocolOf(spec)][role]({
    party: { channel, compute: options.compute, random: options.random, signal: attempt.signal },
    agreement,
    agreementSha256: toHex(agreementHash(attempt.agreement)),
    modelId: modelIdOf(attempt.agreement),
    attempt: attempt.number,
    role,
    own: participant(spec, role),
    peer: attempt.peer,
    clock: options.clock,
    tables: shop.tables,
    inventory: shop.inventory,
    ledger: shop.ledger,
    gate: shop.gate,
    signer: signerOf(options.keys.own, options.keys.peers[attempt.peer]!),
    markOpened: () => {
      if (!board.change(attempt.jobId, { opened: true })) {
        throw new SottoError('cancelled', 'the job has ended');
      }
    },
  });
}
