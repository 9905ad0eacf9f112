/** The worker that dials: keeps a link to the listener, over which that one asks for conversations. */
import { randomInt } from 'node:crypto';
import type { Duplex } from 'node:stream';
import { create } from '@bufbuild/protobuf';
import type { ClientDuplexStream, Metadata } from '@grpc/grpc-js';
import { asSottoError, SottoError } from '../base/errors.ts';
import { decode } from '../channel/decode.ts';
import {
  type LinkRequest,
  LinkRequestSchema,
  type LinkResponse,
  LinkResponseSchema,
} from '../gen/sotto/peer/v1/peer_pb.ts';
import type { Identity } from './certificate.ts';
import type { OwnTls } from './credentials.ts';
import { Dial } from './dial.ts';
import { certificateOf } from './grpc.ts';
import type { RpcLimits } from './limits.ts';
import { type Patience, patience, pause } from './patience.ts';
import {
  checkVersion,
  converse,
  header,
  headers,
  LINK,
  PEER_VERSION,
  peerError,
  VERSION_KEY,
} from './peer-protocol.ts';
import { StreamTransport } from './stream-transport.ts';

export interface PeerDialerOptions {
  readonly own: OwnTls;
  readonly peer: Identity;
  readonly address: string;
  readonly limits: RpcLimits;
  /** A conversation that the listener asked for. */
  readonly accept: (peer: string, transport: StreamTransport) => void;
  /** The link is down: tried again in so many milliseconds; undefined: no retry would mend it. */
  readonly lost: (error: SottoError, retryInMs: number | undefined) => void;
}

type Link = ClientDuplexStream<LinkRequest, Buffer>;

/** As `randomUUID` writes it: it becomes a header, so nothing else may. */
const CONVERSATION_ID = /^[0-9a-f-]{36}$/;
/** Only somebody who changes a key, a certificate or a program mends these. */
const FINAL: readonly string[] = ['unauthenticated', 'permission-denied', 'parameters-rejected'];

export class PeerDialer {
  #options: PeerDialerOptions;
  #dial: Dial;
  readonly #closing = new AbortController();
  #linking = false;
  /** The peer is not believed any more. */
  #revoked = false;
  #link: Link | undefined;
  #asked = 0;

  constructor(options: PeerDialerOptions) {
    this.#options = options;
    this.#dial = new Dial(options);
  }

