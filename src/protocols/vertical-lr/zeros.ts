/** Encryptions of zero, drawn ahead by threads that are idle: each serves once and dies with its key. */
import { SottoError } from '../../base/errors.ts';
import type { RunOptions } from '../../compute/compute.ts';
import type { Ring, SeededZeros, Zeros } from '../../primitives/he/index.ts';
import type { Party } from '../party.ts';
import type { KeyUse, StageKey } from './keys.ts';

/** Arrays of as many equal parts as there are zeros. */
type Parts<Z> = { readonly [K in keyof Z]: Uint8Array | Uint32Array };

/** Draws so many. */
type Draw<Z> = (count: number, options: Pick<RunOptions, 'priority'>) => Promise<Z>;

/**
 * The zeros of a stage in portions, each as large as one task needs. A portion that was not drawn ahead is drawn when
 * it is asked for, so nothing waits for zeros that are needed later. What is taken has left the pool.
 */
export class ZeroPool<Z extends Parts<Z>> implements Disposable {
  readonly #use: KeyUse;
  readonly #portions: readonly number[];
  readonly #draw: Draw<Z>;
  readonly #drawn = new Map<number, Promise<Z>>();
  readonly #taken = new Set<number>();
  #over = false;

  constructor(use: KeyUse, portions: readonly number[], draw: Draw<Z>) {
    this.#use = use;
    this.#portions = portions;
    this.#draw = draw;
  }

  /** Draws a portion unless that has begun, where a thread has nothing else to do. Never rejects. */
  async prepare(portion: number): Promise<void> {
    if (this.#over || this.#taken.has(portion)) return;
    await this.#begin(portion, { priority: 'idle' }).catch(() => {});
  }

  get portions(): number {
    return this.#portions.length;
  }

  /** The zeros of a portion, which is given once in the pool's life. */
  async take(use: KeyUse, portion: number): Promise<Z> {
    if (use.pass !== this.#use.pass || use.stage !== this.#use.stage) {
      throw new SottoError('internal', 'a zero serves the stage of its key', { ...this.#use });
    }
    if (this.#portions[portion] === undefined || this.#taken.has(portion)) {
      throw new SottoError('internal', 'more zeros are used than the stage has', {
        most: this.#portions.length,
        asked: portion,
      });
    }
    if (this.#over) throw this.#ended();
    this.#taken.add(portion);
    const zeros = await this.#begin(portion, {});
    this.#drawn.delete(portion);
    if (!this.#over) return zeros;
    wipe(zeros);
    throw this.#ended();
  }

  /** Wipes what was not used; nothing can be taken any more. */
  [Symbol.dispose](): void {
    this.#over = true;
    for (const drawn of this.#drawn.values()) void drawn.then(wipe, () => {});
    this.#drawn.clear();
  }

  #begin(portion: number, options: Pick<RunOptions, 'priority'>): Promise<Z> {
    const begun = this.#drawn.get(portion) ?? this.#draw(this.#portions[portion]!, options);
    this.#drawn.set(portion, begun);
    return begun;
  }

  #ended(): SottoError {
    return new SottoError('internal', 'zeros are used after their stage', { ...this.#use });
  }
}

/** Zeros under the peer's key: they make what is returned to it one fresh RLWE sample. */
export function peerZeros(
  { compute, signal }: Party,
  peer: { readonly ring: Ring; readonly publicKey: Uint8Array; readonly use: KeyUse },
  portions: readonly number[],
): ZeroPool<Zeros> {
  const { ring, publicKey, use } = peer;
  return new ZeroPool(use, portions, (count, options) =>
    compute.run('publicZeros', { ring, publicKey, count }, { signal, ...options }),
  );
}

/** Zeros under an own key: what a message is added to. */
export function ownZeros(
  { compute, signal }: Party,
  key: StageKey,
  portions: readonly number[],
): ZeroPool<SeededZeros> {
  const { ring, use } = key;
  return new ZeroPool(use, portions, (count, options) =>
    compute.run(
      'encryptZeros',
      { ring, secret: key.secretFor(use), count },
      { signal, ...options },
    ),
  );
}

function wipe<Z extends Parts<Z>>(zeros: Z): void {
  for (const part of Object.values<Uint8Array | Uint32Array>(zeros)) part.fill(0);
}
