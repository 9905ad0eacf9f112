/** The side where a job was submitted: proposes until the peer agrees, runs, and tries again after a cut. */
import { asSottoError, type ErrorCode, isErrorCode, SottoError } from '../base/errors.ts';
import type { Transport } from '../channel/transport.ts';
import { type AnswerMessage, Verdict } from '../gen/sotto/job/v1/agreement_pb.ts';
import { JobState } from '../gen/sotto/job/v1/job_pb.ts';
import { checkSignature, checkValidity, parseAgreement, signAgreement } from './agreement.ts';
import {
  type Attempt,
  concludeFinished,
  concludeToo,
  isComplete,
  runAttempt,
  type Workshop,
} from './attempt.ts';
import { progressMessage } from './drive.ts';
import { participant } from './fields.ts';
import { sendProposal } from './handshake.ts';
import { requireMemory } from './memory.ts';
import { hasEnded, type JobRecord } from './registry.ts';
import type { Room, Slots } from './slots.ts';
import { roleOf } from './spec.ts';
import { sizesOf } from './submit.ts';

/** At one step, before time counts: a step may take longer than we would wait for a peer. */
const MOST_CUTS = 8;

type Step = 'ended' | 'awaiting' | 'busy' | 'cut' | 'unreachable';

/**
 * Pursues a job to its end; returns when it has ended in success, throws what it failed by. Waits
 * between tries grow from `retryFirstMs` to `retryMostMs`.
 */
export async function pursue(
  shop: Workshop,
  room: Room,
  { jobId, bytes: known }: { readonly jobId: string; readonly bytes: number | undefined },
  signal: AbortSignal,
): Promise<void> {
  const { limits, clock } = shop.options;
  if (await finishedBefore(shop, jobId, signal)) return;
  let bytes = known === undefined ? undefined : Promise.resolve(known);
  const needed = (): Promise<number> => {
    bytes ??= bytesOf(shop, jobId); // a table is not read again at each try
    return bytes;
  };
  let waitMs = limits.retryFirstMs;
  let cuts = 0;
  let stuckSinceMs: number | undefined;
  for (;;) {
    const step = await oneTry(shop, { ...room, needed }, jobId, signal);
    if (step === 'ended') return;
    if (step === 'busy') say(shop, jobId, 'waits for the peer');
    if (step === 'cut' && (await hasComeFurther(shop, jobId))) {
      [cuts, stuckSinceMs, waitMs] = [0, undefined, limits.retryFirstMs];
    } else if (step === 'cut' || step === 'unreachable') {
      stuckSinceMs ??= clock.elapsed();
      if (step === 'cut') cuts += 1;
      const isUseless = step === 'unreachable' || cuts >= MOST_CUTS;
      if (isUseless) requirePatience(clock.elapsed() - stuckSinceMs, limits.unavailableAfterMs);
    } else stuckSinceMs = undefined;
    await clock.sleep(waitMs, signal);
    waitMs = Math.min(limits.retryMostMs, 2 * waitMs);
  }
}

/** Whether the last attempt has kept a step that none had kept before. */
async function hasComeFurther(shop: Workshop, jobId: string): Promise<boolean> {
  const { job, agreement } = shop.board.registry.get(jobId);
  await using journal = await shop.journals.open(jobId, agreement!);
  return journal.progressIn === job.attempt;
}

function finishedBefore(shop: Workshop, jobId: string, signal: AbortSignal): Promise<boolean> {
  const { job, agreement } = shop.board.registry.get(jobId);
  return concludeFinished(shop, {
    jobId,
    peer: job.peer,
    agreement: agreement!,
    number: job.attempt,
    signal,
  });
}

function requirePatience(silentMs: number, mostMs: number): void {
  if (silentMs >= mostMs) {
    throw new SottoError(
      'peer-unavailable',
      'the peer was not reached, or cut off at the same step, for too long',
      {
        silentMs,
        mostMs,
      },
    );
  }
}

async function oneTry(
  shop: Workshop,
  { turns, bytes, needed }: Room & { readonly needed: () => Promise<number> },
  jobId: string,
  signal: AbortSignal,
): Promise<Step> {
  const take = async (slots: Slots, count: number, what: string): Promise<Disposable> => {
    if (slots.has(count)) return await slots.take(count, signal);
    say(shop, jobId, `waits for ${what}`);
    const taken = await slots.take(count, signal);
    say(shop, jobId, 'begins');
    return taken;
  };
  using _turn = await take(turns, 1, 'its turn');
  using _memory = await take(bytes, await needed(), 'memory'); // held by the jobs that run
  const record = shop.board.registry.get(jobId);
  if (hasEnded(record.job)) return 'ended';
  // An agreement says until when a job may begin; once begun it goes on.
  if (record.peerSignature === undefined) requireStillValid(shop, record);
  try {
    const transport = await shop.options.peers.open(record.job.peer, signal);
    try {
      return await converse(shop, record, transport, signal);
    } finally {
      await transport.close().catch(() => {});
    }
  } catch (thrown) {
    return await retryOrThrow(shop, record, asSottoError(thrown), signal);
  }
}

function say({ board }: Workshop, jobId: string, phase: string): void {
  const nothing = { sent: 0, received: 0 };
  board.report(jobId, progressMessage({ phase, fraction: 0 }, nothing, 0));
}

/** Memory that the job takes here. A dataset that is not there any more takes none: the job will say so. */
async function bytesOf({ board, tables, options }: Workshop, jobId: string): Promise<number> {
  const { spec } = board.get(jobId);
  const role = roleOf(spec!, options.party);
  const dataset = await tables.describe(participant(spec!, role).dataset);
  if (dataset === undefined) return 0;
  return requireMemory(sizesOf(spec!, role, dataset, options.limits.maxRows), options.limits);
}

