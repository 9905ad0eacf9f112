/** An HTTP/2 client that writes frames by hand (RFC 9113 §4.1): what no library would send. */
import { once } from 'node:events';
import { connect, type TLSSocket } from 'node:tls';
import type { OwnTls } from '../../src/rpc/credentials.ts';

export const FRAME = {
  headers: 1,
  priority: 2,
  reset: 3,
  settings: 4,
  ping: 6,
  goaway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const;
export const END_HEADERS = 4;

export function frame(
  type: keyof typeof FRAME,
  { flags = 0, stream = 0, body = Buffer.alloc(0) as Uint8Array } = {},
): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(body.length, 0, 3);
  head.writeUInt8(FRAME[type], 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, body]);
}

/** A literal field without indexing (RFC 7541 §6.2.2), for texts below 127 bytes. */
const field = (name: string, value: string): Buffer =>
  Buffer.concat([
    Buffer.of(0, name.length),
    Buffer.from(name),
    Buffer.of(value.length),
    Buffer.from(value),
  ]);

/** The header block of a gRPC call, and what is added to it. */
export const callHeaders = (
  path: string,
  more: readonly (readonly [string, string])[] = [],
): Buffer =>
  Buffer.concat(
    [
      [':method', 'POST'],
      [':scheme', 'https'],
      [':path', path],
      [':authority', 'peer'],
      ['content-type', 'application/grpc'],
      ['te', 'trailers'],
      ['sotto-version', 'v1'],
      ...more,
    ].map(([name, value]) => field(name!, value!)),
  );

export interface RawClient {
  readonly socket: TLSSocket;
  /** Writes; resolves when the kernel or our own buffer has it. */
  write(bytes: Uint8Array): Promise<void>;
  /** Resolves when the server has hung up. */
  readonly closed: Promise<void>;
  /** Frames received of a type. */
  count(type: keyof typeof FRAME): number;
}

const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';

/** Shakes hands with a good certificate; `begin: false` leaves even the preface out. */
export async function rawClient(
  own: OwnTls,
  server: string,
  address: string,
  { begin = true, read = true } = {},
): Promise<RawClient> {
  const [host, port] = address.split(':');
  const socket = connect({
    host: host!,
    port: Number(port),
    ca: [server],
    cert: own.public.pem,
    key: own.tlsKey,
    ALPNProtocols: ['h2'],
    checkServerIdentity: () => undefined,
  });
  socket.on('error', () => undefined);
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  await Promise.race([once(socket, 'secureConnect'), closed]);
  const counts = new Map<number, number>();
  let rest = Buffer.alloc(0);
  if (read) {
    socket.on('data', (chunk: Buffer) => {
      rest = Buffer.concat([rest, chunk]);
      while (rest.length >= 9 && rest.length >= 9 + rest.readUIntBE(0, 3)) {
        const type = rest[3]!;
        counts.set(type, (counts.get(type) ?? 0) + 1);
        rest = rest.subarray(9 + rest.readUIntBE(0, 3));
      }
    });
  } else socket.pause();
  if (begin) socket.write(Buffer.concat([Buffer.from(PREFACE), frame('settings')]));
  return {
    socket,
    closed,
    write: (bytes) =>
      new Promise((resolve) => {
        if (socket.destroyed) resolve();
        else socket.write(bytes, () => resolve());
      }),
    count: (type) => counts.get(FRAME[type]) ?? 0,
  };
}
