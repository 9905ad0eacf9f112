/** One attempt at a job: its role, driven over an accepted conversation until both sides have finished. */
import { toHex } from '../base/bytes.ts';
import { asSottoError, SottoError } from '../base/errors.ts';
import { logOwnFailure } from '../base/events.ts';
import { Channel } from '../channel/channel.ts';
import type { Transport } from '../channel/transport.ts';
import type { Inventory } from '../model/inventory.ts';
import type { Party, Run } from '../protocols/party.ts';
import { agreementHash, attemptContext, modelIdOf, parseAgreement } from './agreement.ts';
import type { Artifacts } from './artifacts.ts';
import { AttemptTrace } from './attempt-trace.ts';
import { exchangeHeads } from './audit/heads.ts';
import type { AuditLog } from './audit/log.ts';
import type { Board } from './board.ts';
import { catalogue } from './catalogue.ts';
import { conclude } from './conclude.ts';
import { drive, progressMessage } from './drive.ts';
import { participant } from './fields.ts';
import type { Journal, Journals } from './journal.ts';
import type { Lapses } from './lapses.ts';
import type { Ledger } from './ledger.ts';
import type { WorkerOptions } from './options.ts';
import type { ReleaseGate } from './release.ts';
import { resume } from './resume.ts';
import type { JobContext, Outcome } from './role.ts';
import { signerOf } from './settlement.ts';
import { roleOf } from './spec.ts';
import { behind, Steps } from './steps.ts';
import type { Tables } from './tables.ts';
import { protocolOf } from './terms/index.ts';

/** However patient the proposer is (see propose.ts): what breaks this often in one step will break again. */
const MOST_ATTEMPTS_AT_A_STEP = 200;

/** The last step: both parties have found that each heard what the other said. */
const FINISHED = 'finished';

