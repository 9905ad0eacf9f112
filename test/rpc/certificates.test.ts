/**
 * Goal: nobody but the configured peer gets a word in, and both sides say so in a way that ends retries.
 * Method: a real listener and real dialers, each wrong in one way; after each the right peer still gets through.
 */
import { once } from 'node:events';
import { connect as http2Connect } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { createServer as createTlsServer, connect as tlsConnect } from 'node:tls';
import {
  Client,
  credentials,
  Server,
  ServerCredentials,
  type ServerDuplexStream,
} from '@grpc/grpc-js';
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { SottoError } from '../../src/base/errors.ts';
import type { LogEvent } from '../../src/base/events.ts';
import type { Identity } from '../../src/rpc/certificate.ts';
import { type OwnTls, Pinned, PinnedServerCredentials } from '../../src/rpc/credentials.ts';
import { Dial } from '../../src/rpc/dial.ts';
import { DEFAULT_RPC_LIMITS, serverOptions } from '../../src/rpc/limits.ts';
import { patience } from '../../src/rpc/patience.ts';
import { converse, headers, PEER_SERVICE } from '../../src/rpc/peer-protocol.ts';
import type { OpenPeers } from '../../src/rpc/peers.ts';
import { GrpcServer } from '../../src/rpc/server.ts';
import { fromStatus } from '../../src/rpc/status.ts';
import {
  CLIENT_AUTH,
  flawed,
  type KeyFolder,
  keyFolder,
  SERVER_AUTH,
} from '../support/certificates.ts';
import { codeOf, dialAs, echo, listenAs, QUICK, soon } from '../support/peer-pair.ts';

let keys: KeyFolder;
beforeAll(async () => {
  keys = await keyFolder();
});
afterAll(() => keys[Symbol.asyncDispose]());

const limits = { ...DEFAULT_RPC_LIMITS, ...QUICK };

/** Tries to connect with those keys; the error, or undefined when it was let in. */
async function attempt(
  own: OwnTls,
  peer: Identity,
  address: string,
): Promise<SottoError | undefined> {
  const dial = new Dial({ own, peer, address, limits });
  using wait = patience(15_000, soon(), new SottoError('peer-unavailable', 'no answer'));
  try {
    const client = await dial.connect(wait);
    const call = converse(client, headers(), {});
    const answered = Promise.race([
      once(call, 'metadata').then(() => undefined),
      once(call, 'error').then(([error]) => error as Error),
    ]);
    call.once('error', () => undefined);
    const answer = await answered;
    call.cancel();
    return answer === undefined ? undefined : new SottoError('internal', String(answer));
  } catch (error) {
    return error as SottoError;
  } finally {
    dial.close();
  }
}

describe('a listener refuses a dialer', () => {
  let bank: OpenPeers;
  let opened: string[];
  let events: LogEvent[];
  beforeEach(async () => {
    opened = [];
    events = [];
    bank = await listenAs(keys, { log: (event) => events.push(event) });
    bank.serve(async (peer, transport) => {
      opened.push(peer);
      await echo(peer, transport);
    });
    return () => bank[Symbol.asyncDispose]();
  });

  /** The right peer still gets through, and it alone was ever heard. */
  async function stillServes(): Promise<void> {
    await using data = await dialAs('data', keys, bank.address!);
    const transport = await data.open('bank', soon());
    await transport.write(Uint8Array.of(1));
    expect(await transport.read()).toHaveLength(1);
    await transport.close();
    expect(opened).toEqual(['data']);
  }

  const wrong: Readonly<Record<string, () => Promise<OwnTls>>> = {
    'whose certificate has expired': async () => flawed({ fromDays: -9, untilDays: -1 }),
    'whose certificate is not yet valid': async () => flawed({ fromDays: 1 }),
    'with a certificate of its own making for the right name': async () => flawed({}),
    'with a certificate that the peer’s key signed': async () =>
      flawed({ issuer: await keys.party('data') }),
    'with a certificate that another party signed': async () =>
      flawed({ issuer: await keys.party('shop') }),
    'that is another party': () => keys.party('shop'),
    'that was a peer, but is no longer configured': () => keys.party('former'),
    'that is the listener itself': () => keys.party('bank'),
    'whose certificate is for servers only': async () => flawed({ usages: [SERVER_AUTH] }),
    'whose certificate names somebody else': async () => flawed({ uris: ['sotto:party:bank'] }),
  };
  for (const [flaw, own] of Object.entries(wrong)) {
    test(flaw, async () => {
      const error = await attempt(await own(), (await keys.party('bank')).public, bank.address!);
      expect(error?.code).toBe('unauthenticated');
      expect(opened).toEqual([]);
      await stillServes();
    });
  }

  test('without a certificate', async () => {
    const root = Buffer.from((await keys.party('bank')).public.pem);
    const secure = credentials.createSsl(root, null, null, {
      checkServerIdentity: () => undefined,
    });
    const client = new Client(bank.address!, secure);
    const call = converse(client, headers(), { deadline: Date.now() + 10_000 });
    const [error] = await once(call, 'error');
    expect(error.code).toBe(14);
    client.close();
    await expect
      .poll(() => events)
      .toContainEqual({
        event: 'conversation-refused',
        peer: 'unknown',
        code: 'unauthenticated',
      });
    await stillServes();
  });

  test('that speaks TLS 1.2, even with the right certificate', async () => {
    const data = await keys.party('data');
    const [host, port] = bank.address!.split(':');
    const socket = tlsConnect({
      host: host!,
      port: Number(port),
      minVersion: 'TLSv1.2',
      maxVersion: 'TLSv1.2',
      ca: [(await keys.party('bank')).public.pem],
      cert: data.public.pem,
      key: data.tlsKey,
      checkServerIdentity: () => undefined,
    });
    onTestFinished(() => void socket.destroy());
    await expect(once(socket, 'secureConnect')).rejects.toMatchObject({
      code: 'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION',
    });
    await stillServes();
  });

  test('that speaks no TLS at all', async () => {
    const session = http2Connect(`http://${bank.address}`);
    session.on('error', () => undefined);
    await once(session, 'close');
    await stillServes();
  });

  test('that runs another version, naming both', async () => {
    const data = await keys.party('data');
    const dial = new Dial({
      own: data,
      peer: (await keys.party('bank')).public,
      address: bank.address!,
      limits,
    });
    using wait = patience(10_000, soon(), new SottoError('peer-unavailable', 'no answer'));
    const metadata = headers();
    metadata.set('sotto-version', 'v0');
    const call = converse(await dial.connect(wait), metadata, {});
    const [error] = await once(call, 'error');
    const read = fromStatus(error, 'peer', { peer: 'bank' });
    expect(read.code).toBe('parameters-rejected');
    expect(read.facts).toEqual({ field: 'version', listener: 'v1', dialer: 'v0', peer: 'bank' });
    dial.close();
  });
});

