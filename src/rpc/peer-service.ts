/**
 * The worker that is reachable: it takes the conversations that peers open, and asks for its own
 * over the link that each peer keeps open.
 *
 *   dialer                                   listener
 *   Link: version            ------------->
 *                            <-------------  version, then an id for each conversation it wants
 *   Converse (id or none)    ------------->
 *                            <------------>  frames, until both have ended their side
 */
import { randomUUID } from 'node:crypto';
import type { Duplex } from 'node:stream';
import { create } from '@bufbuild/protobuf';
import {
  type ServerDuplexStream,
  type ServerUnaryCall,
  type ServiceError,
  status,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import { asSottoError, SottoError } from '../base/errors.ts';
import { decode } from '../channel/decode.ts';
import {
  type LinkRequest,
  type LinkResponse,
  LinkResponseSchema,
  type ProbeRequest,
  ProbeRequestSchema,
  type ProbeResponse,
  ProbeResponseSchema,
} from '../gen/sotto/peer/v1/peer_pb.ts';
import type { Pinned } from './credentials.ts';
import { certificateOf, requestOf } from './grpc.ts';
import { MOST_PROBE_BYTES, type RpcLimits } from './limits.ts';
import { patience } from './patience.ts';
import {
  CONVERSATION_KEY,
  checkVersion,
  header,
  headers,
  PEER_VERSION,
  peerError,
  VERSION_KEY,
} from './peer-protocol.ts';
import { toStatus } from './status.ts';
import { StreamTransport } from './stream-transport.ts';

type Link = ServerDuplexStream<LinkRequest, LinkResponse>;
type Conversation = ServerDuplexStream<Buffer, Buffer>;
type Probe = ServerUnaryCall<Buffer, ProbeResponse>;

export interface PeerServiceOptions {
  readonly pinned: Pinned;
  readonly limits: RpcLimits;
  /** A conversation that a peer opened. */
  readonly accept: (peer: string, transport: StreamTransport) => void;
  readonly refused: (peer: string, error: SottoError) => void;
}

interface Wish {
  readonly peer: string;
  readonly grant: (transport: StreamTransport) => void;
}

export class PeerListener {
  readonly #options: PeerServiceOptions;
  /** Open links by peer, oldest first: the newest is used, as an older one may be dead already. */
  readonly #links = new Map<string, Link[]>();
  readonly #linked = new Set<() => void>();
  readonly #wishes = new Map<string, Wish>();
  readonly #conversations = new Map<string, number>();

  constructor(options: PeerServiceOptions) {
    this.#options = options;
  }

  get handlers(): UntypedServiceImplementation {
    return {
      link: (call: Link) => this.#guard(call, (peer) => this.#link(peer, call)),
      converse: (call: Conversation) => this.#guard(call, (peer) => this.#converse(peer, call)),
      probe: (
        call: Probe,
        reply: (error: Partial<ServiceError> | null, value?: object) => void,
      ) => {
        try {
          this.#options.pinned.identify(certificateOf(call));
          reply(null, probed(requestOf(ProbeRequestSchema, call.request, decode)));
        } catch (thrown) {
          reply(refusal(asSottoError(thrown)));
        }
      },
    };
  }

  /** Asks the peer, over its link, for a conversation; waits for link and answer for `connectMs` in all. */
  async open(peer: string, signal: AbortSignal): Promise<StreamTransport> {
    const { connectMs } = this.#options.limits;
    const absent = new SottoError('peer-unavailable', 'the peer is not connected to us', { peer });
    using wait = patience(connectMs, signal, absent);
    const id = randomUUID();
    const { promise: granted, resolve: grant } = Promise.withResolvers<StreamTransport>();
    this.#wishes.set(id, { peer, grant });
    try {
      for (;;) {
        const link = this.#links.get(peer)?.at(-1);
        if (link === undefined) {
          const { promise: linked, resolve } = Promise.withResolvers<void>();
          this.#linked.add(resolve);
          await wait.race(linked).finally(() => this.#linked.delete(resolve));
          continue;
        }
        link.write(create(LinkResponseSchema, { version: PEER_VERSION, conversationId: id }));
        const { promise: lost, resolve: lose } = Promise.withResolvers<void>();
        link.once('close', lose);
        try {
          const transport = await wait.race(Promise.race([granted, lost]));
          if (transport !== undefined) return transport; // otherwise over the next link
        } finally {
          link.off('close', lose); // a link lasts for months, and would keep what each promise came to
        }
      }
    } catch (error) {
      void granted.then((late) => late.close()); // granted in the same moment, with nobody to use it
      throw error;
    } finally {
      this.#wishes.delete(id);
    }
  }

  /** Ends the links, so that a graceful shutdown does not wait for them. */
  close(): void {
    for (const links of this.#links.values()) for (const link of links) link.end();
  }

  /** Every call is authorised and of our version before anything else happens. */
  #guard(call: Link | Conversation, admit: (peer: string) => void): void {
    let peer = 'unknown';
    try {
      peer = this.#options.pinned.identify(certificateOf(call)).name;
      checkVersion(peer, header(call.metadata, VERSION_KEY), 'listener');
      admit(peer);
    } catch (thrown) {
      const error = asSottoError(thrown);
      this.#options.refused(peer, error);
      call.emit('error', refusal(error));
    }
  }

  #link(peer: string, call: Link): void {
    call.setMaxListeners(0); // each `open` that waits listens for its end
    this.#links.set(peer, [...(this.#links.get(peer) ?? []), call]);
    const unlink = (): void => {
      const left = (this.#links.get(peer) ?? []).filter((link) => link !== call);
      this.#links.set(peer, left);
    };
    call.on('cancelled', unlink);
    call.on('close', unlink);
    call.on('error', unlink);
    call.on('end', () => call.end());
    call.resume(); // a dialer says nothing on it after its version
    call.sendMetadata(headers());
    call.write(create(LinkResponseSchema, { version: PEER_VERSION }));
    for (const resolve of this.#linked) resolve();
    this.#linked.clear();
  }

  #converse(peer: string, call: Conversation): void {
    const id = header(call.metadata, CONVERSATION_KEY);
    const wish = id === undefined ? undefined : this.#wishes.get(id);
    if (id !== undefined && wish?.peer !== peer) {
      throw new SottoError('not-found', 'nobody asked for this conversation', { peer });
    }
    const open = this.#conversations.get(peer) ?? 0;
    const limit = this.#options.limits.conversationsPerPeer;
    if (wish === undefined && open >= limit) {
      throw new SottoError('budget-exhausted', 'too many conversations at once', { peer, limit });
    }
    const transport = new StreamTransport(call as unknown as Duplex, {
      peer,
      stallMs: this.#options.limits.stallMs,
      cut: () => call.emit('error', { code: status.CANCELLED, details: 'cancelled' }),
      meaning: (error) => peerError(error, { peer }),
    });
    this.#conversations.set(peer, open + 1);
    void transport.over.then(() => {
      this.#conversations.set(peer, (this.#conversations.get(peer) ?? 1) - 1);
    });
    call.sendMetadata(headers());
    if (id === undefined) {
      this.#options.accept(peer, transport);
      return;
    }
    this.#wishes.delete(id); // granted once
    wish?.grant(transport);
  }
}

/** @throws invalid-argument: an answer is no longer than what may be asked. */
function probed({ load, answerBytes }: ProbeRequest): ProbeResponse {
  const found = Math.max(load.length, answerBytes);
  if (found > MOST_PROBE_BYTES) {
    const facts = { found, most: MOST_PROBE_BYTES };
    throw new SottoError('invalid-argument', 'a probe carries no more than a frame', facts);
  }
  const timeMs = BigInt(Date.now());
  return create(ProbeResponseSchema, { timeMs, load: new Uint8Array(answerBytes) });
}

const refusal = (error: SottoError): Partial<ServiceError> => toStatus(error, 'peer');
