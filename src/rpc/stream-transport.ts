/** A conversation's frames over one bidirectional gRPC call, at either end of it. */
import type { Duplex } from 'node:stream';
import { SottoError } from '../base/errors.ts';
import { MAX_FRAME_BYTES, type Transport } from '../channel/transport.ts';
import { decodeFrame, encodeFrame } from './frame-codec.ts';

export interface StreamOptions {
  readonly peer: string;
  /** The longest that the peer may leave a frame of ours unread. */
  readonly stallMs: number;
  /** Ends the call at once, both ways. */
  readonly cut: () => void;
  /** What a broken call means. */
  readonly meaning: (error: unknown) => SottoError;
}

/** Frames copied and on their way at a time: enough to compute the next while the last is sent. */
const MAX_QUEUED = 4;
/** How long the peer may take to end its side after we have ended ours. */
const LINGER_MS = 30_000;

/** The stream's messages are encoded already: `Buffer`s of one frame each. */
export class StreamTransport implements Transport {
  readonly #stream: Duplex;
  readonly #options: StreamOptions;
  /** Resolves when the call is over, in whatever way. */
  readonly over: Promise<void>;
  #queued = 0;
  #failure: SottoError | undefined;
  /** The peer ended its side, and every frame before that was read. */
  #ended = false;
  /** The call is over: nothing more can be written. */
  #finished = false;
  /** Frames that had arrived when the call was cut: the reason for the cut may be among them. */
  readonly #left: Buffer[] = [];
  #closing: Promise<void> | undefined;
  readonly #waiting = new Set<() => void>();

  constructor(stream: Duplex, options: StreamOptions) {
    this.#stream = stream;
    this.#options = options;
    const wake = (): void => this.#wake();
    stream.on('readable', wake);
    // A connection that is cut also ends the stream first; what follows at once tells them apart.
    stream.on('end', () => setImmediate(() => this.#end()));
    stream.on('error', (error) => this.#fail(options.meaning(error)));
    const { promise, resolve } = Promise.withResolvers<void>();
    this.over = promise;
    // 'status' ends a call at the client; 'cancelled' at the server, also after our own end().
    for (const event of ['status', 'cancelled', 'close']) {
      stream.once(event, () => {
        this.#finish();
        if (event === 'cancelled' && !this.#ended) this.#fail(this.#gone());
        resolve();
      });
    }
  }

  get peer(): string {
    return this.#options.peer;
  }

  async write(frame: Uint8Array): Promise<void> {
    if (frame.length > MAX_FRAME_BYTES) {
      const facts = { bytes: frame.length, limit: MAX_FRAME_BYTES };
      throw new SottoError('invalid-argument', 'the frame is too long', facts);
    }
    await this.#until(() => this.#queued < MAX_QUEUED, this.#options.stallMs);
    this.#check();
    if (this.#ended || this.#finished) throw this.#gone();
    this.#queued += 1;
    this.#stream.write(encodeFrame(frame), () => {
      this.#queued -= 1;
      this.#wake();
    });
  }

  async read(): Promise<Uint8Array | undefined> {
    for (;;) {
      if (this.#closing !== undefined) return undefined;
      const message = this.#left.shift() ?? (this.#stream.read() as Buffer | null);
      if (message !== null) return this.#frameOf(message);
      if (this.#failure !== undefined) throw this.#failure;
      if (this.#ended) return undefined;
      await new Promise<void>((resolve) => this.#waiting.add(resolve));
    }
  }

  /** Resolves when what was written is on its way; the rest ends behind the scenes. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    this.#wake();
    return this.#closing;
  }

  /** Ends the call at once. */
  cut(): void {
    this.#options.cut();
  }

  async #close(): Promise<void> {
    this.#stream.removeAllListeners('readable');
    this.#stream.resume(); // what still arrives is nobody's: read past it, so that the end arrives
    if (this.#failure === undefined) {
      this.#stream.end();
      await this.#until(() => this.#queued === 0, this.#options.stallMs).catch(() => undefined);
    }
    const timer = setTimeout(this.#options.cut, LINGER_MS);
    timer.unref();
    void this.over.then(() => clearTimeout(timer));
  }

  #frameOf(message: Buffer): Uint8Array {
    const frame = decodeFrame(message);
    if (frame !== undefined) return frame;
    const { peer } = this.#options;
    const error = new SottoError('protocol-violation', 'a malformed frame', { peer });
    this.#fail(error);
    this.#options.cut();
    throw error;
  }

  /** Until `ready`, or until the call is over; at most `patienceMs`, then the call is cut. */
  async #until(ready: () => boolean, patienceMs: number): Promise<void> {
    const done = (): boolean => ready() || this.#finished || this.#failure !== undefined;
    if (done()) return;
    const timer = setTimeout(() => {
      const facts = { peer: this.#options.peer, seconds: patienceMs / 1000 };
      this.#fail(new SottoError('deadline-exceeded', 'the peer does not read', facts));
      this.#options.cut();
    }, patienceMs);
    while (!done()) {
      await new Promise<void>((resolve) => this.#waiting.add(resolve));
    }
    clearTimeout(timer);
  }

  #check(): void {
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#closing !== undefined)
      throw new SottoError('cancelled', 'the conversation is closed');
  }

  #end(): void {
    if (this.#failure !== undefined) return;
    this.#ended = true;
    this.#wake();
  }

  #finish(): void {
    if (!this.#finished && this.#closing === undefined) {
      // At the server the stream is destroyed next, with what it holds.
      for (;;) {
        const message = this.#stream.read() as Buffer | null;
        if (message === null) break;
        this.#left.push(message);
      }
    }
    this.#finished = true;
    this.#wake();
  }

  #gone(): SottoError {
    const { peer } = this.#options;
    return new SottoError('peer-unavailable', 'the peer ended the conversation', { peer });
  }

  #fail(error: SottoError): void {
    this.#failure ??= error;
    this.#wake();
  }

  #wake(): void {
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }
}
