/** Conversations with configured peers over mutually authenticated gRPC, whoever of the two dials. */
import { asSottoError, SottoError } from '../base/errors.ts';
import type { Log } from '../base/events.ts';
import type { Transport } from '../channel/transport.ts';
import type { Peers } from '../jobs/peers.ts';
import { expiryWarning } from './certificate.ts';
import { Pinned, PinnedServerCredentials } from './credentials.ts';
import type { PartyKeys, PartyPublic } from './keys.ts';
import {
  DEFAULT_RPC_LIMITS,
  MAX_PEER_MESSAGE_BYTES,
  type RpcLimits,
  serverOptions,
} from './limits.ts';
import { patience } from './patience.ts';
import { PeerDialer } from './peer-dialer.ts';
import { PEER_SERVICE } from './peer-protocol.ts';
import { PeerListener } from './peer-service.ts';
import { GrpcServer } from './server.ts';
import type { StreamTransport } from './stream-transport.ts';

export interface PeerConfig {
  readonly name: string;
  /** From the file that the peer gave us. */
  readonly public: PartyPublic;
  /** "host:port" where we dial it; absent: it dials us. */
  readonly address?: string;
}

export interface PeersOptions {
  readonly keys: PartyKeys;
  /** "host:port" where peers dial us; absent: nobody can. */
  readonly listen?: string;
  readonly peers: readonly PeerConfig[];
  readonly log?: Log;
  readonly limits?: Partial<RpcLimits>;
}

export interface OpenPeers extends Peers, AsyncDisposable {
  /**
   * Takes up changed certificates without a restart: our own, and of peers these and no others. Conversations run on,
   * but for those of a peer that is not among them: its connections are cut.
   */
  renew(keys: PartyKeys, peers: readonly PartyPublic[]): void;
  /** "host:port" as bound; undefined when nobody can dial us. */
  readonly address: string | undefined;
  /** Receive windows of the connections made to us, in bytes. */
  readonly windows: readonly { readonly connection: number; readonly stream: number }[];
}

type Handler = (peer: string, transport: Transport) => Promise<void>;

/** Starts listening and linking. Disposing lets conversations end for `drainMs`, then cuts them. */
export async function openPeers(options: PeersOptions): Promise<OpenPeers> {
  const limits = { ...DEFAULT_RPC_LIMITS, ...options.limits };
  check(options);
  const open = new Conversations(limits, options.log ?? (() => undefined));
  if (options.listen !== undefined) await open.listen(options, options.listen);
  for (const peer of options.peers) {
    if (peer.address !== undefined) open.dial(options, peer, peer.address);
  }
  return open;
}

function check({ keys, peers, listen }: PeersOptions): void {
  const now = new Date();
  if (keys.public.notAfter < now) {
    throw new SottoError('invalid-argument', expiryWarning(keys.public, now) ?? 'expired', {
      field: 'keys',
    });
  }
  for (const peer of peers) {
    if (peer.public.name !== peer.name || peer.name === keys.public.name) {
      throw new SottoError('invalid-argument', "the peer's public file belongs to somebody else", {
        field: 'peers',
        expected: peer.name,
        found: peer.public.name,
      });
    }
    if (peer.address === undefined && listen === undefined) {
      throw new SottoError('invalid-argument', 'nobody dials: neither address nor listen is set', {
        field: 'peers',
        peer: peer.name,
      });
    }
  }
}

class Conversations implements OpenPeers {
  readonly #limits: RpcLimits;
  readonly #log: Log;
  readonly #dialers = new Map<string, PeerDialer>();
  readonly #names = new Set<string>();
  /** Names whose certificate was taken back while we run. */
  readonly #revoked = new Set<string>();
  readonly #running = new Set<StreamTransport>();
  readonly #closing = new AbortController();
  #listener: PeerListener | undefined;
  #server: GrpcServer | undefined;
  #listening:
    | { readonly pinned: Pinned; readonly credentials: PinnedServerCredentials }
    | undefined;
  #handler: Handler | undefined;
  #closed: Promise<void> | undefined;

  constructor(limits: RpcLimits, log: Log) {
    this.#limits = limits;
    this.#log = log;
  }

  get address(): string | undefined {
    return this.#server?.address;
  }

  get windows(): readonly { readonly connection: number; readonly stream: number }[] {
    return this.#server?.windows ?? [];
  }