describe('a dialer refuses a listener', () => {
  const welcome = (call: ServerDuplexStream<unknown, unknown>) => call.sendMetadata(headers());

  /** A listener with those keys that would let data in. */
  async function listener(own: OwnTls): Promise<GrpcServer> {
    const pinned = new Pinned('party', [(await keys.party('data')).public]);
    return await GrpcServer.open({
      listen: '127.0.0.1:0',
      credentials: new PinnedServerCredentials(own, pinned, 1_000),
      options: serverOptions(limits, { sent: 1 << 20, received: 1 << 20 }),
      connections: 10,
      connectionsPerCaller: 10,
      handshakesPerAddress: 10,
      refused: () => undefined,
      register: (server) => server.addService(PEER_SERVICE, { link: () => {}, converse: welcome }),
    });
  }

  const wrong: Readonly<Record<string, () => Promise<OwnTls>>> = {
    'that is another party': () => keys.party('shop'),
    'with a certificate of its own making for the right name': async () => flawed({ name: 'bank' }),
    'whose certificate has expired': async () =>
      flawed({ name: 'bank', fromDays: -9, untilDays: -1 }),
    'with a certificate that the peer’s key signed': async () =>
      flawed({ name: 'bank', issuer: await keys.party('bank') }),
    'that shows a client’s certificate': async () =>
      flawed({ name: 'bank', usages: [CLIENT_AUTH] }),
    'that is an operator': () => keys.operator('ann'),
  };
  for (const [flaw, own] of Object.entries(wrong)) {
    test(`${flaw}, at once and without asking again`, async () => {
      const server = await listener(await own());
      const events: LogEvent[] = [];
      await using data = await dialAs('data', keys, server.address, {
        log: (event) => events.push(event),
        limits: { ...QUICK, connectMs: 15_000 },
      });
      expect(await codeOf(data.open('bank', soon()))).toBe('unauthenticated');
      await expect
        .poll(() => events)
        .toContainEqual({
          event: 'conversation-refused',
          peer: 'bank',
          code: 'unauthenticated',
        });
      await server.close(0);
    });
  }

  test('a pinned certificate that is itself out of date or of the wrong kind is refused by TLS', async () => {
    for (const flaw of [
      { fromDays: -9, untilDays: -1 },
      { fromDays: 1 },
      { usages: [CLIENT_AUTH] },
    ]) {
      const own = await flawed({ name: 'bank', ...flaw });
      const server = await listener(own);
      const error = await attempt(await keys.party('data'), own.public, server.address);
      expect(error?.code).toBe('unauthenticated');
      await server.close(0);
    }
  });

  test('a pinned key under another name is refused', async () => {
    const own = await flawed({ name: 'bank', uris: ['sotto:party:shop'] });
    const server = await listener(own);
    const error = await attempt(await keys.party('data'), own.public, server.address);
    expect(error?.code).toBe('unauthenticated');
    await server.close(0);
  });

  test('that speaks TLS 1.2, even with the right certificate', async () => {
    const [data, bank] = await Promise.all([keys.party('data'), keys.party('bank')]);
    const server = createTlsServer({
      minVersion: 'TLSv1.2',
      maxVersion: 'TLSv1.2',
      ALPNProtocols: ['h2'],
      cert: bank.public.pem,
      key: bank.tlsKey,
    });
    const shaken: unknown[] = [];
    server.on('secureConnection', (socket) => {
      shaken.push(socket.getProtocol());
      socket.destroy();
    });
    server.listen(0, '127.0.0.1');
    onTestFinished(() => void server.close());
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const error = await attempt(data, bank.public, `127.0.0.1:${port}`);
    expect([error?.code, shaken]).toEqual(['unauthenticated', []]);
  });

  test('that speaks no TLS', async () => {
    const server = new Server();
    const port = await new Promise<number>((resolve) => {
      server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (_, bound) =>
        resolve(bound),
      );
    });
    const [data, bank] = await Promise.all([keys.party('data'), keys.party('bank')]);
    const error = await attempt(data, bank.public, `127.0.0.1:${port}`);
    expect(error?.code).toBe('unauthenticated');
    server.forceShutdown();
  });
});

test('two names with one key are refused before anybody connects', async () => {
  const data = (await keys.party('data')).public;
  expect(() => new Pinned('party', [data, { ...data, name: 'shop' }])).toThrow(/same key/);
});
