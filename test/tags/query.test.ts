/** Goal: whoever asks learns the tags of the ids asked, and the company nothing of them. Method: real files, real cryptography, one process. */
import { create, toBinary } from '@bufbuild/protobuf';
import { describe, expect, test } from 'vitest';
import { asSottoError } from '../../src/base/errors.ts';
import {
  GetManifestRequestSchema,
  type QueryRequest,
  QueryRequestSchema,
  QueryResponseSchema,
} from '../../src/gen/sotto/tag/v1/tag_pb.ts';
import { openBatcher } from '../../src/tags/batcher.ts';
import type { TagRemote } from '../../src/tags/remote.ts';
import { localRemote } from '../support/local-remote.ts';
import { finish, idOf, members } from '../support/tag-parts.ts';
import { ask, never, plain, TagWorld } from '../support/tag-world.ts';

const refused = (work: Promise<unknown>) =>
  work.then(
    () => expect.unreachable('it was answered'),
    (thrown: unknown) => asSottoError(thrown),
  );

test('a bank learns the tags of an id, or that there is none', async () => {
  using world = new TagWorld();
  const { client } = await world.ready(40);
  const written = `${idOf(7).slice(0, 3)}-${idOf(7).slice(3)} `; // as somebody typed it
  const [hit, miss, other] = await ask(client, [written, '999999', idOf(12)]);
  expect(plain(hit)).toEqual({
    score: 7n,
    share: 0.875,
    member: false,
    since: '2020-01-08',
    tier: 'silver',
    note: 'note 7',
  });
  expect(plain(miss)).toBeUndefined();
  expect(plain(other)).toMatchObject({ score: 12n, tier: 'gold' });
  expect(await client.checkCanary(never())).toBe(true);
});

test('all found, none found, the same id twice, and the largest batch', async () => {
  using world = new TagWorld();
  const { client, meter } = await world.ready(64);
  const all = Array.from({ length: 64 }, (_, i) => idOf(i));
  expect((await ask(client, all)).map((each) => plain(each)?.score)).toEqual(
    all.map((_, i) => BigInt(i)),
  );
  const none = Array.from({ length: 10 }, (_, i) => idOf(1000 + i));
  expect((await ask(client, none)).some(({ found }) => found)).toBe(false);
  const twice = await ask(client, [idOf(3), idOf(3)]);
  expect(twice[0]).toEqual(twice[1]);
  const largest = Array.from({ length: 4096 }, (_, i) => idOf(i));
  expect((await ask(client, largest)).filter(({ found }) => found).length).toBe(64);
  expect(meter.total('bank', 'members')).toBe(64 + 10 + 2 + 4096);
  for (const count of [0, 4097]) {
    const error = await refused(
      client.lookup(
        Array.from({ length: count }, (_, i) => idOf(i)),
        never(),
      ),
    );
    expect(error.code).toBe('invalid-argument');
  }
}, 120_000);

test('a query that hits and one that misses are alike, byte for byte in length', async () => {
  using world = new TagWorld();
  const { server, client } = await world.ready(40);
  const sizes = new Map<string, Set<string>>();
  let label = '';
  const remote = localRemote(server, 'bank');
  const measured: TagRemote = {
    ...remote,
    query: async (request, signal) => {
      const response = await remote.query(request, signal);
      const lengths = [
        toBinary(QueryRequestSchema, request).length,
        toBinary(QueryResponseSchema, response).length,
      ];
      sizes.set(label, (sizes.get(label) ?? new Set()).add(lengths.join(' ')));
      return response;
    },
  };
  const other = await world.client(measured, { receipts: world.receipts() });
  for (label of ['hit', 'miss', 'mixed']) {
    for (let i = 0; i < 20; i++) {
      const ids = {
        hit: [idOf(i), idOf(i + 1)],
        miss: ['111111', '222222'],
        mixed: [idOf(i), '3333333'],
      };
      await other.lookup(client.form(ids[label as keyof typeof ids]), never());
    }
  }
  const all = [...sizes.values()].flatMap((each) => [...each]);
  expect(new Set(all).size).toBe(1);
});