  async listen({ keys, peers }: PeersOptions, address: string): Promise<void> {
    const limits = this.#limits;
    const log = this.#log;
    const pinned = new Pinned(
      'party',
      peers.map((peer) => peer.public),
    );
    const listener = new PeerListener({
      pinned,
      limits,
      accept: (peer, transport) => this.#accept(peer, transport),
      refused: (peer, { code }) => log({ event: 'conversation-refused', peer, code }),
    });
    const size = { sent: MAX_PEER_MESSAGE_BYTES, received: MAX_PEER_MESSAGE_BYTES };
    const credentials = new PinnedServerCredentials(keys, pinned, limits.handshakeMs);
    this.#listening = { pinned, credentials };
    this.#server = await GrpcServer.open({
      listen: address,
      credentials,
      options: serverOptions(limits, size),
      connections: limits.connections,
      connectionsPerCaller: limits.connectionsPerCaller,
      handshakesPerAddress: limits.handshakesPerAddress,
      refused: () =>
        log({ event: 'conversation-refused', peer: 'unknown', code: 'unauthenticated' }),
      register: (server) => server.addService(PEER_SERVICE, listener.handlers),
    });
    this.#listener = listener;
    for (const peer of peers) this.#names.add(peer.name);
  }

  dial({ keys }: PeersOptions, peer: PeerConfig, address: string): void {
    const dialer = new PeerDialer({
      own: keys,
      peer: peer.public,
      address,
      limits: this.#limits,
      accept: (name, transport) => this.#accept(name, transport),
      lost: ({ code }, retryInMs) =>
        this.#log(
          retryInMs === undefined
            ? { event: 'conversation-refused', peer: peer.name, code }
            : { event: 'peer-unreachable', peer: peer.name, code, retryInMs },
        ),
    });
    this.#dialers.set(peer.name, dialer);
    this.#names.add(peer.name);
    dialer.start();
  }

  renew(own: PartyKeys, peers: readonly PartyPublic[]): void {
    if (this.#listening !== undefined) {
      const { pinned, credentials } = this.#listening;
      pinned.replace(peers);
      credentials.renew(own);
      this.#server?.cutUnless((certificate) => pinned.admits(certificate));
    }
    this.#revoked.clear();
    for (const name of this.#names) {
      const peer = peers.find((each) => each.name === name);
      if (peer !== undefined) this.#dialers.get(name)?.renew({ own, peer });
      else this.#revoke(name);
    }
  }

  #revoke(name: string): void {
    this.#revoked.add(name);
    for (const transport of this.#running) if (transport.peer === name) transport.cut();
    this.#dialers.get(name)?.revoke();
  }

  async open(peer: string, signal: AbortSignal): Promise<Transport> {
    if (!this.#names.has(peer)) {
      throw new SottoError('not-found', 'no such peer is configured', { peer });
    }
    if (this.#revoked.has(peer)) {
      throw new SottoError('unauthenticated', "the peer's certificate is revoked here", { peer });
    }
    const either = AbortSignal.any([signal, this.#closing.signal]);
    // Where both could dial, each dials for its own conversations.
    const way = this.#dialers.get(peer) ?? this.#listener;
    const transport =
      way instanceof PeerDialer ? await way.open(either) : await way!.open(peer, either);
    this.#track(transport);
    return transport;
  }

  serve(handler: Handler): void {
    this.#handler = handler;
  }

  #accept(peer: string, transport: StreamTransport): void {
    this.#track(transport);
    if (this.#handler === undefined || this.#closing.signal.aborted) {
      void transport.close(); // before `serve`, or too late: the peer tries again
      return;
    }
    this.#handler(peer, transport)
      .catch((thrown: unknown) => {
        const { code } = asSottoError(thrown);
        if (code === 'internal') this.#log({ event: 'failed-internally', where: 'conversation' });
        else this.#log({ event: 'conversation-refused', peer, code });
      })
      .finally(() => transport.close())
      .catch(() => undefined);
  }

  #track(transport: StreamTransport): void {
    this.#running.add(transport);
    void transport.over.then(() => this.#running.delete(transport));
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    const reason = new SottoError('cancelled', 'the worker stops');
    this.#closing.abort(reason);
    for (const dialer of this.#dialers.values()) dialer.close();
    this.#listener?.close();
    const serverClosed = this.#server?.close(this.#limits.drainMs);
    const over = Promise.all([...this.#running].map((transport) => transport.over));
    using wait = patience(this.#limits.drainMs, new AbortController().signal, reason);
    await wait.race(over).catch(() => undefined);
    for (const transport of this.#running) transport.cut();
    for (const dialer of this.#dialers.values()) dialer.disconnect();
    await serverClosed;
  }
}
