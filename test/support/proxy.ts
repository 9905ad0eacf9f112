/** A network between two ends of a test: a TCP proxy that delays, slows, breaks or swallows. */
import { connect, createServer, type Server, type Socket } from 'node:net';

export interface ProxyOptions {
  /** "host:port" behind the proxy. */
  readonly target: string;
  /** Each way, in milliseconds: half of the round trip. */
  readonly delayMs?: number;
  /** Each way; absent: as fast as it goes. */
  readonly bytesPerSecond?: number;
}

/** From whoever connected to the target, and back. */
export type Way = 'up' | 'down';

/** What may be on its way in one direction: far above any window, so that only windows limit. */
const MAX_IN_FLIGHT = 64 << 20;

export class TcpProxy implements AsyncDisposable {
  readonly #server: Server;
  readonly #options: ProxyOptions;
  readonly #sockets = new Set<Socket>();
  readonly #swallowed = new Set<Way>();
  readonly #moments: { readonly bytes: number; readonly act: () => void }[] = [];
  /** Each gives its direction of a connection what is due now. */
  readonly #wakers = new Set<() => void>();
  #connections = 0;
  #bytes = 0;
  #jitterMs = 0;
  #trickle = Number.POSITIVE_INFINITY;
  #damage: ((chunk: Buffer) => Buffer) | undefined;
  readonly address: string;

  private constructor(server: Server, options: ProxyOptions) {
    this.#server = server;
    this.#options = options;
    const bound = server.address();
    this.address = `127.0.0.1:${typeof bound === 'object' ? bound?.port : 0}`;
    server.on('connection', (socket) => this.#join(socket));
  }

  static async open(options: ProxyOptions): Promise<TcpProxy> {
    const server = createServer({ allowHalfOpen: true });
    const { promise, resolve } = Promise.withResolvers<void>();
    server.listen(0, '127.0.0.1', resolve);
    await promise;
    return new TcpProxy(server, options);
  }

  /** Connections so far. */
  get connections(): number {
    return this.#connections;
  }

  /** Breaks every connection with a TCP reset; new ones pass. */
  reset(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  /** Bytes that arrived here so far, both ways. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Calls `act` once, when so many bytes have arrived, before the last of them pass. */
  at(bytes: number, act: () => void): void {
    this.#moments.push({ bytes, act });
  }

  /** From now on nothing passes these ways, and nobody is told: a cable was pulled. */
  blackhole(...ways: readonly Way[]): void {
    for (const way of ways.length === 0 ? (['up', 'down'] as const) : ways)
      this.#swallowed.add(way);
  }

  /** Each chunk takes up to so much longer, at random, but none overtakes another. */
  jitter(ms: number): void {
    this.#jitterMs = ms;
  }

  /** From now on so many bytes a second pass, in drops, each way of each connection. */
  trickle(bytesPerSecond: number): void {
    this.#trickle = bytesPerSecond;
  }

  /** One bit of the next chunk changes. */
  flip(): void {
    this.#damage = (chunk) => {
      const copy = Buffer.from(chunk);
      copy[copy.length >> 1]! ^= 1;
      return copy;
    };
  }

  /** The next chunk loses its last byte; what follows passes. */
  truncate(): void {
    this.#damage = (chunk) => chunk.subarray(0, -1);
  }

  /** As it was in the beginning; what was swallowed stays lost. */
  mend(): void {
    this.#swallowed.clear();
    this.#jitterMs = 0;
    this.#trickle = Number.POSITIVE_INFINITY;
    for (const wake of this.#wakers) wake();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.reset();
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#server.close(() => resolve());
    await promise;
  }

  #join(near: Socket): void {
    this.#connections += 1;
    const [host = '', port = ''] = this.#options.target.split(':');
    const far = connect({ host, port: Number(port), allowHalfOpen: true });
    for (const [from, to, way] of [
      [near, far, 'up'],
      [far, near, 'down'],
    ] as const) {
      this.#sockets.add(from);
      from.setNoDelay();
      from.on('error', () => to.destroy());
      from.on('close', () => {
        this.#sockets.delete(from);
        to.destroySoon();
      });
      this.#carry(from, to, way);
    }
  }

  /** So many bytes have arrived: the moments that this makes. */
  #count(size: number): void {
    this.#bytes += size;
    const due = this.#moments.filter(({ bytes }) => bytes <= this.#bytes);
    for (const moment of due) {
      this.#moments.splice(this.#moments.indexOf(moment), 1);
      moment.act();
    }
  }

  /** One direction: each chunk leaves when it is due, in order. */
  #carry(from: Socket, to: Socket, way: Way): void {
    const { delayMs = 0, bytesPerSecond } = this.#options;
    const queue: { readonly due: number; chunk: Buffer | 'end' }[] = [];
    let inFlight = 0;
    let free = 0;
    let timer: NodeJS.Timeout | undefined;
    const deliver = (): void => {
      timer = undefined;
      for (let head = queue[0]; head !== undefined; head = queue[0]) {
        const waitMs = head.due - performance.now();
        if (waitMs > 0.5) {
          schedule(waitMs);
          return;
        }
        const { chunk } = head;
        const isDrop = chunk !== 'end' && chunk.length > this.#trickle;
        const bytes = isDrop ? chunk.subarray(0, this.#trickle) : chunk;
        if (isDrop) head.chunk = chunk.subarray(this.#trickle);
        else queue.shift();
        if (bytes !== 'end') inFlight -= bytes.length;
        if (!this.#swallowed.has(way) && !to.destroyed) {
          if (bytes === 'end') to.end();
          else to.write(this.#damaged(bytes));
        }
        if (isDrop) {
          schedule(1_000);
          return;
        }
      }
      if (inFlight < MAX_IN_FLIGHT) from.resume();
    };
    const schedule = (waitMs: number): void => {
      timer = setTimeout(deliver, Math.max(0, waitMs));
    };
    const add = (chunk: Buffer | 'end'): void => {
      const size = chunk === 'end' ? 0 : chunk.length;
      this.#count(size);
      const now = performance.now();
      free =
        Math.max(free, now) + (bytesPerSecond === undefined ? 0 : (size / bytesPerSecond) * 1000);
      queue.push({ due: free + delayMs + this.#jitterMs * Math.random(), chunk });
      inFlight += size;
      if (inFlight >= MAX_IN_FLIGHT) from.pause();
      if (timer === undefined) schedule(queue[0]!.due - now);
    };
    const wake = (): void => {
      clearTimeout(timer);
      deliver();
    };
    this.#wakers.add(wake);
    from.on('data', add);
    from.on('end', () => add('end'));
    for (const end of [from, to]) {
      end.on('close', () => {
        clearTimeout(timer);
        this.#wakers.delete(wake);
      });
    }
  }

  #damaged(chunk: Buffer): Buffer {
    const damage = this.#damage;
    this.#damage = undefined;
    return damage?.(chunk) ?? chunk;
  }
}
