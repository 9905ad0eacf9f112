/** What is under way right now, by job: to call it off, and to wait until it has let go of everything. */
import { SottoError } from '../base/errors.ts';

/** Dispose it when all is over. */
export interface LiveRun extends Disposable {
  readonly signal: AbortSignal;
}

interface Entry {
  readonly controller: AbortController;
  readonly over: Promise<void>;
}

export class Runs {
  readonly #live = new Map<string, Entry>();

  has(jobId: string): boolean {
    return this.#live.has(jobId);
  }

  begin(jobId: string): LiveRun {
    if (this.#live.has(jobId)) throw new SottoError('internal', 'a job runs twice', { job: jobId });
    const controller = new AbortController();
    const { promise: over, resolve } = Promise.withResolvers<void>();
    this.#live.set(jobId, { controller, over });
    return {
      signal: controller.signal,
      [Symbol.dispose]: () => {
        this.#live.delete(jobId);
        resolve();
      },
    };
  }

  abort(jobId: string, reason: SottoError): void {
    this.#live.get(jobId)?.controller.abort(reason);
  }

  /** A new attempt means that the proposer has lost the one that still runs here. */
  async supersede(jobId: string): Promise<void> {
    const entry = this.#live.get(jobId);
    entry?.controller.abort(new SottoError('peer-unavailable', 'the peer has begun anew'));
    await entry?.over;
  }

  async abortAll(reason: SottoError): Promise<void> {
    const entries = [...this.#live.values()];
    for (const { controller } of entries) controller.abort(reason);
    await Promise.all(entries.map(({ over }) => over));
  }
}
