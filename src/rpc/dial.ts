/** One connection to a pinned server: made when needed, and given up at once when TLS says no. */
import { Client, connectivityState } from '@grpc/grpc-js';
import { SottoError } from '../base/errors.ts';
import type { Identity } from './certificate.ts';
import {
  type HandshakeEvent,
  type OwnTls,
  Pinned,
  PinnedChannelCredentials,
} from './credentials.ts';
import { channelOptions, MAX_PEER_MESSAGE_BYTES, type RpcLimits } from './limits.ts';
import type { Patience } from './patience.ts';

export interface DialOptions {
  readonly own: OwnTls;
  readonly peer: Identity;
  /** "host:port" */
  readonly address: string;
  readonly limits: RpcLimits;
  readonly sizes?: { readonly sent: number; readonly received: number };
}

/**
 * Node's server closes without a word when it does not accept a client's certificate; so would a
 * connection that broke in the same instant, but hardly twice in a row.
 */
const CLOSED_EARLY = 2;

export class Dial {
  readonly #options: DialOptions;
  readonly #pinned: Pinned;
  #client: Client | undefined;
  #closedEarly = 0;
  readonly #refusals = new Set<(error: SottoError) => void>();

  constructor(options: DialOptions) {
    this.#options = options;
    this.#pinned = new Pinned(options.peer.kind, [options.peer]);
  }

  /** A client that is connected; rejects `unauthenticated` when either end refuses the other's certificate. */
  async connect(wait: Patience): Promise<Client> {
    wait.signal.throwIfAborted();
    this.#client ??= this.#newClient();
    const client = this.#client;
    const { promise: refused, reject } = Promise.withResolvers<never>();
    refused.catch(() => undefined);
    this.#refusals.add(reject);
    let isOver = false;
    try {
      await wait.race(Promise.race([this.#ready(client, () => isOver), refused]));
      return client;
    } finally {
      isOver = true;
      this.#refusals.delete(reject);
    }
  }

  /** Looks at the server's certificate again: on every call, whatever the handshake said. */
  check(certificate: Buffer | undefined): void {
    this.#pinned.identify(certificate);
  }

  close(): void {
    const client = this.#client;
    this.#client = undefined; // first: closing wakes those who wait in `#ready`
    client?.close();
  }

  /**
   * Settles when the client is connected, or never once it is closed or the waiting is `over`. Not
   * by the library's `waitForReady`: woken by `close`, it asks the closed channel to connect, which
   * then does so for ever.
   */
  #ready(client: Client, over: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const look = (): void => {
        if (this.#client !== client || over()) return;
        const channel = client.getChannel();
        const state = channel.getConnectivityState(true);
        if (state === connectivityState.READY) resolve();
        else channel.watchConnectivityState(state, Number.POSITIVE_INFINITY, look);
      };
      look();
    });
  }

  #newClient(): Client {
    const { own, peer, address, limits, sizes } = this.#options;
    const size = sizes ?? { sent: MAX_PEER_MESSAGE_BYTES, received: MAX_PEER_MESSAGE_BYTES };
    const observe = (event: HandshakeEvent): void => this.#observe(event);
    const credentials = new PinnedChannelCredentials(own, peer, limits.handshakeMs, observe);
    return new Client(address, credentials, channelOptions(limits, size));
  }

  #observe(event: HandshakeEvent): void {
    if (event.kind === 'refused') this.#refuse(event.error);
    if (event.kind !== 'shaken') return;
    const { peer } = this.#options;
    const client = this.#client;
    if (client === undefined) return;
    let isReady = false;
    void this.#ready(client, () => false).then(() => {
      isReady = true;
      this.#closedEarly = 0;
    });
    void event.closed.then(() => {
      if (isReady || this.#client !== client) return;
      this.#closedEarly += 1;
      if (this.#closedEarly < CLOSED_EARLY) return;
      const message = 'the other side closed the connection when it saw our certificate';
      this.#refuse(new SottoError('unauthenticated', message, { peer: peer.name }));
    });
  }

  /** Ends the library's retries, which would go on for ever. */
  #refuse(error: SottoError): void {
    this.#closedEarly = 0;
    this.close();
    for (const reject of this.#refusals) reject(error);
  }
}
