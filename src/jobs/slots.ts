/** So many at once, and the rest in the order in which they came. */
import { reasonOf } from './drive.ts';

export class Slots {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(count: number) {
    this.#free = count;
  }

  /** A slot, or undefined if none is free now. */
  try(): Disposable | undefined {
    if (this.#free === 0) return undefined;
    this.#free -= 1;
    return this.#slot();
  }

  /** The next free slot; rejects with the signal's reason. */
  async take(signal: AbortSignal): Promise<Disposable> {
    if (signal.aborted) throw reasonOf(signal);
    const slot = this.try();
    if (slot !== undefined) return slot;
    return new Promise<Disposable>((resolve, reject) => {
      const give = (): void => {
        signal.removeEventListener('abort', abandon);
        resolve(this.#slot());
      };
      const abandon = (): void => {
        this.#waiting.splice(this.#waiting.indexOf(give), 1);
        reject(reasonOf(signal));
      };
      this.#waiting.push(give);
      signal.addEventListener('abort', abandon, { once: true });
    });
  }

  #slot(): Disposable {
    let held = true;
    return {
      [Symbol.dispose]: () => {
        if (!held) return;
        held = false;
        const next = this.#waiting.shift();
        if (next === undefined) this.#free += 1;
        else next();
      },
    };
  }
}
