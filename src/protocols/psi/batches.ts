/** Columns of elements: through the threads in pieces, over the wire in messages of a fixed number. */
import { concat } from '../../base/bytes.ts';
import { SottoError } from '../../base/errors.ts';
import type { Channel } from '../../channel/channel.ts';
import type { Compute } from '../../compute/compute.ts';
import { AlignFingerprintsSchema, AlignPointsSchema } from '../../gen/sotto/protocol/v1/psi_pb.ts';
import { POINT_BYTES, type Scalar } from '../../primitives/group/index.ts';
import type { Party, Run } from '../party.ts';
import { nameOf, type Order } from './elements.ts';
import type { AlignInput } from './setup.ts';

/** Elements a message: 256 KiB of points, two seconds of one core. */
export const BATCH = 8192;
/** Elements a task: about 30 ms, so that threads finish together and a cancelled run ends soon. */
const PIECE = 128;
/** Batches in work at once: the next is ready for a thread before the last one is done. */
const AHEAD = 2;
const ENVELOPE_BYTES = 16;

const HASH_DOMAIN = 'sotto.psi.align.v1.element';
const FINGERPRINT_DOMAIN = 'sotto.psi.align.v1.fingerprint';

/** The key and where it is used; all work still under way is called off with the role. */
export class Workshop implements Disposable {
  readonly #compute: Compute;
  readonly #key: Scalar;
  readonly #stop = new AbortController();
  readonly #signal: AbortSignal;

  constructor(party: Party, key: Scalar) {
    this.#compute = party.compute;
    this.#key = key;
    this.#signal = AbortSignal.any([party.signal, this.#stop.signal]);
  }

  [Symbol.dispose](): void {
    this.#stop.abort();
  }

  /** H(id)^key for the list in its order: a promise a batch, each of up to `BATCH` points. */
  blind({ ids, session }: AlignInput, order: Order): Promise<Uint8Array>[] {
    const batches: Promise<Uint8Array>[] = [];
    for (let at = 0; at < order.length; at += BATCH) {
      const names = Array.from(order.subarray(at, at + BATCH), (row) => nameOf(ids, row));
      const before = batches.at(-AHEAD) ?? Promise.resolve();
      batches.push(handled(before.then(() => this.#blindBatch(names, session))));
    }
    return batches;
  }

  async #blindBatch(names: readonly string[], session: Uint8Array): Promise<Uint8Array> {
    const scalar = this.#key.bytes;
    const pieces: Promise<Uint8Array>[] = [];
    for (let at = 0; at < names.length; at += PIECE) {
      const input = { domain: HASH_DOMAIN, session, scalar, ids: names.slice(at, at + PIECE) };
      pieces.push(this.#compute.run('hashAndMultiply', input, { signal: this.#signal }));
    }
    return concat(...(await Promise.all(pieces)));
  }

  /** The fingerprints of points^key, `width` bytes each. The points may come from anybody. */
  async evaluate(points: Uint8Array, width: number): Promise<Uint8Array> {
    const pieces: Promise<Uint8Array>[] = [];
    for (let at = 0; at < points.length; at += PIECE * POINT_BYTES) {
      const piece = points.slice(at, at + PIECE * POINT_BYTES);
      const scalar = this.#key.bytes;
      pieces.push(
        this.#compute.run(
          'multiplyToFingerprints',
          { domain: FINGERPRINT_DOMAIN, scalar, points: piece, width },
          { signal: this.#signal, transfer: [piece.buffer] },
        ),
      );
    }
    return concat(...(await Promise.all(pieces)));
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
