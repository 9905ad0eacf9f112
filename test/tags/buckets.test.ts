/**
 * Goal: rows fetched from a declared bucket are those of a mirror, and the company sees the bucket and nothing else
 * of the id. Method: real files, real cryptography, one process.
 */
import { toBinary } from '@bufbuild/protobuf';
import { describe, expect, test } from 'vitest';
import { asSottoError } from '../../src/base/errors.ts';
import {
  QueryRequestSchema,
  QueryResponseSchema,
  TransferRequestSchema,
  TransferResponseSchema,
} from '../../src/gen/sotto/tag/v1/tag_pb.ts';
import { bucketOf } from '../../src/tags/buckets.ts';
import { inputOf } from '../../src/tags/row.ts';
import { POLICY, ROWS, ready, refused, sealed } from '../support/tag-buckets.ts';
import { finish, idOf, members, rowOf, tableOf } from '../support/tag-parts.ts';
import { ask, never, plain, TagWorld } from '../support/tag-world.ts';

test('a bank without a mirror learns the tags of an id, or that there is none', async () => {
  using world = new TagWorld();
  const { client, meter } = await ready(world);
  expect(client.engine).toBe('bucket');
  const ids = [7, 0, ROWS - 1, 64, 7].map(idOf);
  const results = await ask(client, [...ids, '999999']);
  const scores = results.map((result) => plain(result)?.score);
  expect(scores).toEqual([7n, 0n, BigInt(ROWS - 1), 64n, 7n, undefined]);
  expect(plain(results[0])).toMatchObject({ tier: 'silver', note: 'note 7' });
  expect(await client.checkCanary(never())).toBe(true);
  expect(meter.total('bank', 'members')).toBe(7);
}, 60_000);

test('buckets hold what a delta changed, added and removed, and what it left alone', async () => {
  using world = new TagWorld();
  const { client } = await ready(world);
  const rows = Array.from({ length: ROWS }, (_, i) => (i === 3 ? rowOf(3, 999) : rowOf(i)));
  world.write(tableOf([...rows.slice(0, -1), rowOf(500)]));
  await sealed(world, 'v2', true);
  await finish(client.sync(never()));
  const results = await ask(client, [3, 4, 500, ROWS - 1].map(idOf));
  expect(results.map((each) => plain(each)?.score)).toEqual([999n, 4n, 500n, undefined]);
  expect(await client.checkCanary(never())).toBe(true);
}, 60_000);

test('no bucket hides fewer rows than the manifest says', async () => {
  using world = new TagWorld();
  const { client } = await ready(world);
  const { buckets } = client.manifest!;
  const loads = new Array<number>(buckets!.count).fill(0);
  for (let i = 0; i < ROWS; i++)
    loads[bucketOf(buckets!, inputOf(client.manifest!, idOf(i)))]! += 1;
  expect(buckets!.count).toBeGreaterThan(1);
  expect(Math.min(...loads)).toBeGreaterThanOrEqual(19); // one of the 20 may be the canary
  world.write(members(10));
  const failed = await refused(sealed(world, 'v2'));
  expect(failed).toBe('invalid-argument');
}, 60_000);

test('hits and misses are alike in every message, byte for byte in length', async () => {
  using world = new TagWorld();
  const sizes = new Map<string, number>();
  const count = (name: string, messages: readonly Uint8Array[]): void => {
    const size = `${name} ${messages.map(({ length }) => length).join(' ')}`;
    sizes.set(size, (sizes.get(size) ?? 0) + 1);
  };
  const { client } = await ready(world, (remote) => ({
    ...remote,
    query: async (request, signal) => {
      const response = await remote.query(request, signal);
      const bytes = [
        toBinary(QueryRequestSchema, request),
        toBinary(QueryResponseSchema, response),
      ];
      count('query', bytes);
      return response;
    },
    transfer: async (request, signal) => {
      const response = await remote.transfer(request, signal);
      const bytes = [
        toBinary(TransferRequestSchema, request),
        toBinary(TransferResponseSchema, response),
      ];
      count('transfer', bytes);
      return response;
    },
  }));
  for (const id of [idOf(1), '5555555', idOf(2), '4444444', idOf(90), '7777777'])
    await ask(client, [id]);
  expect([...sizes.values()]).toEqual([6, 6]);
}, 60_000);

describe('the policy', () => {
  const policies: [string, Partial<typeof POLICY> | { minAnonymity: 'full' }, string, string][] = [
    ['admits the mirror', { maxDownloadBytes: 1 << 24 }, 'mirror', ''],
    ['leaves the bucket where the mirror is too large', {}, 'bucket', ''],
    [
      'refuses a bucket that hides too few',
      { minAnonymity: 21 },
      'permission-denied',
      'maxDownload',
    ],
    [
      'refuses any bucket where the whole table is asked for',
      { minAnonymity: 'full' },
      'permission-denied',
      'maxDownload',
    ],
    [
      'refuses all where the table itself is too small',
      { minAnonymity: 10_000 },
      'permission-denied',
      'minAnonymity',
    ],
  ];
  test.each(policies)(
    '%s',
    async (_, change, outcome, field) => {
      using world = new TagWorld();
      world.write(members(ROWS));
      await sealed(world);
      const client = await world.client(world.server(), { policy: { ...POLICY, ...change } });
      const synced = finish(client.sync(never())).then(
        () => [client.engine, ''],
        (thrown: unknown) => {
          const { code, facts } = asSottoError(thrown);
          return [code, facts.field];
        },
      );
      expect(await synced).toEqual([outcome, field]);
    },
    60_000,
  );

  test('a company that offers buckets alone hands out no segment', async () => {
    using world = new TagWorld();
    world.write(members(ROWS));
    const { table } = world.sealOptions('v1');
    await world.seal('v1', { table: { ...table, mirror: false, bucketAnonymity: 20 } });
    const server = world.server();
    const client = await world.client(server, { policy: { ...POLICY, maxDownloadBytes: 1 << 24 } });
    await finish(client.sync(never()));
    expect(client.engine).toBe('bucket');
    const [segment] = client.manifest!.layers[0]!.segments;
    const blob = server.fetchBlob('bank', {
      $typeName: 'sotto.tag.v1.FetchBlobRequest',
      datasetId: 'members',
      sha256: segment!.sha256,
      offset: 0n,
    });
    expect(await refused(finish(blob as AsyncGenerator<unknown, void, void>))).toBe(
      'invalid-argument',
    );
    expect(plain((await ask(client, [idOf(2)]))[0])?.score).toBe(2n);
  }, 60_000);
});
