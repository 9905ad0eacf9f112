/** Typed messages to and from one peer, over any transport, with a transcript that both must agree on. */
import { randomBytes } from 'node:crypto';
import {
  create,
  type DescMessage,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from '@bufbuild/protobuf';
import { concat, equalBytes } from '../base/bytes.ts';
import { asSottoError, SottoError } from '../base/errors.ts';
import { within } from './deadline.ts';
import { decode } from './decode.ts';
import {
  abortBody,
  DIGEST_BYTES,
  headOf,
  KIND,
  type Kind,
  MAX_BODY_BYTES,
  NONCE_BYTES,
  openingBody,
  parseHead,
  Transcript,
} from './frames.ts';
import { broken, Inbox } from './inbox.ts';
import type { Transport } from './transport.ts';

export interface ChannelOptions {
  /** What both parties are bound to, e.g. the hash of their agreement: part of the transcript. */
  readonly context?: Uint8Array;
  /** Sees every whole message, encoded: for recording what a party learns. */
  readonly observe?: (direction: 'sent' | 'heard', typeName: string, bytes: Uint8Array) => void;
  /** The longest wait for the peer to send its next frame or to take one of ours. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

/** Long enough for a peer that computes a whole training pass between two messages. */
const TIMEOUT_MS = 300_000;
/** How long a parting word may take: within the two seconds in which a cancelled job must be over. */
const PARTING_MS = 1_000;
/** Frames that are read past in search of the peer's reason after our own writing failed. */
const PARTING_FRAMES = 64;

/**
 * At most one `send` and one `receive` at a time make progress; further calls wait their turn. Two
 * roles that both send more than the transport holds before they receive wait for each other: then
 * one of them must send and receive at the same time. Every failure is final: each later call fails with the same error.
 */
export class Channel {
  readonly #transport: Transport;
  readonly #options: ChannelOptions;
  readonly #context: Uint8Array;
  readonly #nonce = randomBytes(NONCE_BYTES);
  readonly #said: Transcript;
  readonly #inbox: Inbox;
  #opened = false;
  #failure: SottoError | undefined;
  /** We have said why we end. */
  #parted = false;
  #sending: Promise<unknown> = Promise.resolve();
  #receiving: Promise<unknown> = Promise.resolve();
  #sentBytes = 0;

  constructor(transport: Transport, options: ChannelOptions = {}) {
    this.#transport = transport;
    this.#options = options;
    this.#context = options.context ?? new Uint8Array(0);
    this.#said = new Transcript(this.#nonce, this.#context);
    this.#inbox = new Inbox(transport, { nonce: this.#nonce, context: this.#context });
  }

  /**
   * Aborted, with the reason, once the peer is known to have left: to be joined to the signal of
   * whatever is computed meanwhile. All that the peer said before has been received by then.
   */
  get ended(): AbortSignal {
    return this.#inbox.ended;
  }

  /** Resolves when the last frame was taken by the transport. */
  send<D extends DescMessage>(schema: D, message: MessageInitShape<D>): Promise<void> {
    const bytes = toBinary(schema, create(schema, message));
    const turn = this.#sending.then(() => this.#sendBytes(schema.typeName, bytes));
    this.#sending = turn.catch(() => {});
    return turn;
  }

  /**
   * The next message, which must be a `schema` of at most `atMost` bytes: a peer may not choose
   * how much we hold. `bytes` fields of the result are views into one buffer: copy what is transferred.
   */
  receive<D extends DescMessage>(schema: D, atMost: number): Promise<MessageShape<D>> {
    const turn = this.#receiving.then(() => this.#receiveMessage(schema, atMost));
    this.#receiving = turn.catch(() => {});
    return turn;
  }

  /**
   * Ends the conversation: fails unless each party heard exactly what the other said. Only after it
   * is a result a result. (That the peer's last word arrived, nobody can know for certain.)
   *
   * @param sure Done when both hashes hold, before the peer is told so: once the peer has heard it,
   * this is done. Whether the peer says so too makes no difference then.
   */
  async finish(sure?: () => Promise<void>): Promise<void> {
    await this.#sending;
    await this.#receiving;
    await this.#guard(async () => {
      const heard = this.#inbox.digest();
      const said = this.#opened ? this.#said.digest() : new Uint8Array(DIGEST_BYTES);
      await this.#say(KIND.finish, said, heard);
      const theirs = await this.#hear(KIND.finish);
      if (!equalBytes(theirs, concat(heard, said))) {
        throw new SottoError('verification-failed', 'the parties heard different conversations');
      }
      await sure?.();
      const parted = this.#say(KIND.verified).then(() => this.#hear(KIND.verified));
      await (sure === undefined ? parted : within(parted, PARTING_MS).catch(() => {}));
    });
    await this.#transport.close();
  }

  /**
   * Ends the conversation because of an error: the peer learns its code (and the field, for rejected
   * parameters), never its message. Never throws; takes a second at most.
   */
  async fail(error: SottoError): Promise<void> {
    this.#failure ??= error;
    if (!this.#parted && !this.ended.aborted) {
      this.#parted = true;
      const words = [
        ...(this.#opened ? [] : [this.#opening()]),
        this.#said.seal(KIND.abort, abortBody(error)),
      ];
      this.#opened = true;
      // Not awaited before the next: a peer that reads nothing must not keep us.
      const written = Promise.all(words.map((word) => this.#transport.write(word)));
      await within(written, PARTING_MS).catch(() => {});
    }
    await within(this.#transport.close(), PARTING_MS).catch(() => {});
  }

  /** Bytes of frames so far, headers included. */
  get traffic(): { readonly sent: number; readonly received: number } {
    return { sent: this.#sentBytes, received: this.#inbox.bytes };
  }

  async #sendBytes(typeName: string, bytes: Uint8Array): Promise<void> {
    const head = headOf(typeName, bytes.length);
    await this.#guard(async () => {
      const first = MAX_BODY_BYTES - head.length;
      await this.#say(KIND.head, head, bytes.subarray(0, first));
      for (let at = first; at < bytes.length; at += MAX_BODY_BYTES) {
        await this.#say(KIND.more, bytes.subarray(at, at + MAX_BODY_BYTES));
      }
    });
    this.#options.observe?.('sent', typeName, bytes);
  }

  #receiveMessage<D extends DescMessage>(schema: D, atMost: number): Promise<MessageShape<D>> {
    return this.#guard(async () => {
      const head = parseHead(await this.#hear(KIND.head));
      if (head.typeName !== schema.typeName) {
        throw new SottoError('protocol-violation', 'another message was due', {
          expected: schema.typeName,
        });
      }
      if (head.totalBytes > atMost) {
        throw new SottoError('protocol-violation', 'a message is too long', {
          message: schema.typeName,
          atMost,
          received: head.totalBytes,
        });
      }
      const bytes = await this.#gather(head.first, head.totalBytes);
      this.#options.observe?.('heard', schema.typeName, bytes);
      return decode(schema, bytes);
    });
  }

  async #gather(first: Uint8Array, totalBytes: number): Promise<Uint8Array> {
    if (first.length === totalBytes) return first;
    const parts = [first];
    let missing = totalBytes - first.length;
    while (missing > 0) {
      const part = await this.#hear(KIND.more);
      // An empty part would let a peer keep us here for ever.
      if (part.length === 0) break;
      parts.push(part);
      missing -= part.length;
    }
    if (missing === 0) return concat(...parts);
    throw new SottoError('protocol-violation', 'a message is not as long as it was said to be', {
      expected: totalBytes,
      received: totalBytes - missing,
    });
  }

  async #say(kind: Kind, ...parts: readonly Uint8Array[]): Promise<void> {
    if (!this.#opened) {
      this.#opened = true;
      void this.#inbox.listen();
      await this.#write(this.#opening());
    }
    await this.#write(this.#said.seal(kind, ...parts));
  }

  #opening(): Uint8Array {
    return this.#said.seal(KIND.open, openingBody(this.#nonce, this.#context));
  }

  async #write(frame: Uint8Array): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    const taken = this.#transport.write(frame);
    this.#sentBytes += frame.length;
    try {
      await this.#wait(taken, 'to take a frame');
    } catch (thrown) {
      throw await this.#lastWord(asSottoError(thrown));
    }
  }

  /** The body of the next frame, which must be of this kind. */
  async #hear(due: Kind): Promise<Uint8Array> {
    if (this.#failure !== undefined) throw this.#failure;
    const { kind, body } = await this.#wait(this.#inbox.next(), 'to send a frame');
    if (kind !== due) {
      throw new SottoError('protocol-violation', 'a frame of another kind was due', {
        expected: due,
        received: kind,
      });
    }
    if (kind !== KIND.verified) void this.#inbox.listen();
    return body;
  }

  /** After a failed write: did the peer say why it left? Its reason is better than ours. */
  async #lastWord(thrown: SottoError): Promise<SottoError> {
    if (this.#failure !== undefined) return this.#failure;
    if (thrown.code !== 'peer-unavailable') return thrown;
    const search = async (): Promise<void> => {
      await this.#receiving; // whoever is reading finds it first
      for (let frames = 0; frames < PARTING_FRAMES; frames += 1) await this.#inbox.next();
    };
    await within(search(), PARTING_MS).catch(() => {});
    return this.#failure ?? (this.ended.aborted ? asSottoError(this.ended.reason) : thrown);
  }

  #wait<T>(step: Promise<T>, what: string): Promise<T> {
    const { timeoutMs = TIMEOUT_MS, signal } = this.#options;
    const outcome = step.catch((thrown: unknown) => {
      throw broken(thrown);
    });
    return within(outcome, timeoutMs, { what: `waited too long for the peer ${what}`, signal });
  }

  async #guard<T>(step: () => Promise<T>): Promise<T> {
    if (this.#failure !== undefined) throw this.#failure;
    try {
      return await step();
    } catch (thrown) {
      this.#failure ??= asSottoError(thrown);
      throw this.#failure;
    }
  }
}
