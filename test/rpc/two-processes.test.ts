/** Goal: what holds inside one process holds between two. Method: the listener is forked, and killed. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type KeyFolder, keyFolder } from '../support/certificates.ts';
import { codeOf, dialAs, QUICK, soon } from '../support/peer-pair.ts';
import { startPeer } from '../support/peer-process.ts';
import { TcpProxy } from '../support/proxy.ts';

let keys: KeyFolder;
beforeAll(async () => {
  keys = await keyFolder();
  await Promise.all([keys.party('bank'), keys.party('data')]);
});
afterAll(() => keys[Symbol.asyncDispose]());

test('two processes converse over mutual TLS', async () => {
  await using peer = await startPeer(keys.folder);
  await using data = await dialAs('data', keys, peer.address);
  const transport = await data.open('bank', soon());
  await transport.write(Buffer.from('{}'));
  expect(Buffer.from((await transport.read())!).toString()).toBe('{}');
  await transport.close();
});

test('a peer that is killed in a conversation is unavailable, not waited for', async () => {
  await using peer = await startPeer(keys.folder);
  await using data = await dialAs('data', keys, peer.address, {
    limits: { ...QUICK, connectMs: 300 },
  });
  const transport = await data.open('bank', soon());
  const reading = codeOf(transport.read());
  await peer.kill();
  expect(await reading).toBe('peer-unavailable');
  expect(await codeOf(transport.write(Uint8Array.of(1)))).toBe('peer-unavailable');
  expect(await codeOf(data.open('bank', soon()))).toBe('peer-unavailable');
});

test('on a link of 30 ms more is on its way than the standard window of 64 KiB', async () => {
  // 8 MiB through 64 KiB windows take 128 round trips, 3.8 s; through ours one or two.
  await using peer = await startPeer(keys.folder);
  await using link = await TcpProxy.open({ target: peer.address, delayMs: 15 });
  await using data = await dialAs('data', keys, link.address);
  for (const way of ['up', 'down'] as const) {
    const transport = await data.open('bank', soon());
    const since = performance.now();
    await transport.write(Buffer.from(JSON.stringify({ way, frames: 8, bytes: 1 << 20 })));
    for (let i = 0; i < 8; i++) {
      if (way === 'up') await transport.write(new Uint8Array(1 << 20));
      else expect(await transport.read()).toHaveLength(1 << 20);
    }
    if (way === 'up') await transport.read();
    expect(performance.now() - since).toBeLessThan(2_500);
    await transport.close();
  }
});
