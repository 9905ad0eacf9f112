/**
 * Goal: certificates change and are taken back while workers run, and only the one concerned notices.
 * Method: two real networks; the listener or the dialer is told of other files, as a worker is by its watch.
 */
import { once } from 'node:events';
import { connect, type PeerCertificate, type TLSSocket } from 'node:tls';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Transport } from '../../src/channel/transport.ts';
import { initKeys, type PartyKeys, readPrivate } from '../../src/rpc/keys.ts';
import type { OpenPeers } from '../../src/rpc/peers.ts';
import { type KeyFolder, keyFolder } from '../support/certificates.ts';
import { codeOf, dialAs, echo, listenAs, soon } from '../support/peer-pair.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

let keys: KeyFolder;
beforeAll(async () => {
  keys = await keyFolder();
});
afterAll(() => keys[Symbol.asyncDispose]());

/** Other keys of a party of that name. */
async function renewed(name: string): Promise<PartyKeys> {
  const folder = temporaryFolder();
  await initKeys(name, folder);
  return await readPrivate(folder, name);
}

async function answers(transport: Transport): Promise<boolean> {
  await transport.write(Uint8Array.of(7));
  return (await transport.read())?.[0] === 7;
}

async function talks(from: OpenPeers, to: string): Promise<boolean> {
  const transport = await from.open(to, soon());
  const answered = await answers(transport);
  await transport.close();
  return answered;
}

async function shownBy(address: string, own: PartyKeys): Promise<PeerCertificate> {
  const [host, port] = address.split(':');
  const socket: TLSSocket = connect({
    host: host!,
    port: Number(port),
    cert: own.public.pem,
    key: own.tlsKey,
    ALPNProtocols: ['h2'],
    rejectUnauthorized: false, // only looks at what is shown
  });
  socket.on('error', () => undefined);
  await once(socket, 'secureConnect');
  const certificate = socket.getPeerCertificate();
  socket.destroy();
  return certificate;
}

test('a listener shows its new certificate without a restart, and conversations run on', async () => {
  await using bank = await listenAs(keys);
  bank.serve(echo);
  await using data = await dialAs('data', keys, bank.address!);
  const before = await data.open('bank', soon());
  expect(await answers(before)).toBe(true);
  const own = await renewed('bank');
  bank.renew(own, [(await keys.party('data')).public]);
  const shown = await shownBy(bank.address!, await keys.party('data'));
  expect(shown.raw.equals(own.public.certificate.raw)).toBe(true);
  expect(await answers(before)).toBe(true);
  data.renew(await keys.party('data'), [own.public]);
  expect(await talks(data, 'bank')).toBe(true);
});

test('a dialer that has not been told of the new certificate is refused, finally', async () => {
  await using bank = await listenAs(keys);
  bank.serve(echo);
  bank.renew(await renewed('bank'), [(await keys.party('data')).public]);
  await using data = await dialAs('data', keys, bank.address!);
  expect(await codeOf(data.open('bank', soon()))).toBe('unauthenticated');
});

test('a peer with a new key is admitted as soon as its file is, and its old one no more', async () => {
  await using bank = await listenAs(keys);
  bank.serve(echo);
  const own = await renewed('data');
  await using old = await dialAs('data', keys, bank.address!);
  expect(await talks(old, 'bank')).toBe(true);
  bank.renew(await keys.party('bank'), [own.public]);
  await expect.poll(() => codeOf(old.open('bank', soon()))).toBe('unauthenticated');
  await using data = await dialAs('data', keys, bank.address!, { keys: own });
  expect(await talks(data, 'bank')).toBe(true);
});

test('a revoked peer is cut in the middle of a conversation, and refused from then on', async () => {
  await using bank = await listenAs(keys, {}, ['data', 'shop']);
  bank.serve(echo);
  await using data = await dialAs('data', keys, bank.address!);
  await using shop = await dialAs('shop', keys, bank.address!);
  const running = await data.open('bank', soon());
  const other = await shop.open('bank', soon());
  expect(await answers(running)).toBe(true);
  expect(await answers(other)).toBe(true);
  bank.renew(await keys.party('bank'), [(await keys.party('shop')).public]);
  expect(await codeOf(running.read())).not.toBe('no error');
  expect(await codeOf(data.open('bank', soon()))).toBe('unauthenticated');
  expect(await codeOf(bank.open('data', soon()))).toBe('unauthenticated');
  expect(await answers(other)).toBe(true);
});

test('a dialer that revokes its listener cuts it, and does not dial again', async () => {
  await using bank = await listenAs(keys);
  bank.serve(echo);
  await using data = await dialAs('data', keys, bank.address!);
  const running = await data.open('bank', soon());
  expect(await answers(running)).toBe(true);
  data.renew(await keys.party('data'), []);
  expect(await codeOf(running.read())).not.toBe('no error');
  expect(await codeOf(data.open('bank', soon()))).toBe('unauthenticated');
  data.renew(await keys.party('data'), [(await keys.party('bank')).public]);
  expect(await talks(data, 'bank')).toBe(true);
});