function requireStillValid(shop: Workshop, record: JobRecord): void {
  try {
    checkValidity(parseAgreement(record.agreement!), shop.options.clock.now());
  } catch (cause) {
    throw new SottoError(
      'deadline-exceeded',
      'the agreement is no longer valid: the peer has not approved in time',
      { field: 'not_after' },
      { cause },
    );
  }
}

/** After a cut the job goes on, however often it is cut, if it only comes further each time (see attempt.ts). */
async function retryOrThrow(
  shop: Workshop,
  record: JobRecord,
  thrown: SottoError,
  signal: AbortSignal,
): Promise<Step> {
  const { job } = shop.board.registry.get(record.job.id);
  if (signal.aborted || hasEnded(job)) throw thrown;
  const attempt = {
    jobId: job.id,
    peer: job.peer,
    agreement: record.agreement!,
    number: job.attempt,
  };
  const error = await inDoubt(shop, { ...attempt, signal }, thrown);
  if (error.code !== 'peer-unavailable') throw error;
  shop.options.log({
    event: 'peer-unreachable',
    peer: job.peer,
    code: error.code,
    retryInMs: shop.options.limits.retryFirstMs,
  });
  shop.board.interrupt(job.id, error);
  return job.state === JobState.RUNNING ? 'cut' : 'unreachable';
}

/** What a damaged line looks like from here, and a damaged proposal from there. */
const OF_THE_LINE: readonly ErrorCode[] = [
  'verification-failed',
  'protocol-violation',
  'deadline-exceeded',
];

/**
 * Once all steps are kept, neither a changed frame nor a deadline tells the proposer whether the job has succeeded at
 * the responder, which is sure first: it has to be asked, and asked again. A peer whose job has failed says so.
 */
async function inDoubt(
  shop: Workshop,
  attempt: Omit<Attempt, 'transport'>,
  error: SottoError,
): Promise<SottoError> {
  const { reportedBy, field } = error.facts;
  const isTold = reportedBy === 'peer' && (field === undefined || field === 'job_id');
  if (isTold || !OF_THE_LINE.includes(error.code)) return error;
  if (!(await isComplete(shop, attempt))) return error;
  const message = 'the peer has to be asked whether the job has succeeded there';
  return new SottoError('peer-unavailable', message, { reason: error.code }, { cause: error });
}

async function converse(
  shop: Workshop,
  record: JobRecord,
  transport: Transport,
  signal: AbortSignal,
): Promise<Step> {
  const { job } = record;
  const agreement = record.agreement!;
  const number = job.attempt + 1;
  const attempt = { jobId: job.id, peer: job.peer, agreement, number, signal };
  if (job.state === JobState.SUBMITTED) shop.board.change(job.id, { state: JobState.AGREEING });
  // Before it is said: a number that may have been heard is never said again.
  shop.board.change(job.id, { attempt: number });
  const answer = await propose(shop, { agreement, number, withdraw: false }, transport, signal);
  if (answer.verdict === Verdict.ACCEPTED) {
    checkSignature(agreement, job.peer, shop.options.keys.peers[job.peer]!, answer.signature);
    shop.board.change(job.id, {
      state: JobState.RUNNING,
      peerSignature: Uint8Array.from(answer.signature),
    });
    await runAttempt(shop, { ...attempt, transport });
    return 'ended';
  }
  if (answer.verdict === Verdict.CONCLUDED) {
    await concludeToo(shop, attempt);
    return 'ended';
  }
  // Nothing began.
  shop.board.change(job.id, { attempt: number - 1 });
  if (answer.verdict === Verdict.AWAITING_APPROVAL) {
    shop.board.change(job.id, { state: JobState.AWAITING_APPROVAL });
    return 'awaiting';
  }
  if (answer.verdict === Verdict.BUSY) return 'busy';
  throw refusal(answer);
}

export interface Proposal {
  readonly agreement: Uint8Array;
  readonly number: number;
  /** True gives the job up, at the peer as well. */
  readonly withdraw: boolean;
}

/** One proposal and its answer. The transport stays open. */
export function propose(
  shop: Workshop,
  proposal: Proposal,
  transport: Transport,
  signal: AbortSignal,
): Promise<AnswerMessage> {
  const { party, keys } = shop.options;
  const message = {
    agreement: proposal.agreement,
    signature: signAgreement(proposal.agreement, party, keys.own),
    attempt: proposal.number,
    withdraw: proposal.withdraw,
  };
  return sendProposal(transport, message, signal);
}

/**
 * The peer's reason as an error of ours; what is no path of a field is dropped. An answer without a reason is none:
 * a frame of no bytes is one of no fields, and what a line has cut short is not what the peer said.
 */
function refusal({ verdict, code, ...answer }: AnswerMessage): SottoError {
  if (verdict !== Verdict.REJECTED || !isErrorCode(code)) {
    return new SottoError('protocol-violation', 'the answer to a proposal is none', {
      verdict,
    });
  }
  const field = /^[A-Za-z0-9_.[\]]{1,200}$/.test(answer.field) ? answer.field : '';
  const expected = answer.expected.replace(/\p{Cc}/gu, ' ').slice(0, 300);
  return new SottoError(
    code,
    field === '' ? 'the peer refused the job' : `the peer refused the job because of ${field}`,
    {
      reportedBy: 'peer',
      ...(field === '' ? {} : { field }),
      ...(expected === '' ? {} : { expected }),
    },
  );
}