test('what the company is sent for one id twice has nothing in common', async () => {
  using world = new TagWorld();
  const { server } = await world.ready(10);
  const seen: Uint8Array[] = [];
  const remote = localRemote(server, 'bank');
  const spied: TagRemote = {
    ...remote,
    query: (request, signal) => {
      seen.push(request.blinded, request.idempotencyKey);
      return remote.query(request, signal);
    },
  };
  const client = await world.client(spied);
  await ask(client, [idOf(1)]);
  await ask(client, [idOf(1)]);
  expect(new Set(seen.map((bytes) => Buffer.from(bytes).toString('hex'))).size).toBe(4);
});

describe('refused before anything is debited', () => {
  const blinded = new Uint8Array(32);
  test.each<[string, Partial<QueryRequest>, string, string]>([
    ['no id', { blinded: new Uint8Array() }, 'invalid-argument', 'blinded'],
    ['half a point', { blinded: new Uint8Array(48) }, 'invalid-argument', 'blinded'],
    ['4097 ids', { blinded: new Uint8Array(32 * 4097) }, 'invalid-argument', 'blinded'],
    [
      'a short key',
      { blinded, idempotencyKey: new Uint8Array(15) },
      'invalid-argument',
      'idempotency_key',
    ],
    ['no engine', { blinded, fetch: { case: undefined } }, 'invalid-argument', 'fetch'],
    [
      'an engine that is not offered',
      {
        blinded,
        fetch: {
          case: 'bucket',
          value: { $typeName: 'sotto.tag.v1.BucketFetch', buckets: [0] },
        },
      },
      'invalid-argument',
      'fetch',
    ],
    [
      'an engine that is not built',
      {
        blinded,
        fetch: {
          case: 'blind',
          value: { $typeName: 'sotto.tag.v1.BlindFetch', vectors: new Uint8Array() },
        },
      },
      'invalid-argument',
      'fetch',
    ],
    ['another purpose', { blinded, purpose: 'curiosity' }, 'permission-denied', 'purpose'],
    ['an unknown version', { blinded, versionId: 'v0' }, 'parameters-rejected', 'version_id'],
  ])('%s', async (_, change, code, field) => {
    using world = new TagWorld();
    const { server, meter } = await world.ready(3);
    const request = create(QueryRequestSchema, {
      datasetId: 'members',
      versionId: 'v1',
      idempotencyKey: new Uint8Array(16),
      purpose: 'marketing',
      blinded,
      fetch: { case: 'mirror', value: {} },
    });
    const error = await refused(server.query('bank', { ...request, ...change }));
    expect(error.code).toBe(code);
    expect(error.facts.field).toBe(field);
    expect(meter.total('bank', 'members')).toBe(0);
  });

  test('a table of somebody else is as unknown as one that is not there', async () => {
    using world = new TagWorld();
    const { server } = await world.ready(3);
    const asked = (peer: string, datasetId: string) =>
      refused(server.getManifest(peer, create(GetManifestRequestSchema, { datasetId })));
    const [stranger, missing] = [await asked('other', 'members'), await asked('bank', 'nothing')];
    expect(stranger.toRecord()).toEqual(missing.toRecord());
    expect(stranger.code).toBe('not-found');
  });
});

