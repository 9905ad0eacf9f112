/**
 * Goal: a peer with a good certificate and bad manners, or a bad network, costs one conversation at most.
 * Method: its side is played by hand, message by message; afterwards an honest conversation still works.
 */
import { once } from 'node:events';
import { connect } from 'node:net';
import { create, fromBinary } from '@bufbuild/protobuf';
import type { Client } from '@grpc/grpc-js';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { SottoError } from '../../src/base/errors.ts';
import type { LogEvent } from '../../src/base/events.ts';
import { MAX_FRAME_BYTES, type Transport } from '../../src/channel/transport.ts';
import { LinkRequestSchema, LinkResponseSchema } from '../../src/gen/sotto/peer/v1/peer_pb.ts';
import { Pinned, PinnedServerCredentials } from '../../src/rpc/credentials.ts';
import { Dial } from '../../src/rpc/dial.ts';
import { encodeFrame } from '../../src/rpc/frame-codec.ts';
import { DEFAULT_RPC_LIMITS, serverOptions } from '../../src/rpc/limits.ts';
import { patience } from '../../src/rpc/patience.ts';
import {
  converse,
  headers,
  LINK,
  PEER_SERVICE,
  PEER_VERSION,
} from '../../src/rpc/peer-protocol.ts';
import type { OpenPeers } from '../../src/rpc/peers.ts';
import { GrpcServer } from '../../src/rpc/server.ts';
import { fromStatus } from '../../src/rpc/status.ts';
import { flawed, type KeyFolder, keyFolder } from '../support/certificates.ts';
import { codeOf, conversation, dialAs, echo, listenAs, QUICK, soon } from '../support/peer-pair.ts';
import { TcpProxy } from '../support/proxy.ts';

const limits = { ...DEFAULT_RPC_LIMITS, ...QUICK, handshakeMs: 300 };
/** The hand-written side sends what it likes. */
const sizes = { sent: -1, received: -1 };
let keys: KeyFolder;
let bank: OpenPeers;
let heard: Promise<Transport>;
let dial: Dial;
let client: Client;

beforeAll(async () => {
  keys = await keyFolder();
});
afterAll(() => keys[Symbol.asyncDispose]());

beforeEach(async () => {
  bank = await listenAs(keys, { limits }, ['data', 'shop']);
  const { promise, resolve } = Promise.withResolvers<Transport>();
  heard = promise;
  bank.serve(async (peer, transport) => {
    if (peer === 'shop') return await echo(peer, transport);
    resolve(transport);
    await new Promise(() => undefined); // the test reads
  });
  dial = await dialByHand('data');
  client = await connectByHand(dial);
});

async function dialByHand(name: string): Promise<Dial> {
  const [own, peer] = [await keys.party(name), (await keys.party('bank')).public];
  return new Dial({ own, peer, address: bank.address!, limits, sizes });
}

async function connectByHand(of: Dial): Promise<Client> {
  using wait = patience(10_000, soon(), new SottoError('peer-unavailable', 'no answer'));
  return await of.connect(wait);
}

afterEach(async () => {
  dial.close();
  await using shop = await dialAs('shop', keys, bank.address!);
  const transport = await shop.open('bank', soon());
  await transport.write(Uint8Array.of(1));
  expect(await transport.read()).toHaveLength(1);
  await transport.close();
  await bank[Symbol.asyncDispose]();
});

/** Writes one message by hand; the code with which the listener's reading fails. */
async function refusedAfter(message: Buffer): Promise<string> {
  const call = converse(client, headers(), {});
  call.on('error', () => undefined);
  call.write(message);
  return await codeOf((await heard).read());
}

/** The code of a refusal. */
async function answerTo(call: ReturnType<typeof converse>): Promise<string> {
  return await once(call, 'metadata').then(
    () => 'admitted',
    (error) => fromStatus(error, 'peer').code,
  );
}

test('bytes that are no frame message are a protocol violation', async () => {
  expect(await refusedAfter(Buffer.from('GET / HTTP/1.1'))).toBe('protocol-violation');
});

test('a frame message with another field behind it is a protocol violation', async () => {
  const extra = Buffer.concat([encodeFrame(Uint8Array.of(1)), Buffer.of(0x10, 1)]);
  expect(await refusedAfter(extra)).toBe('protocol-violation');
});

test('a frame above 1 MiB is a protocol violation', async () => {
  expect(await refusedAfter(encodeFrame(new Uint8Array(MAX_FRAME_BYTES + 1)))).toBe(
    'protocol-violation',
  );
});

