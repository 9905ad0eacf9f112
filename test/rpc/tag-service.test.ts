/** Goal: between pinned parties all of it works over real sockets, and nobody else gets a word in. */

import { once } from 'node:events';
import { connect } from 'node:http2';
import { create } from '@bufbuild/protobuf';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { asSottoError } from '../../src/base/errors.ts';
import { GetManifestRequestSchema } from '../../src/gen/sotto/tag/v1/tag_pb.ts';
import { MAX_TAG_STREAMS } from '../../src/rpc/limits.ts';
import { connectTags } from '../../src/rpc/tag-client.ts';
import { type OpenTags, serveTags } from '../../src/rpc/tag-service.ts';
import type { TagServer } from '../../src/tags/server.ts';
import { type KeyFolder, keyFolder } from '../support/certificates.ts';
import { QUICK } from '../support/peer-pair.ts';
import { finish, idOf, members, rowOf, tableOf } from '../support/tag-parts.ts';
import { ask, never, plain, TagWorld } from '../support/tag-world.ts';

let keys: KeyFolder;
beforeAll(async () => {
  keys = await keyFolder();
});
afterAll(() => keys[Symbol.asyncDispose]());

const refused = (work: Promise<unknown>) =>
  work.then(
    () => expect.unreachable('it was answered'),
    (thrown: unknown) => asSottoError(thrown),
  );

async function serve(service: TagServer): Promise<OpenTags> {
  const peers = [(await keys.party('bank')).public, (await keys.party('rival')).public];
  const company = await keys.party('company');
  return await serveTags({ listen: '127.0.0.1:0', keys: company, peers, service, limits: QUICK });
}

async function connectAs(name: string, { address }: OpenTags) {
  const server = (await keys.party('company')).public;
  return connectTags({ address, server, keys: await keys.party(name), limits: QUICK });
}

/** A sealed table on a real port, and the bank connected to it. */
async function over(world: TagWorld, rows = 2_000) {
  world.write(members(rows));
  await world.seal('v1');
  const open = await serve(world.server());
  const remote = await connectAs('bank', open);
  const client = await world.client(remote);
  await finish(client.sync(never()));
  const close = async (): Promise<void> => {
    await remote[Symbol.asyncDispose]();
    await open[Symbol.asyncDispose]();
  };
  return { open, client, [Symbol.asyncDispose]: close };
}

test('a table is fetched and asked over mutual TLS', async () => {
  using world = new TagWorld();
  await using network = await over(world);
  const [hit, miss] = await ask(network.client, [idOf(1_999), '767676']);
  expect(plain(hit)?.score).toBe(1_999n);
  expect(plain(miss)).toBeUndefined();
});

test('a version that is gone brings the current manifest with it, and the client goes on', async () => {
  using world = new TagWorld();
  await using network = await over(world, 20);
  world.write(tableOf([rowOf(1, 5_000)]));
  await world.seal('v2', { epoch: 'next' });
  world.clock.now += 80_000_000;
  await world.seal('v3', { epoch: 'next' });
  world.clock.now += 10_000_000;
  expect(plain((await ask(network.client, [idOf(1)]))[0])?.score).toBe(5_000n);
  expect(network.client.manifest?.versionId).toBe('v3');
});

test('a quota that is used up says when to come back', async () => {
  using world = new TagWorld();
  world.quota = { perSecond: 0, perDay: 3, perEpoch: 0 };
  await using network = await over(world, 20);
  await ask(network.client, [idOf(1), idOf(2), idOf(3)]);
  const error = await refused(ask(network.client, [idOf(4)]));
  expect(error.code).toBe('budget-exhausted');
  expect(error.facts).toMatchObject({ left: 0, asked: 1, retryAfterMs: 43_200_000 });
});

test('look-ups outlive the service: the identical request is sent again', async () => {
  using world = new TagWorld();
  world.write(members(20));
  await world.seal('v1');
  const meter = world.meter();
  const first = await serve(world.server({ meter }));
  await using remote = await connectAs('bank', first);
  const client = await world.client(remote);
  await finish(client.sync(never()));
  await first[Symbol.asyncDispose]();
  const asked = ask(client, [idOf(7)]);
  const company = await keys.party('company');
  const peers = [(await keys.party('bank')).public];
  const listen = first.address;
  const service = world.server({ meter });
  await using _second = await serveTags({ listen, keys: company, peers, service, limits: QUICK });
  expect(plain((await asked)[0])?.score).toBe(7n);
  expect(meter.total('bank', 'members')).toBe(1);
});

describe('without a right', () => {
  test('a party that is not pinned is refused', async () => {
    using world = new TagWorld();
    await using network = await over(world, 5);
    await using stranger = await connectAs('stranger', network.open);
    const request = create(GetManifestRequestSchema, { datasetId: 'members' });
    const error = await refused(stranger.getManifest(request, never()));
    expect(error.code).toBe('unauthenticated');
  });

  test('a pinned party sees no table that is not for it', async () => {
    using world = new TagWorld();
    await using network = await over(world, 5);
    await using rival = await connectAs('rival', network.open);
    const request = create(GetManifestRequestSchema, { datasetId: 'members' });
    expect((await refused(rival.getManifest(request, never()))).code).toBe('not-found');
  });

  test('a server that is not the company is refused by the bank', async () => {
    using world = new TagWorld();
    await using network = await over(world, 5);
    await using misled = connectTags({
      address: network.open.address,
      server: (await keys.party('rival')).public,
      keys: await keys.party('bank'),
      limits: QUICK,
    });
    const request = create(GetManifestRequestSchema, { datasetId: 'members' });
    expect((await refused(misled.getManifest(request, never()))).code).toBe('unauthenticated');
  });
});

test('a bank has few queries at a time on a connection, so that few are read before the next bank', async () => {
  using world = new TagWorld();
  await using open = await serve(world.server());
  const [own, company] = [await keys.party('bank'), await keys.party('company')];
  const session = connect(`https://${open.address}`, {
    ca: [company.public.pem],
    cert: own.public.pem,
    key: own.tlsKey,
    checkServerIdentity: () => undefined,
  });
  const [settings] = await once(session, 'remoteSettings');
  session.destroy();
  expect(settings).toMatchObject({ maxConcurrentStreams: MAX_TAG_STREAMS });
});
