/** Goal: conversations between two workers behave as `Transport` promises. Method: both ends over real sockets and TLS. */
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { equalBytes } from '../../src/base/bytes.ts';
import type { LogEvent } from '../../src/base/events.ts';
import { MAX_FRAME_BYTES } from '../../src/channel/transport.ts';
import { WINDOW_BYTES } from '../../src/rpc/limits.ts';
import { openPeers } from '../../src/rpc/peers.ts';
import { type KeyFolder, keyFolder } from '../support/certificates.ts';
import {
  codeOf,
  conversation,
  dialAs,
  echo,
  listenAs,
  pairOf,
  QUICK,
  soon,
} from '../support/peer-pair.ts';
import { TcpProxy } from '../support/proxy.ts';

let keys: KeyFolder;
beforeAll(async () => {
  keys = await keyFolder();
});
afterAll(() => keys[Symbol.asyncDispose]());

for (const way of ['the dialer', 'the listener'] as const) {
  describe(`a conversation that ${way} opens`, () => {
    test('carries frames of any length both ways, unchanged and in order', async () => {
      await using pair = await pairOf(keys);
      const [opener, answerer, peer] =
        way === 'the dialer'
          ? ([pair.data, pair.bank, 'bank'] as const)
          : ([pair.bank, pair.data, 'data'] as const);
      answerer.serve(echo);
      const transport = await opener.open(peer, soon());
      const frames = [0, 1, 2, 127, 128, 129, 16_384, 70_000, MAX_FRAME_BYTES].map((length) =>
        randomBytes(length),
      );
      for (const frame of frames) await transport.write(frame);
      for (const frame of frames) {
        expect(equalBytes((await transport.read()) ?? randomBytes(3), frame)).toBe(true);
      }
      await transport.close();
      expect(await transport.read()).toBeUndefined();
    });

    for (const closer of ['opener', 'answerer'] as const) {
      test(`ends in order at the other end when its ${closer} closes`, async () => {
        await using pair = await pairOf(keys);
        const ends =
          way === 'the dialer'
            ? await conversation(pair.data, pair.bank, 'bank')
            : await conversation(pair.bank, pair.data, 'data');
        const [one, other] = closer === 'opener' ? ends : [ends[1], ends[0]];
        await one.write(randomBytes(10));
        await one.close();
        expect(await one.read()).toBeUndefined();
        expect(await other.read()).toHaveLength(10);
        expect(await other.read()).toBeUndefined();
        await other.close();
      });
    }
  });
}

test('a frame may be changed by its owner as soon as write has resolved', async () => {
  await using pair = await pairOf(keys);
  const [from, to] = await conversation(pair.data, pair.bank, 'bank');
  const frame = new Uint8Array(100_000);
  for (let i = 1; i <= 8; i++) {
    frame.fill(i);
    await from.write(frame);
  }
  frame.fill(0);
  for (let i = 1; i <= 8; i++) expect((await to.read())?.every((byte) => byte === i)).toBe(true);
});

test('conversations at once do not mix, and each names its peer', async () => {
  await using bank = await listenAs(keys, {}, ['data', 'shop']);
  await using data = await dialAs('data', keys, bank.address!);
  await using shop = await dialAs('shop', keys, bank.address!);
  bank.serve(async (peer, transport) => {
    await transport.write(Buffer.from(peer));
    await echo(peer, transport);
  });
  const heard = await Promise.all(
    [data, shop, data, shop].map(async (opener, i) => {
      const transport = await opener.open('bank', soon());
      await transport.write(Uint8Array.of(i));
      const said = [await transport.read(), await transport.read()];
      await transport.close();
      return [Buffer.from(said[0]!).toString(), said[1]![0]];
    }),
  );
  expect(heard).toEqual([
    ['data', 0],
    ['shop', 1],
    ['data', 2],
    ['shop', 3],
  ]);
});

test('a writer that is ahead of its reader loses nothing', async () => {
  await using pair = await pairOf(keys);
  const [from, to] = await conversation(pair.data, pair.bank, 'bank');
  const { promise: ahead, resolve } = Promise.withResolvers<void>();
  const writing = (async () => {
    for (let i = 0; i < 64; i++) {
      await from.write(new Uint8Array(MAX_FRAME_BYTES).fill(i));
      if (i === 12) resolve(); // more than the window holds
    }
  })();
  await ahead;
  for (let i = 0; i < 64; i++) expect((await to.read())?.[MAX_FRAME_BYTES - 1]).toBe(i);
  await writing;
});

test('a peer that never reads is given up, after a bounded number of frames', async () => {
  await using pair = await pairOf(keys, { stallMs: 300 });
  const [from] = await conversation(pair.data, pair.bank, 'bank');
  const frame = new Uint8Array(MAX_FRAME_BYTES);
  let written = 0;
  const writing = (async () => {
    for (; ; written++) await from.write(frame);
  })();
  expect(await codeOf(writing)).toBe('deadline-exceeded');
  expect(written).toBeLessThan(48); // window, the streams' buffers, our queue
});

