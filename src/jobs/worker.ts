/** One party's worker: takes jobs from operators and peers, remembers them, and sees them through. */
import { create } from '@bufbuild/protobuf';
import { timestampMs } from '@bufbuild/protobuf/wkt';
import { asSottoError, SottoError } from '../base/errors.ts';
import type { Transport } from '../channel/transport.ts';
import { type JobSpec, JobSpecSchema } from '../gen/sotto/job/v1/agreement_pb.ts';
import {
  type Exposure,
  type Job,
  JobState,
  type ListJobsResponse,
  ListJobsResponseSchema,
  type PlanJobResponse,
} from '../gen/sotto/job/v1/job_pb.ts';
import { checkValidity, parseAgreement, requireEqual } from './agreement.ts';
import { concludeFinished, runAttempt, type Workshop } from './attempt.ts';
import type { AuditLog } from './audit/log.ts';
import { exposuresOf } from './exposures.ts';
import { ModelShelf } from './models.ts';
import type { Models, Operator } from './peers.ts';
import { planJob } from './plan.ts';
import { propose, pursue } from './propose.ts';
import { hasEnded, type JobRecord } from './registry.ts';
import { hearProposal } from './respond.ts';
import { Runs } from './runs.ts';
import { type Room, roomFor } from './slots.ts';
import { normaliseSpec } from './spec.ts';
import { checkOwn, newJob, specBytes, storedAnswer } from './submit.ts';

/** How long the peer is told of a cancellation; it finds out by itself otherwise. */
const WITHDRAW_MS = 10_000;

export class Worker implements Operator, AsyncDisposable {
  readonly models: Models;
  readonly #shop: Workshop;
  readonly #release: () => void;
  readonly #runs = new Runs();
  readonly #own: Room;
  /** Apart from our own: two workers that wait for each other's room would wait for ever. */
  readonly #peers: Room;
  readonly #stopping = new AbortController();
  readonly #background = new Set<Promise<void>>();

  /** @param release Gives back the state folder, when all is over. See `openWorker`. */
  constructor(shop: Workshop, release: () => void) {
    const { limits } = shop.options;
    this.#shop = shop;
    this.#release = release;
    this.#own = roomFor(limits);
    this.#peers = roomFor(limits);
    this.models = new ModelShelf(shop.inventory, shop.audit);
  }

  /** For what the jobs layer does not see. */
  get audit(): Pick<AuditLog, 'note'> {
    return this.#shop.audit;
  }

  /** Takes up what an earlier process left, and begins to hear peers. */
  start(): void {
    const { options, board } = this.#shop;
    const unfinished = board.registry.unfinished();
    for (const record of unfinished) this.#resume(record);
    options.peers.serve((peer, transport) => this.#hear(peer, transport));
    this.#shop.audit.note({ event: 'worker-started', party: options.party });
    options.log({ event: 'worker-started', party: options.party, resumed: unfinished.length });
  }

  #resume({ job, agreement }: JobRecord): void {
    const { board } = this.#shop;
    board.interrupt(
      job.id,
      new SottoError('internal', 'the worker ended in the middle of the job', {}),
    );
    if (hasEnded(board.get(job.id))) return;
    if (job.submittedHere) this.#pursue(job.id);
    else if (job.state === JobState.AWAITING_APPROVAL) {
      this.#shop.lapses.approvedBy(job.id, timestampMs(parseAgreement(agreement!).notAfter!));
    } else this.#keep(this.#await(job.id));
  }