  /** Keeps the link in the background from now on. */
  start(): void {
    if (this.#linking) return;
    this.#linking = true;
    void this.#keepLink().finally(() => {
      this.#linking = false;
    });
  }

  /** A conversation of our own. A listener that once refused us is asked again: it may have been mended. */
  async open(signal: AbortSignal): Promise<StreamTransport> {
    const { limits, peer } = this.#options;
    const late = new SottoError('peer-unavailable', 'the peer does not answer', {
      peer: peer.name,
    });
    using wait = patience(limits.connectMs, signal, late);
    const transport = await this.#converse(wait, undefined);
    this.start();
    return transport;
  }

  /** New connections are made with these; conversations that run keep theirs, but for the link. */
  renew(changed: Pick<PeerDialerOptions, 'own' | 'peer'>): void {
    this.#options = { ...this.#options, ...changed };
    this.#dial = new Dial(this.#options);
    this.#revoked = false;
    this.#link?.end();
    this.start(); // it may have been given up when the old certificate was refused
  }

  /** Cuts everything, and dials no more until it is renewed. */
  revoke(): void {
    this.#revoked = true;
    this.disconnect();
  }

  close(): void {
    this.#closing.abort();
    this.#link?.end();
  }

  /** After `close`, and when no conversation is left. */
  disconnect(): void {
    this.#link?.cancel();
    this.#dial.close();
  }

  async #keepLink(): Promise<void> {
    const { lost, limits } = this.#options;
    const { signal } = this.#closing;
    for (let failures = 0; !signal.aborted && !this.#revoked; failures += 1) {
      try {
        const since = performance.now();
        await this.#holdLink(signal);
        if (performance.now() - since > limits.backoffMostMs) failures = 0;
      } catch (thrown) {
        const error = asSottoError(thrown);
        if (signal.aborted || this.#revoked) return;
        const isFinal = FINAL.includes(error.code);
        const waitMs = backoffMs(failures, limits);
        lost(error, isFinal ? undefined : waitMs);
        if (isFinal) return;
        await pause(waitMs, signal);
      }
    }
  }

  /** Until the listener ends the link in order; rejects when it breaks or was refused. */
  async #holdLink(signal: AbortSignal): Promise<void> {
    const { limits, peer } = this.#options;
    const late = new SottoError('peer-unavailable', 'the peer does not answer', {
      peer: peer.name,
    });
    using wait = patience(limits.connectMs, signal, late);
    const client = await this.#dial.connect(wait);
    const { path, requestSerialize, responseDeserialize } = LINK;
    const link = client.makeBidiStreamRequest(
      path,
      requestSerialize,
      responseDeserialize,
      headers(),
    ) as unknown as Link;
    this.#link = link;
    link.write(create(LinkRequestSchema, { version: PEER_VERSION }));
    try {
      await new Promise<void>((resolve, reject) => {
        link.on('error', (error) => reject(peerError(error, { peer: peer.name })));
        link.once('end', resolve);
        link.on('data', (response: Buffer) => {
          try {
            this.#heard(link, decode(LinkResponseSchema, response));
          } catch (error) {
            reject(error);
          }
        });
      });
    } finally {
      link.cancel();
      this.#link = undefined;
    }
  }

  #heard(link: Link, response: LinkResponse): void {
    const { peer } = this.#options;
    this.#dial.check(certificateOf(link));
    checkVersion(peer.name, response.version, 'dialer');
    if (response.conversationId === '') return; // its greeting
    if (!CONVERSATION_ID.test(response.conversationId)) {
      throw new SottoError('protocol-violation', 'a malformed conversation id', {
        peer: peer.name,
      });
    }
    void this.#answer(response.conversationId);
  }

  /** Opens the conversation that the listener asked for; if that fails, it will notice by itself. */
  async #answer(conversation: string): Promise<void> {
    const { limits, peer, accept } = this.#options;
    if (this.#asked >= limits.conversationsPerPeer) return;
    this.#asked += 1;
    try {
      const late = new SottoError('peer-unavailable', 'no answer', { peer: peer.name });
      using wait = patience(limits.connectMs, this.#closing.signal, late);
      const transport = await this.#converse(wait, conversation);
      accept(peer.name, transport);
      await transport.over;
    } catch {
      // The listener's own patience ends, and it reports that to whoever wanted the conversation.
    } finally {
      this.#asked -= 1;
    }
  }

  async #converse(wait: Patience, conversation: string | undefined): Promise<StreamTransport> {
    const { limits, peer } = this.#options;
    const client = await this.#dial.connect(wait);
    const call = converse(client, headers(conversation), {
      deadline: Date.now() + limits.conversationMs,
    });
    const meaning = (error: unknown): SottoError => peerError(error, { peer: peer.name });
    const cut = (): void => call.cancel();
    const transport = new StreamTransport(call as unknown as Duplex, {
      peer: peer.name,
      stallMs: limits.stallMs,
      cut,
      meaning,
    });
    try {
      const accepted = new Promise<Metadata>((resolve, reject) => {
        call.once('metadata', resolve);
        call.once('error', (error) => reject(meaning(error)));
      });
      const metadata = await wait.race(accepted);
      this.#dial.check(certificateOf(call));
      checkVersion(peer.name, header(metadata, VERSION_KEY), 'dialer');
      return transport;
    } catch (error) {
      cut();
      throw error;
    }
  }
}

/** Doubles from the first wait to the longest, then shortened at random so that dialers do not march in step. */
function backoffMs(failures: number, limits: RpcLimits): number {
  const most = Math.min(limits.backoffMostMs, limits.backoffFirstMs * 2 ** Math.min(failures, 20));
  return most - randomInt(Math.floor(most / 2) + 1);
}