describe('points that are none', () => {
  const identity = new Uint8Array(32);
  const negative = new Uint8Array(32).fill(0xff);
  const nonCanonical = Uint8Array.from(Buffer.from(`f3${'ff'.repeat(30)}7f`, 'hex'));
  test.each([
    ['the identity', identity],
    ['not on the curve', negative],
    ['not canonical', nonCanonical],
  ])('%s: named by its place', async (_, point) => {
    using world = new TagWorld();
    const { server } = await world.ready(3);
    const seen: QueryRequest[] = [];
    const remote = localRemote(server, 'bank');
    const client = await world.client({
      ...remote,
      query: (request: QueryRequest, signal: AbortSignal) => {
        seen.push(request);
        return remote.query(request, signal);
      },
    });
    await ask(client, [idOf(0), idOf(1)]);
    const blinded = Uint8Array.from([...seen[0]!.blinded.subarray(0, 32), ...point]);
    const error = await refused(
      server.query('bank', { ...seen[0]!, blinded, idempotencyKey: new Uint8Array(16) }),
    );
    expect(error.code).toBe('invalid-argument');
    expect(error.facts).toMatchObject({ field: 'blinded', index: 1 });
  });
});

describe('policy', () => {
  test.each([
    ['minAnonymity', { minAnonymity: 1_000_000, maxDownloadBytes: 1 << 30 }],
    ['maxDownload', { minAnonymity: 'full', maxDownloadBytes: 1_000 }],
  ] as const)('%s is never fallen below silently', async (field, policy) => {
    using world = new TagWorld();
    world.write(members(5));
    await world.seal('v1');
    const client = await world.client(world.server(), {
      policy: { ...policy, maxLatencyMs: 1000 },
    });
    const error = await refused(finish(client.sync(never())));
    expect(error.code).toBe('permission-denied');
    expect(error.facts.field).toBe(field);
  });

  test('maxLatency ends a look-up that nobody answers', async () => {
    using world = new TagWorld();
    const { server } = await world.ready(5);
    const remote: TagRemote = {
      ...localRemote(server, 'bank'),
      query: (_, signal) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason));
        }),
    };
    const policy = { minAnonymity: 'full', maxDownloadBytes: 1 << 30, maxLatencyMs: 50 } as const;
    const client = await world.client(remote, { policy });
    expect((await refused(ask(client, [idOf(1)]))).code).toBe('deadline-exceeded');
  });
});

describe('look-ups that come together', () => {
  test('are one query, and each caller gets what it asked', async () => {
    using world = new TagWorld();
    const { server, meter } = await world.ready(40);
    let queries = 0;
    const remote = localRemote(server, 'bank');
    const client = await world.client({
      ...remote,
      query: (request: QueryRequest, signal: AbortSignal) => {
        queries += 1;
        return remote.query(request, signal);
      },
    });
    const batcher = openBatcher(client, 5, never());
    const answers = await Promise.all(
      Array.from({ length: 30 }, (_, i) => batcher.lookup([idOf(i), idOf(0), '777777'])),
    );
    for (const [i, { results }] of answers.entries()) {
      expect(results.map((each) => plain(each)?.score)).toEqual([BigInt(i), 0n, undefined]);
    }
    expect(queries).toBe(1);
    expect(meter.total('bank', 'members')).toBe(31);
  });

  test("a wrong id is its caller's affair, and a quota that is too small for all serves the first", async () => {
    using world = new TagWorld();
    world.quota = { perSecond: 0, perDay: 5, perEpoch: 0 };
    const { client } = await world.ready(40);
    const batcher = openBatcher(client, 5, never());
    const [first, wrong, second, third] = await Promise.allSettled([
      batcher.lookup([idOf(1), idOf(2)]),
      batcher.lookup(['no phone']),
      batcher.lookup([idOf(3), idOf(4)]),
      batcher.lookup([idOf(5), idOf(6)]),
    ]);
    expect([first, wrong, second, third].map(({ status }) => status)).toEqual([
      'fulfilled',
      'rejected',
      'fulfilled',
      'rejected',
    ]);
    expect(asSottoError((wrong as PromiseRejectedResult).reason).facts).toEqual({
      field: 'ids',
      index: 0,
    });
    expect(asSottoError((third as PromiseRejectedResult).reason).code).toBe('budget-exhausted');
  });
});
