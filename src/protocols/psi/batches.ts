/** Columns of elements: through the threads in pieces, over the wire in messages of a fixed number. */
import { concat } from '../../base/bytes.ts';
import { SottoError } from '../../base/errors.ts';
import type { Channel } from '../../channel/channel.ts';
import type { TaskInput, TaskName, TaskOutput } from '../../compute/compute.ts';
import { AlignFingerprintsSchema, AlignPointsSchema } from '../../gen/sotto/protocol/v1/psi_pb.ts';
import { POINT_BYTES, type Scalar } from '../../primitives/group/index.ts';
import type { Party, Run } from '../party.ts';
import { canaryName, type Extras, nameOf, type Order } from './elements.ts';
import type { AlignInput } from './setup.ts';

/** Elements a message: 256 KiB of points, two seconds of one core. */
export const BATCH = 8192;
/** Elements a task: about 30 ms, so that threads finish together and a cancelled run ends soon. */
const PIECE = 128;
/** Batches in work at once: the next is ready for a thread before the last one is done. */
const AHEAD = 2;
const ENVELOPE_BYTES = 16;

const ALIGN_DOMAIN = 'sotto.psi.align.v1';

/** The key and where it is used. Disposed of, it starts nothing more; a task that runs is left to end. */
export class Workshop implements Disposable {
  readonly #party: Party;
  readonly #key: Scalar;
  readonly #domain: string;
  /** Tasks that wait here rather than in the pool, whose queue other jobs share. */
  readonly #waiting: (() => void)[] = [];
  #running = 0;
  #closed = false;

  /** @param domain Of the protocol: its elements never equal those of another. */
  constructor(party: Party, key: Scalar, domain = ALIGN_DOMAIN) {
    this.#party = party;
    this.#key = key;
    this.#domain = domain;
  }

  [Symbol.dispose](): void {
    this.#closed = true;
    for (const wake of this.#waiting.splice(0)) wake();
  }

  /** H(name)^key for the list in its order: a promise a batch, each of up to `BATCH` points. */
  blind(
    { ids, session }: Pick<AlignInput, 'ids' | 'session'>,
    order: Order,
    extras: Extras = canaryName,
  ): Promise<Uint8Array>[] {
    const name = (row: number): string => nameOf(ids, extras, row);
    const batches: Promise<Uint8Array>[] = [];
    for (let at = 0; at < order.length; at += BATCH) {
      const places = order.subarray(at, at + BATCH);
      const before = batches.at(-AHEAD) ?? Promise.resolve();
      batches.push(handled(before.then(() => this.#blindBatch(session, places, name))));
    }
    return batches;
  }

  async #blindBatch(
    session: Uint8Array,
    places: Order,
    name: (row: number) => string,
  ): Promise<Uint8Array> {
    const scalar = this.#key.bytes;
    const pieces: Promise<Uint8Array>[] = [];
    for (let at = 0; at < places.length; at += PIECE) {
      const names = Array.from(places.subarray(at, at + PIECE), name);
      const input = { domain: `${this.#domain}.element`, session, scalar, ids: names };
      pieces.push(this.#run('hashAndMultiply', input));
    }
    return concat(...(await Promise.all(pieces)));
  }

  /** The fingerprints of points^key, `width` bytes each. The points may come from anybody. */
  async evaluate(points: Uint8Array, width: number): Promise<Uint8Array> {
    const scalar = this.#key.bytes;
    const pieces: Promise<Uint8Array>[] = [];
    for (let at = 0; at < points.length; at += PIECE * POINT_BYTES) {
      const piece = points.slice(at, at + PIECE * POINT_BYTES);
      const domain = `${this.#domain}.fingerprint`;
      const input = { domain, scalar, points: piece, width };
      pieces.push(this.#run('multiplyToFingerprints', input, [piece.buffer]));
    }
    return concat(...(await Promise.all(pieces)));
  }

  async #run<N extends TaskName>(
    name: N,
    input: TaskInput<N>,
    transfer: readonly ArrayBuffer[] = [],
  ): Promise<TaskOutput<N>> {
    const { compute, signal } = this.#party;
    while (!this.#closed && this.#running >= 2 * compute.threads) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    if (this.#closed) throw new SottoError('cancelled', 'the comparison has ended');
    this.#running += 1;
    try {
      return await compute.run(name, input, { signal, transfer });
    } finally {
      this.#running -= 1;
      this.#waiting.shift()?.();
    }
  }
}

/** Sends one's own points, each batch as soon as it is blinded. */
export async function* sayPoints(
  channel: Channel,
  batches: readonly Promise<Uint8Array>[],
): Run<void> {
  for (const [i, batch] of batches.entries()) {
    await channel.send(AlignPointsSchema, { points: await batch });
    yield { phase: 'blind', fraction: (i + 1) / batches.length };
  }
}

/** The fingerprints under both keys of the peer's points, in the order in which these come. */
export async function* hearPoints(
  channel: Channel,
  workshop: Workshop,
  count: number,
  width: number,
): Run<Uint8Array> {
  const evaluated: Promise<Uint8Array>[] = [];
  for (let at = 0; at < count; at += BATCH) {
    const due = Math.min(BATCH, count - at) * POINT_BYTES;
    const { points } = await channel.receive(AlignPointsSchema, due + ENVELOPE_BYTES);
    checkLength('AlignPoints', points, due);
    await evaluated.at(-AHEAD); // not faster than we work: the rest waits at the peer
    evaluated.push(handled(workshop.evaluate(points, width)));
    yield { phase: 'evaluate', fraction: Math.min(1, (at + BATCH) / count) };
  }
  return concat(...(await Promise.all(evaluated)));
}

export async function sayFingerprints(
  channel: Channel,
  fingerprints: Uint8Array,
  width: number,
): Promise<void> {
  for (let at = 0; at < fingerprints.length; at += BATCH * width) {
    const batch = fingerprints.subarray(at, at + BATCH * width);
    await channel.send(AlignFingerprintsSchema, { fingerprints: batch });
  }
}

export async function hearFingerprints(
  channel: Channel,
  count: number,
  width: number,
): Promise<Uint8Array> {
  const heard = new Uint8Array(count * width);
  for (let at = 0; at < count; at += BATCH) {
    const due = Math.min(BATCH, count - at) * width;
    const { fingerprints } = await channel.receive(AlignFingerprintsSchema, due + ENVELOPE_BYTES);
    checkLength('AlignFingerprints', fingerprints, due);
    heard.set(fingerprints, at * width);
  }
  return heard;
}

function checkLength(message: string, column: Uint8Array, expected: number): void {
  if (column.length === expected) return;
  throw new SottoError('protocol-violation', 'a message carries another number of elements', {
    message,
    expected,
    received: column.length,
  });
}

/** The same promise, whose failure may be looked at later than it happens. */
function handled<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {});
  return promise;
}
