/**
 * Goal: whoever has a good certificate and floods, stalls or hoards loses his connection, and nobody else notices.
 * Method: frames written by hand over TLS, one attack a test; after each an honest peer still gets its answer.
 */
import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { DEFAULT_RPC_LIMITS, MAX_STREAMS } from '../../src/rpc/limits.ts';
import { CONVERSE } from '../../src/rpc/peer-protocol.ts';
import type { OpenPeers } from '../../src/rpc/peers.ts';
import { type KeyFolder, keyFolder } from '../support/certificates.ts';
import { dialAs, echo, listenAs, QUICK, soon } from '../support/peer-pair.ts';
import {
  callHeaders,
  END_HEADERS,
  frame,
  type RawClient,
  rawClient,
} from '../support/raw-http2.ts';

let keys: KeyFolder;
let bank: OpenPeers;
const limits = {
  ...QUICK,
  handshakeMs: 500,
  connections: 8,
  connectionsPerCaller: 4,
  keepaliveMs: 200,
  keepaliveTimeoutMs: 300,
};

beforeAll(async () => {
  keys = await keyFolder();
});
afterAll(() => keys[Symbol.asyncDispose]());

beforeEach(async () => {
  bank = await listenAs(keys, { limits }, ['data', 'shop']);
  bank.serve(echo);
});

/** Another peer is served as if nothing had been. */
afterEach(async () => {
  {
    await using shop = await dialAs('shop', keys, bank.address!);
    const transport = await shop.open('bank', soon());
    await transport.write(Uint8Array.of(1));
    expect(await transport.read()).toHaveLength(1);
    await transport.close();
  }
  await bank[Symbol.asyncDispose]();
});

async function attacker(how: { begin?: boolean; read?: boolean } = {}): Promise<RawClient> {
  const [own, peer] = [await keys.party('data'), await keys.party('bank')];
  return await rawClient(own, peer.public.pem, bank.address!, how);
}

/** Repeats a burst until the server hangs up; how often it was written. */
async function flood(client: RawClient, burst: (round: number) => Buffer): Promise<number> {
  let rounds = 0;
  for (; rounds < 2_000 && !client.socket.destroyed; rounds++) {
    await Promise.race([client.write(burst(rounds)), client.closed]);
  }
  await client.closed;
  return rounds;
}

const PER_BURST = 500;
const many = (one: (index: number) => Buffer): Buffer =>
  Buffer.concat(Array.from({ length: PER_BURST }, (_, index) => one(index)));
/** Streams of a client have odd numbers. */
const streamAt = (index: number): number => 2 * index + 1;
const converse = (index: number, more: readonly (readonly [string, string])[] = []): Buffer =>
  frame('headers', {
    flags: END_HEADERS,
    stream: streamAt(index),
    body: callHeaders(CONVERSE.path, more),
  });

describe('a flood ends its own connection:', () => {
  const CANCEL = Buffer.of(0, 0, 0, 8);
  const floods: Readonly<Record<string, (round: number) => Buffer>> = {
    'streams that are reset as soon as they are opened': (round) =>
      many((index) => {
        const at = round * PER_BURST + index;
        return Buffer.concat([
          converse(at),
          frame('reset', { stream: streamAt(at), body: CANCEL }),
        ]);
      }),
    'CONTINUATION frames of a header that never ends': (round) =>
      Buffer.concat([
        ...(round === 0 ? [frame('headers', { stream: 1, body: callHeaders(CONVERSE.path) })] : []),
        many(() => frame('continuation', { stream: 1, body: callHeaders(CONVERSE.path) })),
      ]),
  };
  for (const [name, burst] of Object.entries(floods)) {
    test(name, async () => {
      const before = process.memoryUsage().rss;
      expect(await flood(await attacker(), burst)).toBeLessThan(100);
      expect(process.memoryUsage().rss - before).toBeLessThan(100 << 20);
    });
  }

  test.each([
    ['PING', () => frame('ping', { body: Buffer.alloc(8) })],
    ['SETTINGS', () => frame('settings')],
  ])('%s frames whose answers are never read', async (_, one) => {
    const before = process.memoryUsage().rss;
    expect(await flood(await attacker({ read: false }), () => many(one))).toBeLessThan(1_000);
    expect(process.memoryUsage().rss - before).toBeLessThan(100 << 20);
  });
});

