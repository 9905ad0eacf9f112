/**
 * The steps of a job as its role sees them: each is done once, and what came of it is kept before
 * anything of the next is sent. After a cut the role runs again from its beginning, and is given
 * what was kept instead of doing it a second time.
 */
import type { Bytes } from '../base/bytes.ts';
import { SottoError } from '../base/errors.ts';
import type { Run } from '../protocols/party.ts';
import type { Epoch, Journal } from './journal.ts';

/** A step's result as bytes and back. */
export interface Codec<T> {
  encode(value: T): Bytes;
  decode(state: Uint8Array): T;
}

export class Steps {
  readonly #journal: Journal;
  readonly #epoch: Epoch | undefined;
  /** Steps that both parties have, and so are not done again. */
  readonly #known: number;
  #next = 0;

  /**
   * @param epoch Undefined when there is no peer to do a step with: then all must be known.
   * @param known How many of the journal's steps are given back.
   */
  constructor(journal: Journal, epoch: Epoch | undefined, known: number) {
    this.#journal = journal;
    this.#epoch = epoch;
    this.#known = known;
  }

  /** What the step came to before, or what `run` comes to now, kept. */
  async *once<T>(name: string, codec: Codec<T>, run: () => Run<T>): Run<T> {
    const [before] = this.known(name, 1);
    if (before !== undefined) return codec.decode(before);
    if (this.#epoch === undefined) throw behind({ step: this.#next, known: this.#known });
    const value = yield* run();
    await this.keep(name, codec.encode(value));
    return value;
  }

  /** The states of the next steps of this name that need not be done again, at most so many. */
  known(name: string, atMost = Number.POSITIVE_INFINITY): Uint8Array[] {
    const states: Uint8Array[] = [];
    while (states.length < atMost && this.#next < this.#known) {
      const step = this.#journal.steps[this.#next]!;
      if (step.name !== name) break;
      states.push(step.state);
      this.#next += 1;
    }
    return states;
  }

  /** The step has been reached, and leaves nothing else. */
  async mark(name: string): Promise<void> {
    if (this.known(name, 1).length === 0) await this.keep(name, new Uint8Array(0));
  }

  /** The next step is complete; durable when it resolves. Nothing that depends on it is sent before. */
  async keep(name: string, state: Bytes): Promise<void> {
    if (this.#next < this.#known) {
      const expected = this.#journal.steps[this.#next]!.name;
      throw new SottoError('internal', 'the steps of a job are in another order', {
        expected,
        found: name,
      });
    }
    if (this.#epoch === undefined) throw behind({ step: this.#next, known: this.#known });
    await this.#journal.append(this.#next, this.#epoch, name, state);
    this.#next += 1;
  }
}

/** A party has lost steps that it had said it had: restored from a copy, damaged, or not written in truth. */
export const behind = (facts: Readonly<Record<string, number>>): SottoError =>
  new SottoError('rollback-detected', 'a party has lost steps of the job that it had kept', facts);
