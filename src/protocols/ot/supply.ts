/** Transfers that were made in advance: each is handed out once, and wiped. */
import { type Bytes, concat } from '../../base/bytes.ts';
import { SottoError } from '../../base/errors.ts';
import { bitAt } from '../../primitives/ot/index.ts';
import { SEED_BYTES } from '../../primitives/prg/index.ts';

/** A number of transfers as their sender holds them: both pads of each, 16 bytes. */
export interface Pairs {
  readonly zero: Bytes;
  readonly one: Bytes;
}

/** As their receiver holds them: its bits, the least significant first, and the pads these chose. */
export interface Chosen {
  readonly choices: Bytes;
  readonly chosen: Bytes;
}

/** Counts what was handed out of a column of pads. */
class Counter {
  readonly #total: number;
  #used = 0;

  constructor(total: number) {
    this.#total = total;
  }

  get left(): number {
    return this.#total - this.#used;
  }

  /** The number of the first of so many. */
  take(count: number): number {
    if (count > this.left) {
      throw new SottoError('budget-exhausted', 'fewer transfers are left than are needed', {
        left: this.left,
        needed: count,
      });
    }
    this.#used += count;
    return this.#used - count;
  }
}

export class PadPairs implements Disposable {
  readonly #pairs: Pairs;
  readonly #counter: Counter;

  /** Takes the pads over. */
  constructor(pairs: Pairs) {
    this.#pairs = pairs;
    this.#counter = new Counter(pairs.zero.length / SEED_BYTES);
  }

  get left(): number {
    return this.#counter.left;
  }

  take(count: number): Pairs {
    const first = this.#counter.take(count);
    return {
      zero: cut(this.#pairs.zero, first, count),
      one: cut(this.#pairs.one, first, count),
    };
  }

  [Symbol.dispose](): void {
    this.#counter.take(this.left);
    this.#pairs.zero.fill(0);
    this.#pairs.one.fill(0);
  }
}

export class ChosenPads implements Disposable {
  readonly #pads: Chosen;
  readonly #counter: Counter;

  /** Takes the pads over. */
  constructor(pads: Chosen) {
    this.#pads = pads;
    this.#counter = new Counter(pads.chosen.length / SEED_BYTES);
  }

  get left(): number {
    return this.#counter.left;
  }

  take(count: number): Chosen {
    const first = this.#counter.take(count);
    const choices = new Uint8Array(Math.ceil(count / 8));
    for (let j = 0; j < count; j += 1) {
      choices[j >> 3]! |= bitAt(this.#pads.choices, first + j) << (j & 7);
    }
    return { choices, chosen: cut(this.#pads.chosen, first, count) };
  }

  [Symbol.dispose](): void {
    this.#counter.take(this.left);
    this.#pads.choices.fill(0);
    this.#pads.chosen.fill(0);
  }
}

/** The pads of some transfers, which are wiped where they were. */
function cut(pads: Bytes, first: number, count: number): Bytes {
  const part = pads.subarray(SEED_BYTES * first, SEED_BYTES * (first + count));
  const own = concat(part);
  part.fill(0);
  return own;
}