test('of 10,000 streams that say nothing few are admitted, and the rest cost nothing', async () => {
  const client = await attacker();
  const before = process.memoryUsage().rss;
  for (let at = 0; at < 10_000; at += PER_BURST) {
    await Promise.race([client.write(many((index) => converse(at + index))), client.closed]);
  }
  const refused = (): number => client.count('reset') + client.count('headers');
  const most = DEFAULT_RPC_LIMITS.conversationsPerPeer;
  // Each is answered by an error or a reset, but for those that became conversations.
  await expect
    .poll(() => client.socket.destroyed || refused() >= 10_000 - MAX_STREAMS - most, {
      timeout: 15_000,
    })
    .toBe(true);
  expect(process.memoryUsage().rss - before).toBeLessThan(150 << 20);
  client.socket.destroy();
});

test('a call with more header fields than any of ours is refused', async () => {
  const client = await attacker();
  // Node admits 128 by itself.
  const bomb = Array.from({ length: 100 }, (_, index) => [`x-${index}`, 'y'] as const);
  await client.write(converse(0, bomb));
  await expect.poll(() => client.socket.destroyed || client.count('reset') > 0).toBe(true);
  expect(client.count('headers')).toBe(0);
  client.socket.destroy();
});

describe('a connection is cut that', () => {
  test('never speaks HTTP/2 after its handshake', async () => {
    const client = await attacker({ begin: false });
    await client.closed;
  });

  test('dribbles a header, byte by byte', async () => {
    const client = await attacker();
    const slow = setInterval(() => void client.write(Buffer.of(0)), 50);
    await client.closed;
    clearInterval(slow);
  });

  test('answers no sign of life', async () => {
    const client = await attacker();
    await client.write(converse(0));
    await client.closed;
  });
});

test('one peer does not get more connections than its share', async () => {
  const clients = await Promise.all(Array.from({ length: 6 }, () => attacker()));
  const refused = await Promise.all(
    clients.map((client) =>
      Promise.race([
        client.closed.then(() => 1),
        client.write(converse(0)).then(() => soonOpen(client)),
      ]),
    ),
  );
  expect(refused.reduce<number>((sum, each) => sum + each, 0)).toBeGreaterThanOrEqual(2);
  for (const { socket } of clients) socket.destroy();
});

/** 0 as soon as the server has said something to the call; 1 when it hangs up instead. */
async function soonOpen(client: RawClient): Promise<0 | 1> {
  await expect.poll(() => client.socket.destroyed || client.count('headers') > 0).toBe(true);
  return client.count('headers') > 0 ? 0 : 1;
}

test.each([
  ['the limit of a port', { handshakesPerAddress: 100 }, limits.connections],
  ["an address's handshakes", { handshakesPerAddress: 5 }, 5],
])('connections beyond %s are closed, and those within it stay', async (_, changed, most) => {
  const patience = { ...limits, ...changed, handshakeMs: 60_000 };
  await using patient = await listenAs(keys, { limits: patience });
  const [host, port] = patient.address!.split(':');
  const sockets = Array.from({ length: most + 3 }, () => {
    const socket = connect({ host: host!, port: Number(port) });
    return socket.on('error', () => undefined).resume();
  });
  const late = AbortSignal.timeout(10_000);
  const [within, beyond] = [sockets.slice(0, most), sockets.slice(most)];
  await Promise.all(beyond.map((socket) => once(socket, 'close', { signal: late })));
  expect(within.filter(({ closed }) => closed)).toEqual([]);
  for (const socket of within) socket.destroy();
});

test('whoever has shown a certificate, or has left, counts among the handshakes no more', async () => {
  const patience = { ...limits, handshakesPerAddress: 2, handshakeMs: 60_000 };
  await using patient = await listenAs(keys, { limits: patience }, ['data', 'shop']);
  patient.serve(echo);
  const [host, port] = patient.address!.split(':');
  for (let round = 0; round < 3; round += 1) {
    const silent = connect({ host: host!, port: Number(port) });
    await once(silent, 'connect');
    await using data = await dialAs('data', keys, patient.address!);
    await using shop = await dialAs('shop', keys, patient.address!);
    for (const peer of [data, shop]) {
      const transport = await peer.open('bank', soon());
      await transport.write(Uint8Array.of(round));
      expect(await transport.read()).toHaveLength(1);
      await transport.close();
    }
    silent.destroy();
    await once(silent, 'close');
  }
});
