/** So many jobs at once, and so much memory together; the rest in the order in which they came. */
import { reasonOf } from './drive.ts';
import type { Limits } from './options.ts';

/** Places of which each holder has some. */
export class Slots {
  #free: number;
  readonly #waiting: { readonly count: number; readonly give: () => void }[] = [];

  constructor(count: number) {
    this.#free = count;
  }

  /** Whether so many are to be had now. Who asks for few does not pass who waits for many, and would wait for ever. */
  has(count: number): boolean {
    return this.#waiting.length === 0 && count <= this.#free;
  }

  /** So many, or undefined if there are not as many now. */
  try(count: number): Disposable | undefined {
    return this.has(count) ? this.#hold(count) : undefined;
  }

  /** So many as soon as they are free; rejects with the signal's reason. */
  async take(count: number, signal: AbortSignal): Promise<Disposable> {
    if (signal.aborted) throw reasonOf(signal);
    const slot = this.try(count);
    if (slot !== undefined) return slot;
    return new Promise<Disposable>((resolve, reject) => {
      const give = (): void => {
        signal.removeEventListener('abort', abandon);
        resolve(this.#hold(count));
      };
      const waiting = { count, give };
      const abandon = (): void => {
        this.#waiting.splice(this.#waiting.indexOf(waiting), 1);
        reject(reasonOf(signal));
        this.#admit();
      };
      this.#waiting.push(waiting);
      signal.addEventListener('abort', abandon, { once: true });
    });
  }

  #hold(count: number): Disposable {
    this.#free -= count;
    let held = true;
    return {
      [Symbol.dispose]: () => {
        if (!held) return;
        held = false;
        this.#free += count;
        this.#admit();
      },
    };
  }

  #admit(): void {
    for (let [next] = this.#waiting; next !== undefined; [next] = this.#waiting) {
      if (next.count > this.#free) return;
      this.#waiting.shift();
      next.give();
    }
  }
}

/** What jobs of one origin share. A job that needs more bytes than there are is refused before it waits (memory.ts). */
export interface Room {
  readonly turns: Slots;
  readonly bytes: Slots;
}

export const roomFor = ({ maxJobs, maxJobsBytes }: Limits): Room => ({
  turns: new Slots(maxJobs),
  bytes: new Slots(maxJobsBytes),
});

/** A turn and the memory for it, or undefined if there is none of either now. */
export function tryRoom({ turns, bytes }: Room, needed: number): Disposable | undefined {
  if (!turns.has(1) || !bytes.has(needed)) return undefined;
  const held = [turns.try(1), bytes.try(needed)];
  return {
    [Symbol.dispose]: () => {
      for (const slot of held) slot?.[Symbol.dispose]();
    },
  };
}
