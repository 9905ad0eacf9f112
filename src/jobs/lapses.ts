/** Proposed jobs that end by themselves: nobody approved them in time, or their proposer did not begin anew. */
import { timestampMs } from '@bufbuild/protobuf/wkt';
import { SottoError } from '../base/errors.ts';
import { JobState } from '../gen/sotto/job/v1/job_pb.ts';
import type { Board } from './board.ts';
import type { WorkerOptions } from './options.ts';
import { hasEnded } from './registry.ts';

export class Lapses {
  readonly #board: Board;
  readonly #options: Pick<WorkerOptions, 'clock' | 'limits'>;
  /** One for each job that may lapse, and none for a job that has ended: an agreement may be valid for months. */
  readonly #waits = new Map<string, AbortController>();
  readonly #background = new Set<Promise<void>>();

  constructor(board: Board, options: Pick<WorkerOptions, 'clock' | 'limits'>) {
    this.#board = board;
    this.#options = options;
  }

  /** Ends the job after this time if it still waits for an approval, or for its proposer, then. The last call counts. */
  after(jobId: string, ms: number): void {
    this.forget(jobId);
    if (hasEnded(this.#board.get(jobId))) return;
    const wait = new AbortController();
    this.#waits.set(jobId, wait);
    const over = this.#endAfter(jobId, ms, wait.signal)
      .catch(() => {}) // forgotten, or the worker stops
      .finally(() => {
        if (this.#waits.get(jobId) === wait) this.#waits.delete(jobId);
        this.#background.delete(over);
      });
    this.#background.add(over);
  }

  forget(jobId: string): void {
    this.#waits.get(jobId)?.abort();
    this.#waits.delete(jobId);
  }

  async forgetAll(): Promise<void> {
    for (const jobId of [...this.#waits.keys()]) this.forget(jobId);
    await Promise.all(this.#background);
  }

  async #endAfter(jobId: string, ms: number, signal: AbortSignal): Promise<void> {
    const { clock, limits } = this.#options;
    const endMs = clock.now() + ms;
    while (clock.now() < endMs) await clock.sleep(Math.max(1, endMs - clock.now()), signal);
    const { state, updateTime } = this.#board.get(jobId);
    if (state === JobState.AWAITING_APPROVAL) {
      const error = new SottoError('deadline-exceeded', 'nobody approved the job in time', {});
      this.#board.end(jobId, error);
    }
    const silentMs = clock.now() - timestampMs(updateTime!);
    if (state === JobState.INTERRUPTED && silentMs >= limits.unavailableAfterMs) {
      const facts = { silentMs };
      this.#board.end(
        jobId,
        new SottoError('peer-unavailable', 'the peer did not begin anew', facts),
      );
    }
  }
}