/** What all jobs of a worker share. */
export interface Workshop {
  readonly options: WorkerOptions;
  readonly board: Board;
  readonly journals: Journals;
  readonly ledger: Ledger;
  readonly gate: ReleaseGate;
  readonly inventory: Inventory;
  readonly artifacts: Artifacts;
  readonly tables: Tables;
  readonly audit: AuditLog;
  readonly lapses: Lapses;
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
 * Goes on where both parties are, runs to the end and writes SUCCEEDED; a failure is told to the
 * peer by its code and thrown. The conversation is over in either case.
 */
export async function runAttempt(shop: Workshop, attempt: Attempt): Promise<void> {
  noteAgreed(shop, attempt);
  const { options, journals } = shop;
  const { agreement, number, jobId } = attempt;
  const channel = openChannel(shop, attempt);
  const trace = traced(shop, attempt, channel);
  try {
    await using journal = await journals.open(jobId, agreement);
    requireProgress(journal, number);
    const coins = { attempt: number, random: options.random };
    const steps = await resume(channel, journal, coins);
    // Also once the peer has left: what is computed meanwhile would be for nobody.
    const signal = AbortSignal.any([attempt.signal, channel.ended]);
    const outcome = await play(shop, { ...attempt, signal }, channel, steps, trace);
    trace?.enter({ phase: 'finish' });
    await compareHeads(shop, channel, attempt);
    await finish(shop, attempt, channel, steps);
    await conclude(shop, attempt, outcome);
    trace?.end();
  } catch (thrown) {
    const error = asSottoError(thrown);
    trace?.end(error.code);
    logOwnFailure(options.log, 'job', error);
    await channel.fail(error);
    throw error;
  }
}

function traced(
  { options }: Workshop,
  { jobId: job, peer, number, agreement }: Attempt,
  channel: Channel,
): AttemptTrace | undefined {
  const { tracer, compute, clock, party } = options;
  if (tracer === undefined) return undefined;
  const spec = parseAgreement(agreement).spec!;
  return new AttemptTrace(
    { tracer, compute, now: () => clock.now(), traffic: () => channel.traffic },
    { job, protocol: protocolOf(spec), role: roleOf(spec, party), peer, attempt: number },
  );
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

/**
 * A job that both parties had finished when this worker ended: its result is made of what was kept,
 * and the peer is not needed. False: not finished yet.
 */
export async function concludeFinished(
  shop: Workshop,
  attempt: Omit<Attempt, 'transport'>,
): Promise<boolean> {
  await using journal = await shop.journals.open(attempt.jobId, attempt.agreement);
  if (journal.steps.at(-1)?.name !== FINISHED) return false;
  await playAlone(shop, attempt, journal);
  return true;
}

/**
 * The peer says that the job has succeeded there, which it has only if all steps are kept here.
 * @throws rollback-detected if one is missing.
 */
export async function concludeToo(
  shop: Workshop,
  attempt: Omit<Attempt, 'transport'>,
): Promise<void> {
  await using journal = await shop.journals.open(attempt.jobId, attempt.agreement);
  await playAlone(shop, attempt, journal);
}

/** Whether all steps are kept here, so that the responder may be sure of the job: only it knows. */
export async function isComplete(
  shop: Workshop,
  attempt: Omit<Attempt, 'transport'>,
): Promise<boolean> {
  await using journal = await shop.journals.open(attempt.jobId, attempt.agreement);
  return await outcomeAlone(shop, attempt, journal).then(
    () => true,
    () => false,
  );
}

async function playAlone(
  shop: Workshop,
  attempt: Omit<Attempt, 'transport'>,
  journal: Journal,
): Promise<void> {
  const outcome = await outcomeAlone(shop, attempt, journal);
  await conclude(shop, { ...attempt, transport: NOBODY }, outcome);
}

/** @throws rollback-detected if a step would have to be done. */
function outcomeAlone(
  shop: Workshop,
  attempt: Omit<Attempt, 'transport'>,
  journal: Journal,
): Promise<Outcome> {
  const steps = new Steps(journal, undefined, journal.steps.length);
  const alone = { ...attempt, transport: NOBODY };
  return play(shop, alone, openChannel(shop, alone), steps);
}

/** A step that has to be done needs somebody to do it with. */
const NOBODY: Transport = {
  write: () => Promise.reject(behind({})),
  read: () => Promise.reject(behind({})),
  close: () => Promise.resolve(),
};

function openChannel({ options }: Workshop, { agreement, number, transport, signal }: Attempt) {
  return new Channel(transport, {
    context: attemptContext(agreement, number),
    timeoutMs: options.limits.messageTimeoutMs,
    signal,
  });
}

function requireProgress(journal: Journal, number: number): void {
  const attempts = number - journal.progressIn - 1;
  if (attempts >= MOST_ATTEMPTS_AT_A_STEP) {
    throw new SottoError('deadline-exceeded', 'the job was cut too often at the same step', {
      attempts,
      most: MOST_ATTEMPTS_AT_A_STEP,
    });
  }
}

function play(
  shop: Workshop,
  attempt: Attempt,
  channel: Channel,
  steps: Steps,
  trace?: AttemptTrace,
): Promise<Outcome> {
  const { board, options } = shop;
  const startedMs = options.clock.elapsed();
  const { compute } = trace ?? options;
  const run = startRole(shop, attempt, { channel, compute, steps });
  return drive(run, attempt.signal, (step) => {
    trace?.enter(step);
    const elapsedMs = options.clock.elapsed() - startedMs;
    board.report(attempt.jobId, progressMessage(step, channel.traffic, elapsedMs));
  });
}

/**
 * The responder is sure first: it succeeds whatever becomes of the proposer, who asks again until
 * it has heard of it. The other way round nobody would ask.
 */
async function finish(
  { board, options }: Workshop,
  { jobId }: Attempt,
  channel: Channel,
  steps: Steps,
): Promise<void> {
  const sure = (): Promise<void> => steps.mark(FINISHED);
  if (board.get(jobId).submittedHere) {
    await channel.finish();
    // The mark only saves a question to the peer, who is sure: a disk that does not take it costs no result.
    await sure().catch((thrown: unknown) =>
      logOwnFailure(options.log, 'job', asSottoError(thrown)),
    );
  } else await channel.finish(sure);
}

function startRole(
  shop: Workshop,
  attempt: Attempt,
  { channel, compute, steps }: Pick<Party, 'channel' | 'compute'> & Pick<JobContext, 'steps'>,
): Run<Outcome> {
  const { options } = shop;
  const agreement = parseAgreement(attempt.agreement);
  const spec = agreement.spec!;
  const role = roleOf(spec, options.party);
  return catalogue[protocolOf(spec)][role]({
    party: { channel, compute, random: options.random, signal: attempt.signal },
    agreement,
    agreementSha256: toHex(agreementHash(attempt.agreement)),
    modelId: modelIdOf(attempt.agreement),
    attempt: attempt.number,
    role,
    own: participant(spec, role),
    peer: attempt.peer,
    keptBytes: options.limits.keptBytes,
    clock: options.clock,
    tables: shop.tables,
    inventory: shop.inventory,
    ledger: shop.ledger,
    gate: shop.gate,
    signer: signerOf(options.keys.own, options.keys.peers[attempt.peer]!),
    steps,
  });
}