test('a frame above 1 MiB is refused where it is written', async () => {
  await using pair = await pairOf(keys);
  const [from, to] = await conversation(pair.data, pair.bank, 'bank');
  expect(await codeOf(from.write(new Uint8Array(MAX_FRAME_BYTES + 1)))).toBe('invalid-argument');
  await from.write(Uint8Array.of(1)); // and the conversation goes on
  expect(await to.read()).toHaveLength(1);
});

test('both ends of a connection receive through windows of 8 MiB', async () => {
  await using pair = await pairOf(keys);
  await conversation(pair.data, pair.bank, 'bank');
  expect(pair.bank.windows).toEqual([{ connection: WINDOW_BYTES, stream: WINDOW_BYTES }]);
});

test('more conversations of one peer than the limit are refused, and those that run are not disturbed', async () => {
  await using pair = await pairOf(keys, { conversationsPerPeer: 2 });
  pair.bank.serve(echo);
  const first = await pair.data.open('bank', soon());
  await pair.data.open('bank', soon());
  expect(await codeOf(pair.data.open('bank', soon()))).toBe('budget-exhausted');
  await first.write(Uint8Array.of(7));
  expect((await first.read())?.[0]).toBe(7);
});

test('a peer that is down is peer-unavailable within the patience of one attempt', async () => {
  const bank = await listenAs(keys);
  const address = bank.address!;
  await bank[Symbol.asyncDispose]();
  await using data = await dialAs('data', keys, address, { limits: { ...QUICK, connectMs: 500 } });
  expect(await codeOf(data.open('bank', soon()))).toBe('peer-unavailable');
  await using lonely = await listenAs(keys, { limits: { ...QUICK, connectMs: 500 } });
  expect(await codeOf(lonely.open('data', soon()))).toBe('peer-unavailable');
});

test('an aborted open ends at once with the reason', async () => {
  await using bank = await listenAs(keys);
  const controller = new AbortController();
  const opening = bank.open('data', controller.signal);
  controller.abort();
  expect(await codeOf(opening)).toBe('cancelled');
});

test('a cut connection breaks its conversations, and the link comes back by itself', async () => {
  await using bank = await listenAs(keys);
  await using proxy = await TcpProxy.open({ target: bank.address! });
  await using data = await dialAs('data', keys, proxy.address);
  data.serve(echo);
  const [from, to] = await conversation(data, bank, 'bank');
  const reading = [codeOf(from.read()), codeOf(to.read())];
  proxy.reset();
  expect(await Promise.all(reading)).toEqual(['peer-unavailable', 'peer-unavailable']);
  const again = await bank.open('data', soon());
  await again.write(Uint8Array.of(1));
  expect(await again.read()).toHaveLength(1);
});

test('after a restart of the listener both directions work again', async () => {
  const first = await listenAs(keys);
  const address = first.address!;
  await using data = await dialAs('data', keys, address);
  data.serve(echo);
  await (await first.open('data', soon())).close();
  await first[Symbol.asyncDispose]();
  await using second = await listenAs(keys, { listen: address });
  second.serve(echo);
  for (const [opener, peer] of [
    [second, 'data'],
    [data, 'bank'],
  ] as const) {
    const transport = await opener.open(peer, soon());
    await transport.write(Uint8Array.of(5));
    expect(await transport.read()).toHaveLength(1);
    await transport.close();
  }
});

test('disposing lets a conversation finish, refuses new ones, and ends by force after the limit', async () => {
  await using pair = await pairOf(keys, { drainMs: 400 });
  const [from, to] = await conversation(pair.data, pair.bank, 'bank');
  const closing = pair.bank[Symbol.asyncDispose]();
  expect(await codeOf(pair.bank.open('data', soon()))).toBe('cancelled');
  await from.write(Uint8Array.of(9));
  expect(await to.read()).toHaveLength(1); // still open
  const broken = codeOf(from.read());
  await closing;
  expect(await broken).not.toBe('no error');
});

test('a peer that nobody can dial, or whose file is another party’s, is refused at start', async () => {
  const [bank, data] = await Promise.all([keys.party('bank'), keys.party('data')]);
  const nobody = openPeers({ keys: bank, peers: [{ name: 'data', public: data.public }] });
  expect(await codeOf(nobody)).toBe('invalid-argument');
  const other = openPeers({
    keys: bank,
    listen: '127.0.0.1:0',
    peers: [{ name: 'shop', public: data.public }],
  });
  expect(await codeOf(other)).toBe('invalid-argument');
  await using listening = await listenAs(keys);
  expect(await codeOf(listening.open('shop', soon()))).toBe('not-found');
});

test('a handler that fails ends its conversation and nothing else', async () => {
  const events: LogEvent[] = [];
  await using bank = await listenAs(keys, { log: (event) => events.push(event) });
  await using data = await dialAs('data', keys, bank.address!);
  bank.serve(() => Promise.reject(new TypeError('of our own making')));
  const transport = await data.open('bank', soon());
  expect(await transport.read()).toBeUndefined();
  expect(events).toContainEqual({ event: 'failed-internally', where: 'conversation' });
  bank.serve(echo);
  const next = await data.open('bank', soon());
  await next.write(Uint8Array.of(1));
  expect(await next.read()).toHaveLength(1);
});