  /** A proposed job that was cut: ends by itself if nothing was missing, else waits for the proposer. */
  async #await(jobId: string): Promise<void> {
    const { registry } = this.#shop.board;
    const { job, agreement } = registry.get(jobId);
    using live = this.#runs.begin(jobId);
    const { peer, attempt: number } = job;
    const attempt = { jobId, peer, agreement: agreement!, number, signal: live.signal };
    try {
      if (await concludeFinished(this.#shop, attempt)) return;
      this.#shop.lapses.begunWithin(jobId, this.#shop.options.limits.unavailableAfterMs);
    } catch (thrown) {
      this.#settle(jobId, asSottoError(thrown));
    }
  }

  /** Lets go of everything; jobs that can be run again are taken up by the next process. */
  async [Symbol.asyncDispose](): Promise<void> {
    const reason = new SottoError('peer-unavailable', 'the worker stops');
    this.#stopping.abort(reason);
    await this.#runs.abortAll(reason);
    await Promise.all(this.#background);
    await this.#shop.lapses.forgetAll();
    const { log, party } = this.#shop.options;
    this.#shop.audit.note({ event: 'worker-stopped', party });
    this.#release();
    log({ event: 'worker-stopped', party });
  }

  plan(spec: JobSpec): Promise<PlanJobResponse> {
    return planJob(this.#shop, spec);
  }

  async submit(given: JobSpec, requestId: string, by: string): Promise<Job> {
    const { board, options } = this.#shop;
    const spec = normaliseSpec(given);
    const known =
      board.registry.byRequest(requestId, specBytes(spec)) ?? storedAnswer(this.#shop, spec);
    if (known !== undefined) return board.get(known.job.id);
    const checked = await checkOwn(this.#shop, spec);
    const waiting = board.registry.unfinished().length;
    if (waiting >= options.limits.maxQueued) {
      throw new SottoError('budget-exhausted', 'too many jobs have not ended', {
        found: waiting,
        most: options.limits.maxQueued,
      });
    }
    // Again: the same request may have come twice while the table was opened.
    const twin = board.registry.byRequest(requestId, specBytes(spec));
    if (twin !== undefined) return board.get(twin.job.id);
    const record = newJob(this.#shop, checked, requestId);
    this.#asked('submit', by, record.job.id);
    board.insert(record);
    this.#pursue(record.job.id, checked.bytes);
    return board.get(record.job.id);
  }

  async approve(id: string, expected: JobSpec | undefined, by: string): Promise<Job> {
    const { board, options } = this.#shop;
    const { job, agreement } = board.registry.get(id);
    if (job.submittedHere || job.state !== JobState.AWAITING_APPROVAL) {
      throw new SottoError('invalid-argument', 'the job does not await an approval here', {
        job: id,
      });
    }
    if (expected !== undefined) {
      requireEqual(JobSpecSchema, job.spec!, normaliseSpec(expected), 'spec');
    }
    checkValidity(parseAgreement(agreement!), options.clock.now());
    this.#asked('approve', by, id);
    board.change(id, { approved: true });
    return board.get(id);
  }

  async get(id: string): Promise<Job> {
    return this.#shop.board.get(id);
  }

  async list(pageSize: number, pageToken: string): Promise<ListJobsResponse> {
    return create(ListJobsResponseSchema, this.#shop.board.page(pageSize, pageToken));
  }

  /** Over at once on this side; the peer is told, and is over as soon as it hears. */
  async cancel(id: string, by: string): Promise<Job> {
    const { board } = this.#shop;
    const { state } = board.get(id);
    const error = new SottoError('cancelled', 'cancelled by an operator', { by });
    this.#asked('cancel', by, id);
    if (board.end(id, error)) {
      this.#runs.abort(id, error);
      if (state !== JobState.SUBMITTED) this.#keep(this.#withdraw(id));
    }
    return board.get(id);
  }

  watch(id: string, signal: AbortSignal): AsyncIterable<Job> {
    return this.#shop.board.watch(id, AbortSignal.any([signal, this.#stopping.signal]));
  }

  async artifact(jobId: string, name: string, by: string): Promise<Uint8Array> {
    this.#shop.board.get(jobId);
    this.#asked('read-artifact', by, `${jobId}/${name}`);
    return this.#shop.artifacts.read(jobId, name);
  }

  /** Before it is done. */
  #asked(
    verb: 'submit' | 'approve' | 'cancel' | 'read-artifact',
    by: string,
    subject: string,
  ): void {
    this.#shop.audit.note({ event: 'asked', verb, by, subject });
    this.#shop.options.log({ event: 'operator-asked', verb, by, subject });
  }

  async exposures(): Promise<readonly Exposure[]> {
    return exposuresOf(this.#shop.gate, this.#shop.options.offers);
  }

  /** @param bytes Undefined: they are found out when it is the job's turn. */
  #pursue(jobId: string, bytes?: number): void {
    const live = this.#runs.begin(jobId);
    const pursued = pursue(this.#shop, this.#own, { jobId, bytes }, live.signal)
      .catch((thrown: unknown) => {
        const error = asSottoError(thrown);
        // A worker that stops leaves its jobs to the next process.
        if (this.#stopping.signal.aborted) this.#shop.board.interrupt(jobId, error);
        else this.#shop.board.end(jobId, error);
      })
      .finally(() => live[Symbol.dispose]());
    this.#keep(pursued);
  }

  async #hear(peer: string, transport: Transport): Promise<void> {
    const signal = this.#stopping.signal;
    const from = { peer, transport, signal };
    const accepted = await hearProposal(this.#shop, this.#runs, this.#peers, from);
    if (accepted === undefined) return;
    using live = accepted.live;
    using _slot = accepted.slot;
    const { job, agreement } = accepted.record;
    try {
      await runAttempt(this.#shop, {
        jobId: job.id,
        peer,
        agreement: agreement!,
        number: accepted.number,
        transport,
        signal: live.signal,
      });
    } catch (thrown) {
      this.#settle(job.id, asSottoError(thrown));
    }
  }

  /** A proposed job after its attempt has failed: waits for the proposer to begin anew, or has ended. */
  #settle(jobId: string, error: SottoError): void {
    const { board, options } = this.#shop;
    if (error.code !== 'peer-unavailable') {
      board.end(jobId, error);
      return;
    }
    board.interrupt(jobId, error);
    this.#shop.lapses.begunWithin(jobId, options.limits.unavailableAfterMs);
  }

  /** Tells the peer, by a conversation of its own: in the other one it may not be listening now. */
  async #withdraw(id: string): Promise<void> {
    const { board, options } = this.#shop;
    const { job, agreement } = board.registry.get(id);
    const signal = AbortSignal.any([this.#stopping.signal, AbortSignal.timeout(WITHDRAW_MS)]);
    try {
      const transport = await options.peers.open(job.peer, signal);
      const proposal = { agreement: agreement!, number: job.attempt, withdraw: true };
      await propose(this.#shop, proposal, transport, signal);
      await transport.close();
    } catch (thrown) {
      const { code } = asSottoError(thrown);
      options.log({ event: 'peer-unreachable', peer: job.peer, code, retryInMs: 0 });
    }
  }

  #keep(task: Promise<void>): void {
    this.#background.add(task);
    void task.finally(() => this.#background.delete(task));
  }
}
