/** Encryptions of zero, drawn ahead while the network is busy: each serves once and dies with its key. */
import { asSottoError, SottoError } from '../../base/errors.ts';
import type { Ring, SeededZeros, Zeros } from '../../primitives/he/index.ts';
import type { Party } from '../party.ts';
import type { KeyUse, StageKey } from './keys.ts';

/** Drawn in one task: a zero takes 0.6 ms by the kernel, and two to six by SEAL. */
const DRAWN_AT_ONCE = 6;

/** Arrays of as many equal parts as there are zeros. */
type Parts<Z> = { readonly [K in keyof Z]: Uint8Array | Uint32Array };

/** How many are drawn, how many draws run at once, and what goes first. */
export interface DrawPlan {
  readonly total: number;
  readonly lanes: number;
  readonly after: Promise<void>;
}

/**
 * Few tasks draw at a time, so that what the peer waits for never queues behind
 * zeros that are needed later. What is taken has left the pool: it cannot be taken again.
 */
export class ZeroPool<Z extends Parts<Z>> implements Disposable {
  readonly #use: KeyUse;
  readonly #draw: (count: number) => Promise<Z>;
  readonly #ready: { readonly serial: number; readonly zero: Z }[] = [];
  readonly #total: number;
  /** Resolves when all are drawn, or the pool has ended. Never rejects. */
  readonly filled: Promise<void>;
  #asked = 0;
  #promised = 0;
  #serial = 0;
  #end: SottoError | undefined;
  #wake: (() => void)[] = [];

  constructor(use: KeyUse, plan: DrawPlan, draw: (count: number) => Promise<Z>) {
    this.#use = use;
    this.#total = plan.total;
    this.#draw = draw;
    const lane = (): Promise<void> => plan.after.then(() => this.#fill());
    this.filled = Promise.all(Array.from({ length: plan.lanes }, lane)).then(() => {});
  }

  /** `count` zeros joined, and their serial numbers: each number is given once in the pool's life. */
  async take(
    use: KeyUse,
    count: number,
  ): Promise<{ readonly serials: number[]; readonly zeros: Z }> {
    if (use.pass !== this.#use.pass || use.stage !== this.#use.stage) {
      throw new SottoError('internal', 'a zero serves the stage of its key', { ...this.#use });
    }
    this.#promised += count;
    if (this.#promised > this.#total) {
      throw new SottoError('internal', 'more zeros are used than the stage has', {
        most: this.#total,
        asked: this.#promised,
      });
    }
    while (this.#end === undefined && this.#ready.length < count) {
      await new Promise<void>((resolve) => this.#wake.push(resolve));
    }
    if (this.#end !== undefined) throw this.#end;
    const taken = this.#ready.splice(0, count);
    const zeros = join(taken.map(({ zero }) => zero));
    for (const { zero } of taken) wipe(zero);
    return { serials: taken.map(({ serial }) => serial), zeros };
  }

  /** Wipes what was not used; nothing can be taken any more. */
  [Symbol.dispose](): void {
    this.#finish(new SottoError('internal', 'zeros are used after their stage'));
  }

  async #fill(): Promise<void> {
    while (this.#asked < this.#total && this.#end === undefined) {
      const count = Math.min(DRAWN_AT_ONCE, this.#total - this.#asked);
      this.#asked += count;
      try {
        this.#add(await this.#draw(count), count);
      } catch (thrown) {
        this.#finish(asSottoError(thrown));
      }
    }
  }

  #add(drawn: Z, count: number): void {
    if (this.#end !== undefined) {
      wipe(drawn);
      return;
    }
    for (const zero of split(drawn, count)) this.#ready.push({ serial: this.#serial++, zero });
    this.#wakeAll();
  }

  #finish(end: SottoError): void {
    this.#end ??= end;
    for (const { zero } of this.#ready) wipe(zero);
    this.#ready.length = 0;
    this.#wakeAll();
  }

  #wakeAll(): void {
    const waiting = this.#wake;
    this.#wake = [];
    for (const wake of waiting) wake();
  }
}

/** Zeros under the peer's key: they make what is returned to it one fresh RLWE sample. */
export function peerZeros(
  { compute, signal }: Party,
  peer: { readonly ring: Ring; readonly publicKey: Uint8Array; readonly use: KeyUse },
  total: number,
  after: Promise<void>,
): ZeroPool<Zeros> {
  const { ring, publicKey, use } = peer;
  return new ZeroPool(use, { total, lanes: compute.threads, after }, (count) =>
    compute.run('publicZeros', { ring, publicKey, count }, { signal }),
  );
}

/** Zeros under an own key: what a message is added to. */
export function ownZeros(
  { compute, signal }: Party,
  key: StageKey,
  total: number,
  after: Promise<void>,
): ZeroPool<SeededZeros> {
  const { ring, use } = key;
  return new ZeroPool(use, { total, lanes: compute.threads, after }, (count) =>
    compute.run('encryptZeros', { ring, secret: key.secretFor(use), count }, { signal }),
  );
}

function split<Z extends Parts<Z>>(zeros: Z, count: number): Z[] {
  return Array.from({ length: count }, (_, i) =>
    mapParts(zeros, (name) => {
      const all = zeros[name];
      const each = all.length / count;
      return all.subarray(i * each, (i + 1) * each);
    }),
  );
}

function join<Z extends Parts<Z>>(zeros: readonly Z[]): Z {
  return mapParts(zeros[0]!, (name) => {
    const parts = zeros.map((zero) => zero[name]);
    const length = parts.reduce((sum, part) => sum + part.length, 0);
    const joined =
      parts[0] instanceof Uint32Array ? new Uint32Array(length) : new Uint8Array(length);
    let at = 0;
    for (const part of parts) {
      joined.set(part, at);
      at += part.length;
    }
    return joined;
  });
}

function wipe<Z extends Parts<Z>>(zeros: Z): void {
  for (const part of Object.values<Uint8Array | Uint32Array>(zeros)) part.fill(0);
}

function mapParts<Z extends Parts<Z>>(
  zeros: Z,
  map: (name: keyof Z) => Uint8Array | Uint32Array,
): Z {
  const names = Object.keys(zeros) as (keyof Z)[];
  return Object.fromEntries(names.map((name) => [name, map(name)])) as Z;
}
