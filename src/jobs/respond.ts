/** The side that a job is proposed to: checks all of it before a byte of data moves, then plays its role. */
import { create } from '@bufbuild/protobuf';
import { timestampMs } from '@bufbuild/protobuf/wkt';
import { equalBytes, toHex } from '../base/bytes.ts';
import { asSottoError, isErrorCode, SottoError } from '../base/errors.ts';
import { logOwnFailure } from '../base/events.ts';
import type { Transport } from '../channel/transport.ts';
import {
  type AnswerMessage,
  AnswerMessageSchema,
  type ProposeMessage,
  Verdict,
} from '../gen/sotto/job/v1/agreement_pb.ts';
import { JobSchema, JobState } from '../gen/sotto/job/v1/job_pb.ts';
import {
  agreementHash,
  checkAgreement,
  checkSignature,
  parseAgreement,
  rejected,
  signAgreement,
} from './agreement.ts';
import type { Workshop } from './attempt.ts';
import { participant } from './fields.ts';
import { partWith, receiveProposal, sendAnswer } from './handshake.ts';
import { requireMemory } from './memory.ts';
import { requiredModel } from './models.ts';
import { admittedByRule, checkNormalization, checkOffered, requirePeer } from './policy.ts';
import { hasEnded, type JobRecord } from './registry.ts';
import type { LiveRun, Runs } from './runs.ts';
import { type Room, tryRoom } from './slots.ts';
import { roleOf } from './spec.ts';
import { sizesOf } from './submit.ts';

/** What the rest of the conversation needs, once a proposal is accepted. */
export interface Accepted {
  readonly record: JobRecord;
  readonly number: number;
  readonly slot: Disposable;
  readonly live: LiveRun;
}

type Answer = Omit<AnswerMessage, '$typeName' | '$unknown'>;

/**
 * Hears one proposal and answers it. Resolves to what was accepted, the transport then being at the
 * start of the protocol; otherwise the conversation is over.
 */
export async function hearProposal(
  shop: Workshop,
  runs: Runs,
  room: Room,
  from: { readonly peer: string; readonly transport: Transport; readonly signal: AbortSignal },
): Promise<Accepted | undefined> {
  const { peer, transport, signal } = from;
  let accepted: Accepted | undefined;
  try {
    const message = await receiveProposal(transport, signal);
    const verdict = await decide(shop, runs, room, { peer, message }).catch((thrown: unknown) =>
      refused(shop, peer, asSottoError(thrown)),
    );
    accepted = 'record' in verdict ? verdict : undefined;
    const answer = 'record' in verdict ? acceptance(shop, verdict) : verdict;
    await sendAnswer(transport, answer, signal);
  } catch (thrown) {
    const error = asSottoError(thrown);
    if (accepted !== undefined) giveUp(shop, accepted, error);
    shop.options.log({ event: 'conversation-refused', peer, code: error.code });
    await transport.close().catch(() => {});
    return undefined;
  }
  if (accepted === undefined) await partWith(transport, signal);
  return accepted;
}

/** An acceptance that never reached the proposer: it will propose again. */
function giveUp(shop: Workshop, { record, slot, live }: Accepted, error: SottoError): void {
  shop.board.interrupt(record.job.id, error);
  shop.lapses.begunWithin(record.job.id, shop.options.limits.unavailableAfterMs);
  live[Symbol.dispose]();
  slot[Symbol.dispose]();
}

const answerOf = (answer: Partial<Answer>): AnswerMessage => create(AnswerMessageSchema, answer);

function acceptance(shop: Workshop, { record }: Accepted): AnswerMessage {
  const { party, keys } = shop.options;
  const signature = signAgreement(record.agreement!, party, keys.own);
  return answerOf({ verdict: Verdict.ACCEPTED, signature });
}

function refused(shop: Workshop, peer: string, error: SottoError): AnswerMessage {
  const { field, expected } = error.facts;
  const refusal = {
    event: 'proposal-refused',
    peer,
    code: error.code,
    field: typeof field === 'string' ? field.slice(0, 200) : '',
  } as const;
  shop.options.log(refusal);
  logOwnFailure(shop.options.log, 'proposal', error);
  shop.audit.note(refusal);
  return answerOf({
    verdict: Verdict.REJECTED,
    code: error.code,
    field: typeof field === 'string' ? field : '',
    expected: typeof expected === 'string' ? expected : '',
  });
}

async function decide(
  shop: Workshop,
  runs: Runs,
  room: Room,
  { peer, message }: { readonly peer: string; readonly message: ProposeMessage },
): Promise<Accepted | AnswerMessage> {
  const { keys, limits } = shop.options;
  requirePeer(keys.peers, peer);
  const bytes = Uint8Array.from(message.agreement);
  checkSignature(bytes, peer, keys.peers[peer]!, message.signature);
  const { jobId } = parseAgreement(bytes);
  const known = shop.board.registry.find(jobId);
  if (known !== undefined) requireSame(known, bytes, peer);
  if (message.withdraw) return withdrawn(shop, runs, known);
  if (known?.job.submittedHere === true) throw rejected('job_id', 'a job of the proposer');
  if (known !== undefined && hasConcluded(known, message.attempt)) return concluded();
  const needed = await checkProposal(shop, bytes, peer, known);
  // Looked up again: the same proposal may have come twice, and the checks took their time.
  const now = shop.board.registry.find(jobId);
  if (now !== undefined) hasConcluded(now, message.attempt);
  else if (shop.board.registry.unfinished().length >= limits.maxQueued) return busy();
  else insertProposal(shop, bytes, { peer, signature: message.signature });
  await runs.supersede(jobId);
  return begin(shop, runs, room, { jobId, number: message.attempt, bytes: needed });
}

