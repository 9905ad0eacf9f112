/**
 * Requests that arrived together begin one in each round of the event loop, in turns of their tenants: what begins
 * costs a fraction of a millisecond, and whoever asks meanwhile is read before the next.
 */
import { FairQueue } from './fair-queue.ts';

export class Turns {
  readonly #waiting = new FairQueue<() => void>();
  #isRunning = false;

  /** Resolves when it is this tenant's turn. */
  next(tenant: string): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push(tenant, resolve);
      if (this.#isRunning) return;
      this.#isRunning = true;
      setImmediate(this.#begin);
    });
  }

  readonly #begin = (): void => {
    for (const begin of this.#waiting.take(() => false)) begin();
    this.#isRunning = !this.#waiting.isEmpty;
    if (this.#isRunning) setImmediate(this.#begin);
  };
}
