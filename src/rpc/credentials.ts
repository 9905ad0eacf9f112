/** TLS for both ends: 1.3 only, exactly the pinned certificates as roots, and each call's pin looked at again. */
import { createHash, X509Certificate } from 'node:crypto';
import type { Socket } from 'node:net';
import tls from 'node:tls';
import { CallCredentials, ChannelCredentials, ServerCredentials } from '@grpc/grpc-js';
import { SottoError } from '../base/errors.ts';
import { type Identity, type Kind, nameIn, pinOf } from './certificate.ts';
import { MAX_HEADERS, MAX_STREAMS, WINDOW_BYTES } from './limits.ts';

// The library does not pass a version on; this is before its first socket.
tls.DEFAULT_MIN_VERSION = 'TLSv1.3';

/** Our own certificate and its key. */
export interface OwnTls {
  readonly public: Identity;
  readonly tlsKey: string;
}

const MOST_KNOWN = 256;

/** Those who may talk to us, by pin. */
export class Pinned {
  #byPin: ReadonlyMap<string, Identity> = new Map();
  /** Certificates that were identified: asked for again on every call, of a connection that has but one. */
  readonly #known = new Map<string, Identity>();
  readonly #kind: Kind;

  /** Fails when one key stands for two names: its holder could choose whom to be. */
  constructor(kind: Kind, identities: readonly Identity[]) {
    this.#kind = kind;
    this.replace(identities);
  }

  /** From now on these and no others, for every call. Fails as the constructor does, and then changes nothing. */
  replace(identities: readonly Identity[]): void {
    const byPin = new Map<string, Identity>();
    for (const identity of identities) {
      const other = byPin.get(identity.pin);
      if (other !== undefined) {
        throw new SottoError('invalid-argument', `two ${this.#kind} entries have the same key`, {
          first: other.name,
          second: identity.name,
        });
      }
      byPin.set(identity.pin, identity);
    }
    this.#byPin = byPin;
    this.#known.clear();
  }

  /** Whether a certificate (DER) is one of these now. */
  admits(raw: Buffer | undefined): boolean {
    try {
      this.identify(raw);
      return true;
    } catch {
      return false;
    }
  }

