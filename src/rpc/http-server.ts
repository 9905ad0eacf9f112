/** An HTTP port for one's own company: on loopback in the clear, anywhere else for pinned operators over TLS 1.3. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { isIP } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { SottoError } from '../base/errors.ts';
import { Pinned } from './credentials.ts';
import type { OperatorPublic, PartyKeys } from './keys.ts';
import { DEFAULT_RPC_LIMITS } from './limits.ts';
import { splitAddress } from './server.ts';

/** Own keys and the pinned callers. */
export interface HttpTls {
  readonly keys: PartyKeys;
  readonly callers: readonly OperatorPublic[];
}

export interface HttpParts {
  /** "host:port"; port 0 takes any free one. */
  readonly listen: string;
  /** Absent: in the clear. */
  readonly tls?: HttpTls | undefined;
  /** Must answer, whatever happens. The caller is checked already. */
  readonly answer: (request: IncomingMessage, response: ServerResponse) => void;
  /** What the address is called in errors. */
  readonly field: string;
}

export interface OpenHttp {
  readonly address: string;
  close(): Promise<void>;
}

const REQUEST_TIMEOUT_MS = 30_000;

export async function openHttp({ listen, tls, answer, field }: HttpParts): Promise<OpenHttp> {
  if (tls === undefined) requireLoopback(listen, field);
  const server = tls === undefined ? createServer(answer) : tlsServer(tls, answer);
  server.requestTimeout = REQUEST_TIMEOUT_MS;
  server.headersTimeout = REQUEST_TIMEOUT_MS;
  server.maxConnections = DEFAULT_RPC_LIMITS.connections;
  const { host, port } = splitAddress(listen);
  await bound(server, port, host.replace(/^\[(.*)\]$/, '$1'), field);
  const address = server.address();
  return {
    address: `${host}:${typeof address === 'object' ? address?.port : port}`,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** @throws invalid-argument with `field` for an address that others can reach. */
export function requireLoopback(address: string, field: string): void {
  const { host } = splitAddress(address);
  const isLoopback =
    host === 'localhost' || host === '[::1]' || (isIP(host) === 4 && host.startsWith('127.'));
  if (isLoopback) return;
  const message = 'without TLS this port is for loopback only';
  throw new SottoError('invalid-argument', message, { field });
}

function tlsServer({ keys, callers }: HttpTls, answer: HttpParts['answer']): Server {
  const pinned = new Pinned('operator', callers);
  return createTlsServer(
    {
      minVersion: 'TLSv1.3',
      cert: keys.public.pem,
      key: keys.tlsKey,
      ca: pinned.roots,
      requestCert: true,
      rejectUnauthorized: true,
    },
    (request, response) => {
      // The handshake has checked it; on every request again, as everywhere.
      if (pinned.admits((request.socket as TLSSocket).getPeerCertificate().raw)) {
        answer(request, response);
      } else response.writeHead(401).end();
    },
  ) as unknown as Server;
}

function bound(server: Server, port: number, host: string, field: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause) => {
      const message = 'cannot listen on this address';
      reject(new SottoError('invalid-argument', message, { field, port }, { cause }));
    });
    server.listen(port, host, () => resolve());
  });
}
