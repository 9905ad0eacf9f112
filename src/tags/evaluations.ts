/** Evaluations that are asked for while threads are busy, computed together: a proof each, but one task for many. */
import { SottoError } from '../base/errors.ts';
import type { Compute } from '../compute/compute.ts';
import type { Asked, Evaluated } from '../primitives/oprf/index.ts';
import type { Epoch } from './epochs.ts';

const POINT_BYTES = 32;
/** Points of a task: some 20 ms. A larger request is a task of its own. */
const MOST_POINTS = 256;

interface Waiting {
  readonly epoch: Epoch;
  readonly asked: Asked;
  readonly resolve: (evaluated: Evaluated) => void;
  readonly reject: (error: unknown) => void;
}

export class Evaluations {
  readonly #compute: Compute;
  #waiting: Waiting[] = [];
  #running = 0;

  constructor(compute: Compute) {
    this.#compute = compute;
  }

  /** @throws protocol-violation with the position of a point that is no use */
  evaluate(epoch: Epoch, asked: Asked): Promise<Evaluated> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ epoch, asked, resolve, reject });
      this.#next();
    });
  }

  /** At once while there is a thread, so that nobody waits for company; in the order of asking. */
  #next(): void {
    while (this.#running < this.#compute.threads && this.#waiting.length > 0) {
      this.#running += 1;
      void this.#run(this.#take()).finally(() => {
        this.#running -= 1;
        this.#next();
      });
    }
  }

  /** Who waits longest, and others under the same key. */
  #take(): Waiting[] {
    const [{ epoch }] = this.#waiting as [Waiting];
    let points = 0;
    const taken = this.#waiting.filter((each, i) => {
      if (each.epoch !== epoch) return false;
      points += each.asked.blinded.length / POINT_BYTES;
      return i === 0 || points <= MOST_POINTS;
    });
    this.#waiting = this.#waiting.filter((each) => !taken.includes(each));
    return taken;
  }

  async #run(taken: readonly Waiting[]): Promise<void> {
    const { secretKey, publicKey } = taken[0]!.epoch;
    const requests = taken.map(({ asked }) => asked);
    try {
      const input = { secretKey, publicKey, requests };
      const answers = await this.#compute.run('oprfEvaluateEach', input);
      for (const [i, { resolve, reject }] of taken.entries()) {
        const answer = answers[i]!;
        if ('evaluated' in answer) resolve(answer);
        else reject(SottoError.fromRecord(answer));
      }
    } catch (thrown) {
      for (const { reject } of taken) reject(thrown);
    }
  }
}
