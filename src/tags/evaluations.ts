/**
 * Evaluations that are asked for while threads are busy, in tasks of a few milliseconds: small requests of a tenant
 * share one, each with its own proof, and a large one is many. Tenants take turns, whatever each asks for.
 */
import { concat } from '../base/bytes.ts';
import { SottoError } from '../base/errors.ts';
import type { Compute, TaskInput, TaskName, TaskOutput } from '../compute/compute.ts';
import type { Asked, Evaluated } from '../primitives/oprf/index.ts';
import type { Epoch } from './epochs.ts';
import { FairQueue } from './fair-queue.ts';

const POINT_BYTES = 32;
/** What a task may cost, in multiplications: 4 ms, which is what another tenant may have to wait for. */
const MOST_COST = 32;
/** The same while several tenants ask: one small request, since who asks one by one waits for a task each time. */
const SHARED_COST = 4;
/** A proof's, besides those of its points. */
const PROOF_COST = 3;

/** A request that fits into a task, with others; or a step of one that does not, with a task of its own. */
type Waiting = Whole | Step;

interface Step {
  readonly step: () => Promise<void>;
}

interface Whole {
  readonly epoch: Epoch;
  readonly asked: Asked;
  readonly resolve: (evaluated: Evaluated) => void;
  readonly reject: (error: unknown) => void;
}

const costOf = ({ asked }: Whole): number => PROOF_COST + asked.blinded.length / POINT_BYTES;

export class Evaluations {
  readonly #compute: Compute;
  readonly #waiting = new FairQueue<Waiting>();
  #running = 0;

  constructor(compute: Compute) {
    this.#compute = compute;
  }

  /** `asked` by this tenant. @throws protocol-violation with the position of a point that is no use */
  evaluate(tenant: string, epoch: Epoch, asked: Asked): Promise<Evaluated> {
    if (asked.blinded.length > MOST_COST * POINT_BYTES) return this.#inParts(tenant, epoch, asked);
    return new Promise((resolve, reject) => {
      this.#push(tenant, { epoch, asked, resolve, reject });
    });
  }

  #push(tenant: string, waiting: Waiting): void {
    this.#waiting.push(tenant, waiting);
    this.#next();
  }

  /** At once while there is a thread, so that nobody waits for company. */
  #next(): void {
    while (this.#running < this.#compute.threads && !this.#waiting.isEmpty) {
      this.#running += 1;
      void this.#run(this.#take()).finally(() => {
        this.#running -= 1;
        this.#next();
      });
    }
  }

  /** A turn: the request of a tenant that waits longest, and those behind it under the same key. */
  #take(): Waiting[] {
    let cost = 0;
    const most = this.#waiting.isShared ? SHARED_COST : MOST_COST;
    return this.#waiting.take((first, each) => {
      if (!isWhole(first) || !isWhole(each) || first.epoch !== each.epoch) return false;
      if (cost === 0) cost = costOf(first);
      cost += costOf(each);
      return cost <= most;
    });
  }

  async #run(taken: readonly Waiting[]): Promise<void> {
    const [first] = taken;
    if (first !== undefined && !isWhole(first)) await first.step();
    else await this.#together(taken.filter(isWhole));
  }

  async #together(taken: readonly Whole[]): Promise<void> {
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

  async #inParts(
    tenant: string,
    { secretKey, publicKey }: Epoch,
    { blinded, coins }: Asked,
  ): Promise<Evaluated> {
    const key = { secretKey, publicKey };
    const firsts: number[] = [];
    for (let at = 0; at < blinded.length / POINT_BYTES; at += MOST_COST) firsts.push(at);
    const parts = await Promise.all(
      firsts.map((first) => {
        const points = blinded.slice(POINT_BYTES * first, POINT_BYTES * (first + MOST_COST));
        return this.#step(tenant, 'oprfEvaluatePart', { ...key, blinded: points, first });
      }),
    );
    const composites = concat(...parts.map(({ composite }) => composite));
    const { proof } = await this.#step(tenant, 'oprfProveParts', { ...key, composites, coins });
    return { evaluated: concat(...parts.map(({ evaluated }) => evaluated)), proof };
  }

  /** A task that waits for the tenant's turn. */
  #step<N extends TaskName>(tenant: string, name: N, input: TaskInput<N>): Promise<TaskOutput<N>> {
    return new Promise((resolve, reject) => {
      const step = (): Promise<void> => this.#compute.run(name, input).then(resolve, reject);
      this.#push(tenant, { step });
    });
  }
}

const isWhole = (waiting: Waiting): waiting is Whole => 'asked' in waiting;
