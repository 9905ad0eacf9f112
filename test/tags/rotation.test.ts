/** Goal: versions and keys change while queries run, and no query is lost, answered wrongly, or answered too late. */
import { create, fromBinary } from '@bufbuild/protobuf';
import { expect, test } from 'vitest';
import { asSottoError } from '../../src/base/errors.ts';
import {
  GetManifestRequestSchema,
  GetManifestResponseSchema,
  ManifestSchema,
} from '../../src/gen/sotto/tag/v1/tag_pb.ts';
import { manifestHash, signManifest } from '../../src/tags/manifest.ts';
import type { TagRemote } from '../../src/tags/remote.ts';
import { currentVersion } from '../../src/tags/served-tables.ts';
import { localRemote } from '../support/local-remote.ts';
import { finish, idOf, members, rowOf, tableOf } from '../support/tag-parts.ts';
import { ask, never, plain, TagWorld } from '../support/tag-world.ts';

test('a new key is taken up while queries run: none fails, none is wrong', async () => {
  using world = new TagWorld();
  const { client } = await world.ready(40);
  let running = true;
  let asked = 0;
  const asking = Promise.all(
    Array.from({ length: 4 }, async (_, caller) => {
      for (let i = caller; running; i += 4) {
        const [hit, miss] = await ask(client, [idOf(i % 40), '5555555']);
        expect(plain(hit)?.score).toBe(BigInt(i % 40));
        expect(plain(miss)).toBeUndefined();
        asked += 1;
      }
    }),
  );
  for (const version of ['v2', 'v3']) {
    await world.seal(version, { epoch: 'next' });
    await finish(client.sync(never()));
    const before = asked;
    while (asked < before + 8) await new Promise((resolve) => setImmediate(resolve));
  }
  running = false;
  await asking;
  expect(client.manifest).toMatchObject({ versionId: 'v3', epoch: 3 });
}, 120_000);

test('an old version is answered until it expires; then the client follows by itself', async () => {
  using world = new TagWorld();
  const { client, server, meter } = await world.ready(10);
  world.clock.now += 80_000_000; // of the 86,400,000 that it is valid
  world.write(tableOf([rowOf(1, 77)]));
  await world.seal('v2', { epoch: 'next' });
  expect(plain((await ask(client, [idOf(1)]))[0])?.score).toBe(1n);
  expect(client.manifest?.versionId).toBe('v1');
  world.clock.now += 10_000_000;
  expect(plain((await ask(client, [idOf(1)]))[0])?.score).toBe(77n);
  expect(client.manifest?.versionId).toBe('v2');
  expect(meter.total('bank', 'members')).toBe(2);
  const gone = await server
    .query('bank', {
      $typeName: 'sotto.tag.v1.QueryRequest',
      datasetId: 'members',
      versionId: 'v1',
      idempotencyKey: new Uint8Array(16),
      purpose: 'marketing',
      blinded: new Uint8Array(32),
      fetch: { case: 'mirror', value: { $typeName: 'sotto.tag.v1.MirrorFetch' } },
    })
    .then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
  expect(asSottoError(gone).facts).toMatchObject({ reason: 'version-gone' });
  expect(currentVersion(gone)?.signature.length).toBe(64);
});

test('when the last version has expired, look-ups say so instead of going round', async () => {
  using world = new TagWorld();
  const { client } = await world.ready(5);
  world.clock.now += 90_000_000;
  const error = await ask(client, [idOf(1)]).then(
    () => expect.unreachable('it was answered'),
    asSottoError,
  );
  expect(error.code).toBe('parameters-rejected');
  expect(error.facts).toMatchObject({ reason: 'version-gone' });
});

test('a query that was debited under the old key is answered under it when it is retried', async () => {
  using world = new TagWorld();
  world.write(members(10));
  await world.seal('v1');
  const meter = world.meter();
  const server = world.server({ meter });
  const sent: Parameters<typeof server.query>[1][] = [];
  const remote = localRemote(server, 'bank');
  const noting: TagRemote = {
    ...remote,
    query: (request, signal) => {
      sent.push(request);
      return remote.query(request, signal);
    },
  };
  const client = await world.client(noting);
  await finish(client.sync(never()));
  await ask(client, [idOf(1)]);
  const before = await server.query('bank', sent[0]!);
  await world.seal('v2', { epoch: 'next' });
  expect(await server.query('bank', sent[0]!)).toEqual(before);
  expect(meter.total('bank', 'members')).toBe(1);
});

test('a client that is many versions behind follows the whole chain', async () => {
  using world = new TagWorld();
  const { client } = await world.ready(5);
  for (let i = 2; i <= 6; i++) {
    world.write(tableOf([rowOf(0, i)]));
    await world.seal(`v${i}`, { kind: i % 3 === 0 ? 'whole' : 'delta' });
  }
  await finish(client.sync(never()));
  expect(client.manifest?.sequence).toBe(6n);
  expect(plain((await ask(client, [idOf(0)]))[0])?.score).toBe(6n);
});

test('a table of digests is asked by digests of the same ids', async () => {
  using world = new TagWorld();
  const { createHash } = await import('node:crypto');
  const digest = createHash('sha256').update(idOf(1)).digest('hex');
  world.write(tableOf([rowOf(1).replace(idOf(1), digest)]));
  const { table } = world.sealOptions('v1');
  const dataset = { ...table.source.dataset, idNormalization: ['trim'] };
  const source = { ...table.source, digestAlgorithm: 'sha256', dataset };
  await world.seal('v1', { table: { ...table, source } });
  const client = await world.client(world.server());
  await finish(client.sync(never()));
  const [hit, miss] = await ask(client, [` ${idOf(1)}`, digest]);
  expect(plain(hit)?.score).toBe(1n);
  expect(plain(miss)).toBeUndefined();
});

test('a company that always has one more version is left', async () => {
  using world = new TagWorld();
  const { server } = await world.ready(3);
  const honest = localRemote(server, 'bank');
  const asked = { datasetId: 'members', knownSequence: 0n };
  let [last] = (await honest.getManifest(create(GetManifestRequestSchema, asked), never()))
    .manifests;
  const endless: TagRemote = {
    ...honest,
    getManifest: async () => {
      const before = fromBinary(ManifestSchema, last!.manifest);
      const sequence = before.sequence + 1n;
      const next = {
        ...before,
        sequence,
        versionId: `n${sequence}`,
        previous: manifestHash(last!),
      };
      last = signManifest(next, world.company.privateKey);
      return create(GetManifestResponseSchema, { manifests: [last] });
    },
  };
  const client = await world.client(endless);
  const error = asSottoError(await finish(client.sync(never())).catch((thrown: unknown) => thrown));
  expect(error.code).toBe('protocol-violation');
});
