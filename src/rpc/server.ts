/** A listening gRPC port with everything bounded: windows raised, connections counted, shutdown that ends. */
import type { Http2SecureServer, ServerHttp2Session } from 'node:http2';
import type { TLSSocket } from 'node:tls';
import { Server, type ServerCredentials, type ServerOptions } from '@grpc/grpc-js';
import { SottoError } from '../base/errors.ts';
import { Handshakes } from './handshakes.ts';
import { WINDOW_BYTES } from './limits.ts';

export interface ServerParts {
  /** "host:port"; port 0 takes any free one. */
  readonly listen: string;
  readonly credentials: ServerCredentials;
  readonly options: ServerOptions;
  /** Connections at a time, handshakes included. */
  readonly connections: number;
  /** Of one certificate. */
  readonly connectionsPerCaller: number;
  /** Whose handshake is under way, of one address. */
  readonly handshakesPerAddress: number;
  /** A handshake failed: somebody unknown, expired, or no TLS at all. */
  readonly refused: () => void;
  readonly register: (server: Server) => void;
}

export class GrpcServer {
  readonly #server: Server;
  readonly #sessions = new Set<ServerHttp2Session>();
  /** "host:port" as it was bound. */
  readonly address: string;

  private constructor(server: Server, address: string) {
    this.#server = server;
    this.address = address;
  }

  static async open(parts: ServerParts): Promise<GrpcServer> {
    const { host } = splitAddress(parts.listen);
    const server = new Server(parts.options);
    parts.register(server);
    const port = await bind(server, parts.listen, parts.credentials);
    const opened = new GrpcServer(server, `${host}:${port}`);
    for (const http2 of http2ServersOf(server)) opened.#bound(http2, parts);
    return opened;
  }

  #bound(http2: Http2SecureServer, parts: ServerParts): void {
    http2.maxConnections = parts.connections;
    const handshakes = new Handshakes(parts.handshakesPerAddress);
    http2.on('connection', (socket) => handshakes.begun(socket));
    http2.on('tlsClientError', parts.refused);
    http2.on('secureConnection', rememberCertificate);
    http2.on('session', (session) => {
      handshakes.over(session.socket);
      // The settings raise each stream's window; the connection's own has no setting but this call.
      session.setLocalWindowSize(WINDOW_BYTES);
      if (this.#isHoarding(session, parts.connectionsPerCaller)) return void session.destroy();
      this.#sessions.add(session);
      session.once('close', () => this.#sessions.delete(session));
    });
  }

  /** One caller may not take the connections of all. */
  #isHoarding(session: ServerHttp2Session, most: number): boolean {
    const own = certificateOf(session)?.toString('latin1');
    if (own === undefined) return false;
    const same = [...this.#sessions].filter(
      (other) => certificateOf(other)?.toString('latin1') === own,
    );
    return same.length >= most;
  }

  /** Cuts the connections of whoever is not admitted any more. */
  cutUnless(admits: (certificate: Buffer | undefined) => boolean): void {
    for (const session of this.#sessions) if (!admits(certificateOf(session))) session.destroy();
  }

  /** For tests: the receive windows of the open connections, in bytes. */
  get windows(): { readonly connection: number; readonly stream: number }[] {
    return [...this.#sessions].map((session) => ({
      connection: session.state.effectiveLocalWindowSize ?? 0,
      stream: session.localSettings.initialWindowSize ?? 0,
    }));
  }

  /** No new calls; those that run may end within `drainMs`, then they are cut. */
  close(drainMs: number): Promise<void> {
    return new Promise((resolve) => {
      const cut = setTimeout(() => {
        for (const session of this.#sessions) session.destroy();
        this.#server.forceShutdown();
        // Not left to the library, which waits for ever for a session that was destroyed meanwhile.
        resolve();
      }, drainMs);
      this.#server.tryShutdown(() => {
        clearTimeout(cut);
        this.#server.forceShutdown(); // lets go of what it still counts
        resolve();
      });
    });
  }
}

/** Of the other end (DER); undefined without TLS, or once the connection is gone. */
const certificateOf = (session: ServerHttp2Session): Buffer | undefined =>
  (session.socket as Partial<TLSSocket> | undefined)?.getPeerCertificate?.()?.raw;

/**
 * A certificate is parsed anew each time that it is asked for, and the library asks on every call: half a millisecond.
 * Of a connection it cannot change, for TLS 1.3 has no second handshake.
 */
function rememberCertificate(socket: TLSSocket): void {
  const certificate = socket.getPeerCertificate();
  socket.getPeerCertificate = (() => certificate) as TLSSocket['getPeerCertificate'];
}

function bind(server: Server, listen: string, credentials: ServerCredentials): Promise<number> {
  return new Promise((resolve, reject) => {
    server.bindAsync(listen, credentials, (cause, port) => {
      if (cause === null) resolve(port);
      else {
        const facts = { field: 'listen', address: listen };
        reject(
          new SottoError('invalid-argument', 'cannot listen on this address', facts, { cause }),
        );
      }
    });
  });
}

/**
 * The library has no public way to its HTTP/2 servers, and no option for the connection's window.
 * Fails rather than run at 2 MB/s when another version keeps them elsewhere.
 */
function http2ServersOf(server: Server): Http2SecureServer[] {
  const { http2Servers } = server as unknown as { http2Servers?: Map<Http2SecureServer, unknown> };
  const found = http2Servers instanceof Map ? [...http2Servers.keys()] : [];
  if (found.length > 0) return found;
  throw new SottoError('internal', 'this version of grpc-js hides its HTTP/2 servers');
}

/** "host:port", with IPv6 in brackets. */
export function splitAddress(address: string): { readonly host: string; readonly port: number } {
  const match = /^(\[[0-9a-fA-F:.]+\]|[^\s:/[\]]+):(\d{1,5})$/.exec(address);
  const port = Number(match?.[2] ?? Number.NaN);
  if (match?.[1] !== undefined && port <= 65_535) return { host: match[1], port };
  throw new SottoError('invalid-argument', 'expected host:port', { field: 'address' });
}
