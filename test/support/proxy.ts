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

/** What may be on its way in one direction: far above any window, so that only windows limit. */
const MAX_IN_FLIGHT = 64 << 20;

export class TcpProxy implements AsyncDisposable {
  readonly #server: Server;
  readonly #options: ProxyOptions;
  readonly #sockets = new Set<Socket>();
  #swallows = false;
  #connections = 0;
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

  /** From now on nothing passes, and nobody is told: a cable was pulled. */
  blackhole(): void {
    this.#swallows = true;
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
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      this.#sockets.add(from);
      from.setNoDelay();
      from.on('error', () => to.destroy());
      from.on('close', () => {
        this.#sockets.delete(from);
        to.destroySoon();
      });
      this.#carry(from, to);
    }
  }

  /** One direction: each chunk leaves when it is due, in order. */
  #carry(from: Socket, to: Socket): void {
    const { delayMs = 0, bytesPerSecond } = this.#options;
    const queue: { readonly due: number; readonly chunk: Buffer | 'end' }[] = [];
    let inFlight = 0;
    let free = 0;
    let isScheduled = false;
    const deliver = (): void => {
      isScheduled = false;
      for (let head = queue[0]; head !== undefined; head = queue[0]) {
        const waitMs = head.due - performance.now();
        if (waitMs > 0.5) {
          schedule(waitMs);
          return;
        }
        queue.shift();
        if (head.chunk !== 'end') inFlight -= head.chunk.length;
        if (this.#swallows || to.destroyed) continue;
        if (head.chunk === 'end') to.end();
        else to.write(head.chunk);
      }
      if (inFlight < MAX_IN_FLIGHT) from.resume();
    };
    const schedule = (waitMs: number): void => {
      isScheduled = true;
      setTimeout(deliver, Math.max(0, waitMs));
    };
    const add = (chunk: Buffer | 'end'): void => {
      const size = chunk === 'end' ? 0 : chunk.length;
      const now = performance.now();
      free =
        Math.max(free, now) + (bytesPerSecond === undefined ? 0 : (size / bytesPerSecond) * 1000);
      queue.push({ due: free + delayMs, chunk });
      inFlight += size;
      if (inFlight >= MAX_IN_FLIGHT) from.pause();
      if (!isScheduled) schedule(queue[0]!.due - now);
    };
    from.on('data', add);
    from.on('end', () => add('end'));
  }
}
