/** The hearing half of a channel: frames in order, each checked, one of them read ahead. */
import type { Bytes } from '../base/bytes.ts';
import { asSottoError, SottoError } from '../base/errors.ts';
import {
  bodyOf,
  checkOpening,
  DIGEST_BYTES,
  KIND,
  type Kind,
  kindOf,
  parseAbort,
  Transcript,
} from './frames.ts';
import type { Transport } from './transport.ts';

export interface Binding {
  /** One's own nonce: it must not be the peer's too. */
  readonly nonce: Uint8Array;
  readonly context: Uint8Array;
}

/**
 * The next frame is read before anybody asks for it, so that a party that computes, or only sends,
 * knows at once when its peer has left and why.
 */
export class Inbox {
  readonly #transport: Transport;
  readonly #binding: Binding;
  readonly #ended = new AbortController();
  #heard: Transcript | undefined;
  #ahead: Promise<Uint8Array | undefined> | undefined;
  #bytes = 0;

  constructor(transport: Transport, binding: Binding) {
    this.#transport = transport;
    this.#binding = binding;
  }

  /** Aborted when the peer has left; the reason is the SottoError that it, or its absence, amounts to. */
  get ended(): AbortSignal {
    return this.#ended.signal;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** The hash of all that was heard. */
  digest(): Bytes {
    return this.#heard?.digest() ?? new Uint8Array(DIGEST_BYTES);
  }

  /** Has the next frame read, if it is not already. */
  listen(): Promise<Uint8Array | undefined> {
    if (this.#ahead === undefined) {
      const reading = this.#transport.read().then(
        (frame) => {
          this.#notice(frame);
          return frame;
        },
        (thrown: unknown) => {
          this.#ended.abort(broken(thrown));
          return undefined;
        },
      );
      this.#ahead = reading;
    }
    return this.#ahead;
  }

  /** The next frame, checked, its opening left out. Rejects with the reason when the peer has left. */
  async next(): Promise<{ readonly kind: Kind; readonly body: Uint8Array }> {
    const frame = await this.listen();
    if (frame === undefined || this.ended.aborted) throw this.ended.reason;
    this.#ahead = undefined;
    this.#bytes += frame.length;
    const kind = kindOf(frame);
    if (this.#heard === undefined) {
      this.#open(kind, frame);
      return this.next();
    }
    this.#heard.verify(frame);
    return { kind, body: bodyOf(frame) };
  }

  #open(kind: Kind, frame: Uint8Array): void {
    if (kind !== KIND.open) {
      throw new SottoError('verification-failed', 'the opening frame is missing', {
        received: kind,
      });
    }
    const { nonce, context } = this.#binding;
    const theirs = checkOpening(bodyOf(frame), nonce, context);
    this.#heard = new Transcript(theirs, context);
    this.#heard.verify(frame);
  }

  /** Looks at a frame that was read ahead only for whether it is the last. */
  #notice(frame: Uint8Array | undefined): void {
    if (frame !== undefined && frame[0] !== KIND.abort) return;
    this.#ended.abort(frame === undefined ? gone() : this.#lastWord(frame));
  }

  #lastWord(frame: Uint8Array): SottoError {
    try {
      kindOf(frame);
      if (this.#heard === undefined) {
        return new SottoError('verification-failed', 'the opening frame is missing');
      }
      this.#heard.verify(frame);
      this.#bytes += frame.length;
      return parseAbort(bodyOf(frame));
    } catch (thrown) {
      return asSottoError(thrown);
    }
  }
}

const gone = (): SottoError => new SottoError('peer-unavailable', 'the peer left before the end');

/** What a transport throws: ours as it is, a stranger's as the loss of the peer. */
export function broken(thrown: unknown): SottoError {
  if (thrown instanceof SottoError) return thrown;
  return new SottoError('peer-unavailable', 'the connection broke', {}, { cause: thrown });
}