test('a message of 16 MiB ends the call before it is gathered', async () => {
  const frame = encodeFrame(new Uint8Array(16 << 20));
  expect(await refusedAfter(frame)).toBe('peer-unavailable');
});

test('a conversation that nobody asked for is refused', async () => {
  const call = converse(client, headers('11111111-2222-3333-4444-555555555555'), {});
  expect(await answerTo(call)).toBe('not-found');
});

test('a conversation that was asked of one peer is not given to another', async () => {
  const byHand = await dialByHand('shop');
  const shop = await connectByHand(byHand);
  const link = shop.makeBidiStreamRequest(
    LINK.path,
    LINK.requestSerialize,
    LINK.responseDeserialize,
    headers(),
  );
  link.on('error', () => undefined);
  link.write(create(LinkRequestSchema, { version: PEER_VERSION }));
  const opening = bank.open('shop', soon());
  const [, wish] = [await once(link, 'data'), await once(link, 'data')];
  const { conversationId } = fromBinary(LinkResponseSchema, wish[0] as Buffer);
  const stolen = converse(client, headers(conversationId), {});
  expect(await answerTo(stolen)).toBe('not-found');
  const own = converse(shop, headers(conversationId), {});
  own.on('error', () => undefined);
  own.write(encodeFrame(Uint8Array.of(3)));
  expect(await (await opening).read()).toEqual(Uint8Array.of(3));
  byHand.close();
});

test('a call that is cancelled in the middle of a frame breaks its conversation only', async () => {
  const call = converse(client, headers(), {});
  call.on('error', () => undefined);
  await once(call, 'metadata');
  const transport = await heard;
  call.cancel();
  expect(await codeOf(transport.read())).toBe('peer-unavailable');
});

test('a connection that never begins TLS is cut', async () => {
  const [host, port] = bank.address!.split(':');
  const socket = connect({ host: host!, port: Number(port) });
  socket.on('error', () => undefined);
  socket.resume();
  const closed = once(socket, 'close', { signal: AbortSignal.timeout(10_000) });
  await expect(closed).resolves.toEqual([false]);
});

test('a network that swallows everything is noticed, at both ends', async () => {
  const alive = { ...QUICK, keepaliveMs: 100, keepaliveTimeoutMs: 200 };
  await using listener = await listenAs(keys, { limits: alive });
  await using link = await TcpProxy.open({ target: listener.address! });
  await using data = await dialAs('data', keys, link.address, { limits: alive });
  const [from, to] = await conversation(data, listener, 'bank');
  const reading = [codeOf(from.read()), codeOf(to.read())];
  link.blackhole();
  expect(await Promise.all(reading)).toEqual(['peer-unavailable', 'peer-unavailable']);
});

test('a refused dialer asks once for each conversation, and never by itself', async () => {
  await using link = await TcpProxy.open({ target: bank.address! });
  const events: LogEvent[] = [];
  const other = (await flawed({ name: 'bank' })).public;
  const { signingKey, fingerprint } = (await keys.party('bank')).public;
  await using data = await dialAs('data', keys, link.address, {
    peers: [{ name: 'bank', public: { ...other, signingKey, fingerprint }, address: link.address }],
    log: (event) => events.push(event),
  });
  await expect.poll(() => events.length).toBe(1); // the link is given up
  const before = link.connections;
  for (let attempts = 1; attempts <= 3; attempts++) {
    expect(await codeOf(data.open('bank', soon()))).toBe('unauthenticated');
    expect(link.connections).toBe(before + attempts);
  }
  expect(events).toHaveLength(1);
});

test('a listener of another version is refused, naming both', async () => {
  const pinned = new Pinned('party', [(await keys.party('data')).public]);
  const old = await GrpcServer.open({
    listen: '127.0.0.1:0',
    credentials: new PinnedServerCredentials(await keys.party('bank'), pinned, 1_000),
    options: serverOptions(limits, { sent: 1 << 20, received: 1 << 20 }),
    connections: 10,
    connectionsPerCaller: 10,
    handshakesPerAddress: 10,
    refused: () => undefined,
    register: (server) =>
      server.addService(PEER_SERVICE, {
        link: () => undefined,
        converse: (call: { sendMetadata(metadata: unknown): void }) => {
          const metadata = headers();
          metadata.set('sotto-version', 'v0');
          call.sendMetadata(metadata);
        },
      }),
  });
  await using data = await dialAs('data', keys, old.address);
  await expect(data.open('bank', soon())).rejects.toMatchObject({
    code: 'parameters-rejected',
    facts: { field: 'version', dialer: 'v1', listener: 'v0' },
  });
  await old.close(0);
});
