/** Two ends of a pipe within one process: real frames and real back-pressure, without a network. */
import { SottoError } from '../../src/base/errors.ts';
import { MAX_FRAME_BYTES, type Transport } from '../../src/channel/transport.ts';

/** One direction: frames that were written and not yet read. */
class Pipe {
  readonly #frames: Uint8Array[] = [];
  readonly #capacityBytes: number;
  #bytes = 0;
  #closed = false;
  #reader: ((frame: Uint8Array | undefined) => void) | undefined;
  #writers: (() => void)[] = [];

  constructor(capacityBytes: number) {
    this.#capacityBytes = capacityBytes;
  }

  /** Resolves when no more than the capacity waits to be read, the frame itself not counted. */
  async write(frame: Uint8Array): Promise<void> {
    if (this.#closed) throw gone();
    const copy = frame.slice();
    if (this.#reader !== undefined) {
      const reader = this.#reader;
      this.#reader = undefined;
      reader(copy);
      return;
    }
    this.#frames.push(copy);
    this.#bytes += copy.length;
    while (this.#bytes > this.#capacityBytes && !this.#closed) {
      await new Promise<void>((resolve) => this.#writers.push(resolve));
    }
    if (this.#closed) throw gone();
  }

  read(): Promise<Uint8Array | undefined> {
    const frame = this.#frames.shift();
    if (frame !== undefined) {
      this.#bytes -= frame.length;
      this.#wakeWriters();
      return Promise.resolve(frame);
    }
    if (this.#closed) return Promise.resolve(undefined);
    return new Promise((resolve) => {
      this.#reader = resolve;
    });
  }

  /** What was written before can still be read. */
  close(): void {
    this.#closed = true;
    this.#reader?.(undefined);
    this.#reader = undefined;
    this.#wakeWriters();
  }

  #wakeWriters(): void {
    const writers = this.#writers;
    this.#writers = [];
    for (const wake of writers) wake();
  }
}

const gone = (): SottoError => new SottoError('peer-unavailable', 'the conversation has ended');

/**
 * Two connected transports. A write waits while more than `capacityBytes` lie unread, as it does
 * on a network whose peer is slow.
 */
export function memoryPair(capacityBytes = MAX_FRAME_BYTES): readonly [Transport, Transport] {
  const there = new Pipe(capacityBytes);
  const back = new Pipe(capacityBytes);
  const end = (outward: Pipe, inward: Pipe): Transport => ({
    write: (frame) => outward.write(frame),
    read: () => inward.read(),
    close: async () => {
      outward.close();
      inward.close();
    },
  });
  return [end(there, back), end(back, there)];
}