const busy = (): AnswerMessage => answerOf({ verdict: Verdict.BUSY });
const concluded = (): AnswerMessage => answerOf({ verdict: Verdict.CONCLUDED });

/** The same id with other bytes, or from another peer, is a replay or a mistake. */
function requireSame(known: JobRecord, bytes: Uint8Array, peer: string): void {
  const same = known.agreement !== undefined && equalBytes(known.agreement, bytes);
  if (!same || known.job.peer !== peer) throw rejected('job_id', 'an id that was never used');
}

/**
 * True: the job has succeeded here, and the proposer was cut off before it heard so. False: it may
 * run. A job that has ended otherwise never runs again. Nor does an old attempt: its number was
 * said before, so the proposer has lost what it had kept.
 */
function hasConcluded({ job }: JobRecord, number: number): boolean {
  if (job.state === JobState.SUCCEEDED && number > job.attempt) return true;
  if (job.state === JobState.CANCELLED) {
    throw new SottoError('cancelled', 'the job was cancelled here', { field: 'job_id' });
  }
  const code = job.error?.code ?? '';
  if (job.state === JobState.FAILED && isErrorCode(code)) {
    // By the same name at both parties, also where the reason did not arrive when it was said.
    throw new SottoError(code, 'the job failed here', { field: 'job_id' });
  }
  if (hasEnded(job)) {
    throw new SottoError('already-exists', 'the job was run before', {
      field: 'job_id',
      expected: 'an id that was never used',
    });
  }
  if (number <= job.attempt) {
    throw new SottoError('rollback-detected', 'an attempt that was made before', {
      field: 'attempt',
      expected: `${job.attempt + 1} or more`,
    });
  }
  return false;
}

function withdrawn(shop: Workshop, runs: Runs, known: JobRecord | undefined): AnswerMessage {
  const error = new SottoError('cancelled', 'the peer cancelled the job', { reportedBy: 'peer' });
  if (known !== undefined && shop.board.end(known.job.id, error)) runs.abort(known.job.id, error);
  return answerOf({ verdict: Verdict.REJECTED, code: 'cancelled' });
}

/** Everything that this party checks, before any data, each time: configurations change. Gives the memory it takes. */
async function checkProposal(
  shop: Workshop,
  bytes: Uint8Array,
  peer: string,
  known: JobRecord | undefined,
): Promise<number> {
  const { options, tables } = shop;
  const agreement = parseAgreement(bytes);
  const nowMs = options.clock.now();
  const { maxRows } = options.limits;
  // It says until when a job may begin; once begun it goes on.
  const hasBegun = known !== undefined && known.job.attempt > 0;
  const beginsMs = hasBegun ? timestampMs(agreement.notBefore!) : nowMs;
  checkAgreement(agreement, { peer, party: options.party, nowMs: beginsMs, maxRows });
  const spec = agreement.spec!;
  const request = { spec, peer, role: roleOf(spec, options.party) };
  const dataset = await tables.describe(participant(spec, request.role).dataset);
  const model = await requiredModel(shop.inventory, request, nowMs, rejected);
  checkOffered(options.offers, dataset, { ...request, modelColumns: model?.columns });
  checkNormalization(agreement, dataset!);
  return requireMemory(sizesOf(spec, request.role, dataset!, maxRows), options.limits);
}

function insertProposal(
  shop: Workshop,
  bytes: Uint8Array,
  from: { readonly peer: string; readonly signature: Uint8Array },
): void {
  const { options, board } = shop;
  const agreement = parseAgreement(bytes);
  const spec = agreement.spec!;
  const role = roleOf(spec, options.party);
  board.insert({
    job: create(JobSchema, {
      id: agreement.jobId,
      state: JobState.AWAITING_APPROVAL,
      spec,
      peer: from.peer,
      submittedHere: false,
      agreementSha256: toHex(agreementHash(bytes)),
      disclosures: agreement.disclosures,
    }),
    requestId: '',
    requestSpec: new Uint8Array(0),
    agreement: bytes,
    peerSignature: Uint8Array.from(from.signature),
    approved: admittedByRule(options.rules, { spec, role, peer: from.peer }),
  });
  shop.lapses.approvedBy(agreement.jobId, timestampMs(agreement.notAfter!));
}

/** Without a pause between the checks and the running, so that no two attempts begin. */
function begin(
  shop: Workshop,
  runs: Runs,
  room: Room,
  {
    jobId,
    number,
    bytes,
  }: { readonly jobId: string; readonly number: number; readonly bytes: number },
): Accepted | AnswerMessage {
  const record = shop.board.registry.get(jobId);
  // An attempt that was under way until now may have come to its end.
  if (hasConcluded(record, number)) return concluded();
  if (!record.approved) return answerOf({ verdict: Verdict.AWAITING_APPROVAL });
  if (runs.has(jobId)) return busy();
  const slot = tryRoom(room, bytes);
  if (slot === undefined) return busy();
  shop.board.change(jobId, { state: JobState.RUNNING, attempt: number });
  return { record, number, slot, live: runs.begin(jobId) };
}