  /** The only roots of trust: a leaf among them can vouch for itself alone. */
  get roots(): string[] {
    return [...this.#byPin.values()].map((identity) => identity.pem);
  }

  /** Whose certificate (DER) was shown: by its key and by the name in it, which must agree. */
  identify(raw: Buffer | undefined): Identity {
    if (raw === undefined) throw new SottoError('unauthenticated', 'no certificate was shown');
    const bytes = raw.toString('latin1');
    const known = this.#known.get(bytes);
    if (known !== undefined) return known;
    const identity = this.#read(raw);
    if (this.#known.size >= MOST_KNOWN) this.#known.clear(); // a key's owner may make many
    this.#known.set(bytes, identity);
    return identity;
  }

  #read(raw: Buffer): Identity {
    const certificate = new X509Certificate(raw);
    const identity = this.#byPin.get(pinOf(certificate));
    if (identity === undefined) {
      throw new SottoError('unauthenticated', 'the certificate is not pinned here', {
        sha256: createHash('sha256').update(raw).digest('hex'),
      });
    }
    if (nameIn(certificate, this.#kind) !== identity.name) {
      throw new SottoError('unauthenticated', 'the certificate names somebody else', {
        expected: identity.name,
      });
    }
    return identity;
  }
}

/** A server's end. The handshake fails without a certificate, or with one that is not in `pinned`. */
export class PinnedServerCredentials extends ServerCredentials {
  readonly #pinned: Pinned;

  constructor(own: OwnTls, pinned: Pinned, handshakeMs: number, streams: number = MAX_STREAMS) {
    super(
      {
        minVersion: 'TLSv1.3',
        requestCert: true,
        rejectUnauthorized: true,
        handshakeTimeout: handshakeMs,
        maxHeaderListPairs: MAX_HEADERS,
        // Replaces the library's own settings, which leave the window at 64 KiB.
        settings: { initialWindowSize: WINDOW_BYTES, maxConcurrentStreams: streams },
      },
      contextOf(own, pinned),
    );
    this.#pinned = pinned;
  }

  /** New handshakes show this certificate, and are held to the pins of this moment. */
  renew(own: OwnTls): void {
    this.updateSecureContextOptions(contextOf(own, this.#pinned));
  }

  override _equals(other: ServerCredentials): boolean {
    return this === other;
  }
}

const contextOf = (own: OwnTls, pinned: Pinned): tls.SecureContextOptions => ({
  minVersion: 'TLSv1.3', // a context that is replaced forgets the server's own setting
  ca: pinned.roots,
  cert: own.public.pem,
  key: own.tlsKey,
});

/** What became of one attempt to connect, as far as TLS can tell. */
export type HandshakeEvent =
  | { readonly kind: 'shaken'; readonly closed: Promise<void> }
  | { readonly kind: 'refused'; readonly error: SottoError }
  | { readonly kind: 'failed' };

type Connector = ReturnType<ChannelCredentials['_createSecureConnector']>;

/**
 * A client's end. The library reports every failure as "unavailable, try again"; this one tells
 * `observe` apart: an unreachable peer (`failed`), and one that is not who it should be, or does
 * not want us (`refused`), which no retry will mend.
 */
export class PinnedChannelCredentials extends ChannelCredentials {
  readonly #context: tls.SecureContext;
  readonly #server: Identity;
  readonly #handshakeMs: number;
  readonly #observe: (event: HandshakeEvent) => void;

  constructor(
    own: OwnTls,
    server: Identity,
    handshakeMs: number,
    observe: (event: HandshakeEvent) => void,
  ) {
    super();
    this.#context = tls.createSecureContext({
      minVersion: 'TLSv1.3',
      ca: [server.pem],
      cert: own.public.pem,
      key: own.tlsKey,
    });
    this.#server = server;
    this.#handshakeMs = handshakeMs;
    this.#observe = observe;
  }

  override _isSecure(): boolean {
    return true;
  }

  override _equals(other: ChannelCredentials): boolean {
    return this === other;
  }

  override _createSecureConnector(
    ...[, , calls]: Parameters<ChannelCredentials['_createSecureConnector']>
  ): Connector {
    return {
      connect: (socket) => this.#connect(socket),
      waitForReady: () => Promise.resolve(),
      getCallCredentials: () => calls ?? CallCredentials.createEmpty(),
      destroy: () => undefined,
    };
  }

  #connect(socket: Socket): ReturnType<Connector['connect']> {
    return new Promise((resolve, reject) => {
      const secure = tls.connect({
        socket,
        secureContext: this.#context,
        ALPNProtocols: ['h2'],
        // No host name is in our certificates; what must be right is the key and the party's name.
        checkServerIdentity: (_host, presented) => this.#mismatch(presented.raw),
      });
      const timer = setTimeout(() => secure.destroy(new Error('handshake')), this.#handshakeMs);
      const closed = Promise.withResolvers<void>();
      let isShaken = false;
      secure.once('secureConnect', () => {
        isShaken = true;
        clearTimeout(timer);
        this.#observe({ kind: 'shaken', closed: closed.promise });
        resolve({ socket: secure, secure: true });
      });
      secure.on('error', (error: NodeJS.ErrnoException) => {
        const refusal = refusalOf(error, this.#server, { isShaken });
        this.#observe(
          refusal === undefined ? { kind: 'failed' } : { kind: 'refused', error: refusal },
        );
        reject(error);
        socket.destroy(); // or the library goes on making calls on it
      });
      secure.once('close', () => {
        clearTimeout(timer);
        closed.resolve();
        reject(new Error('closed during the handshake'));
      });
    });
  }

  #mismatch(raw: Buffer): SottoError | undefined {
    try {
      new Pinned(this.#server.kind, [this.#server]).identify(raw);
      return undefined;
    } catch (error) {
      return error as SottoError;
    }
  }
}

/** Node's names for a certificate that does not hold, and OpenSSL's for a handshake that cannot. */
const REFUSED =
  /^(ERR_SSL_|ERR_TLS_|CERT_|DEPTH_ZERO_|SELF_SIGNED|UNABLE_TO_|INVALID_|ERROR_IN_CERT|HOSTNAME_MISMATCH)/;

/**
 * What a server says of a client's certificate comes after the client's own handshake. Anything else
 * by then is a record that was damaged on its way.
 */
const OF_CERTIFICATE = /CERTIFICATE|UNKNOWN_CA|ACCESS_DENIED/;

/** Undefined when the network failed, not the handshake. */
function refusalOf(
  error: NodeJS.ErrnoException,
  server: Identity,
  { isShaken }: { readonly isShaken: boolean },
): SottoError | undefined {
  const facts = { peer: server.name, reason: error.code ?? 'certificate' };
  if (error instanceof SottoError) {
    return new SottoError('unauthenticated', error.message, { ...error.facts, peer: server.name });
  }
  if (error.code === undefined || !REFUSED.test(error.code)) return undefined;
  if (isShaken && !OF_CERTIFICATE.test(error.code)) return undefined;
  const message = error.code.includes('ALERT')
    ? 'the other side refused our certificate or our version of TLS'
    : 'the other side did not show the certificate that is pinned for it';
  return new SottoError('unauthenticated', message, facts, { cause: error });
}
