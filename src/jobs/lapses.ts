/** Proposed jobs that end by themselves: nobody approved them in time, or their proposer did not begin anew. */
import { SottoError } from '../base/errors.ts';
import { JobState } from '../gen/sotto/job/v1/job_pb.ts';
import type { Board } from './board.ts';
import type { WorkerOptions } from './options.ts';
import { hasEnded } from './registry.ts';

/** A date may come early, when somebody sets the clock forward: it is looked at so often. */
const DATE_CHECKED_MS = 60_000;

export class Lapses {
  readonly #board: Board;
  readonly #options: Pick<WorkerOptions, 'clock'>;
  /** One for each job that may lapse, and none for a job that has ended: an agreement may be valid for months. */
  readonly #waits = new Map<string, AbortController>();
  readonly #background = new Set<Promise<void>>();

  constructor(board: Board, options: Pick<WorkerOptions, 'clock'>) {
    this.#board = board;
    this.#options = options;
  }

  /** Ends the job if nobody has approved it at this date, in milliseconds since 1970. The last call for a job counts. */
  approvedBy(jobId: string, dateMs: number): void {
    const { clock } = this.#options;
    this.#wait(
      jobId,
      () => Math.min(DATE_CHECKED_MS, dateMs - clock.now()),
      JobState.AWAITING_APPROVAL,
      () => new SottoError('deadline-exceeded', 'nobody approved the job in time', {}),
    );
  }

  /** Ends the job if its proposer has not begun anew after this time. The last call for a job counts. */
  begunWithin(jobId: string, ms: number): void {
    const { clock } = this.#options;
    const endMs = clock.elapsed() + ms;
    this.#wait(
      jobId,
      () => endMs - clock.elapsed(),
      JobState.INTERRUPTED,
      () => new SottoError('peer-unavailable', 'the peer did not begin anew', { silentMs: ms }),
    );
  }

  /** Ends a job that is in this state once nothing is left. */
  #wait(jobId: string, leftMs: () => number, state: JobState, error: () => SottoError): void {
    this.forget(jobId);
    if (hasEnded(this.#board.get(jobId))) return;
    const wait = new AbortController();
    this.#waits.set(jobId, wait);
    const over = this.#sleep(leftMs, wait.signal)
      .then(() => {
        if (this.#board.get(jobId).state === state) this.#board.end(jobId, error());
      })
      .catch(() => {}) // forgotten, or the worker stops
      .finally(() => {
        if (this.#waits.get(jobId) === wait) this.#waits.delete(jobId);
        this.#background.delete(over);
      });
    this.#background.add(over);
  }

  async #sleep(leftMs: () => number, signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    for (let left = leftMs(); left > 0; left = leftMs()) {
      await clock.sleep(Math.max(1, left), signal);
    }
  }

  forget(jobId: string): void {
    this.#waits.get(jobId)?.abort();
    this.#waits.delete(jobId);
  }

  async forgetAll(): Promise<void> {
    for (const jobId of [...this.#waits.keys()]) this.forget(jobId);
    await Promise.all(this.#background);
  }
}
