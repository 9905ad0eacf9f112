/**
 * Goal: a bank gets one row for each debit, whatever it sends, and finds out a company that shows or sends other rows.
 * Method: real files, real cryptography, one process; messages are changed on their way.
 */
import { create, toBinary } from '@bufbuild/protobuf';
import { describe, expect, test } from 'vitest';
import {
  QueryRequestSchema,
  type QueryResponse,
  type TransferRequest,
  TransferRequestSchema,
  type TransferResponse,
  TransferResponseSchema,
} from '../../src/gen/sotto/tag/v1/tag_pb.ts';
import { ready, refused } from '../support/tag-buckets.ts';
import { idOf } from '../support/tag-parts.ts';
import { ask, TagWorld } from '../support/tag-world.ts';

const pointsOf = (bytes: Uint8Array): string[] =>
  Array.from({ length: bytes.length / 32 }, (_, at) =>
    Buffer.from(bytes.subarray(32 * at, 32 * at + 32)).toString('hex'),
  );

describe('a bank that cheats', () => {
  /** A client whose transfer is kept, so that it can be sent again, or changed. */
  async function kept(world: TagWorld) {
    const transfers: TransferRequest[] = [];
    const world2 = await ready(world, (remote) => ({
      ...remote,
      transfer: (request, signal) => {
        transfers.push(request);
        return remote.transfer(request, signal);
      },
    }));
    await ask(world2.client, [idOf(5)]);
    return { ...world2, transfers, transfer: transfers[0]! };
  }

  test('gets the same answer for the same bytes, after a restart too, and none for other choices', async () => {
    using world = new TagWorld();
    const { server, client, transfer, transfers, meter } = await kept(world);
    const first = await server.transfer('bank', transfer);
    const again = await world.server({ meter }).transfer('bank', transfer);
    expect(toBinary(TransferResponseSchema, again)).toEqual(
      toBinary(TransferResponseSchema, first),
    );
    await ask(client, [idOf(5)]);
    const next = await server.transfer('bank', transfers[1]!);
    const points = [...pointsOf(first.answers), ...pointsOf(next.answers)];
    expect(new Set(points).size).toBe(points.length); // coins of one answer serve no other
    const other = transfer.choices.slice();
    other.copyWithin(0, 64, 128); // points that are some, but not those of before
    const choices = { ...transfer, choices: other };
    expect(await refused(server.transfer('bank', choices))).toBe('already-exists');
  }, 60_000);

  test('gets no row for a query that was not debited, or was debited otherwise', async () => {
    using world = new TagWorld();
    const { server, transfer } = await kept(world);
    const query = transfer.query!;
    const fresh = { ...query, idempotencyKey: new Uint8Array(16).fill(9) };
    expect(await refused(server.transfer('bank', { ...transfer, query: fresh }))).toBe('not-found');
    const bucket = query.fetch.case === 'bucket' ? query.fetch.value.buckets[0]! : 0;
    const fetch = create(QueryRequestSchema, {
      fetch: { case: 'bucket', value: { buckets: [bucket === 0 ? 1 : 0] } },
    });
    const moved = { ...transfer, query: { ...query, fetch: fetch.fetch } };
    expect(await refused(server.transfer('bank', moved))).toBe('not-found');
    expect(await refused(server.query('bank', { ...query, fetch: fetch.fetch }))).toBe(
      'already-exists',
    );
  }, 60_000);

  test('is refused buckets that are none, too few of them, and choices that are no points', async () => {
    using world = new TagWorld();
    const { server, transfer, meter } = await kept(world);
    const before = meter.total('bank', 'members');
    const query = { ...transfer.query!, idempotencyKey: new Uint8Array(16).fill(7) };
    for (const buckets of [[], [0, 0], [1 << 20], [0xffffffff]]) {
      const { fetch } = create(QueryRequestSchema, {
        fetch: { case: 'bucket', value: { buckets } },
      });
      expect(await refused(server.query('bank', { ...query, fetch }))).toBe('invalid-argument');
    }
    expect(meter.total('bank', 'members')).toBe(before);
    const short = { ...transfer, choices: transfer.choices.subarray(32) };
    expect(await refused(server.transfer('bank', short))).toBe('invalid-argument');
    await server.query('bank', query);
    const identity = { ...transfer, query, choices: new Uint8Array(transfer.choices.length) };
    expect(await refused(server.transfer('bank', identity))).toBe('invalid-argument');
    const noQuery = create(TransferRequestSchema, { choices: transfer.choices });
    expect(await refused(server.transfer('bank', noQuery))).toBe('not-found');
  }, 60_000);
});

describe('a company that cheats', () => {
  const flipped = (bytes: Uint8Array, at: number): Uint8Array => {
    const copy = Uint8Array.from(bytes);
    copy[at]! ^= 1;
    return copy;
  };
  type Change = {
    readonly query?: (response: QueryResponse) => QueryResponse;
    readonly transfer?: (response: TransferResponse) => TransferResponse;
  };
  const shown = (change: (f: Uint8Array, p: Uint8Array) => [Uint8Array, Uint8Array]): Change => ({
    query: (response) => {
      if (response.fetched.case !== 'bucket') return response;
      const { value } = response.fetched;
      const [fingerprints, paths] = change(value.fingerprints, value.paths);
      return { ...response, fetched: { case: 'bucket', value: { ...value, fingerprints, paths } } };
    },
  });

  test.each<[string, Change, string]>([
    ['about one fingerprint', shown((f, p) => [flipped(f, 40), p]), 'verification-failed'],
    ['about the way to the root', shown((f, p) => [f, flipped(p, 3)]), 'verification-failed'],
    ['about a row too few', shown((f, p) => [f.subarray(8), p]), 'protocol-violation'],
    [
      'and shows no bucket',
      { query: (response) => ({ ...response, fetched: { case: undefined } }) },
      'protocol-violation',
    ],
    [
      'about the rows',
      { transfer: (r) => ({ ...r, sealed: r.sealed.map((byte) => byte ^ 1) }) },
      'verification-failed',
    ],
    [
      'and sends too few rows',
      { transfer: (r) => ({ ...r, sealed: r.sealed.subarray(1) }) },
      'protocol-violation',
    ],
    [
      'and sends no points',
      { transfer: (r) => ({ ...r, answers: new Uint8Array(r.answers.length) }) },
      'protocol-violation',
    ],
  ])(
    '%s is found out',
    async (_, change, code) => {
      using world = new TagWorld();
      const { client } = await ready(world, (remote) => ({
        ...remote,
        query: async (request, signal) => {
          const response = await remote.query(request, signal);
          return change.query?.(response) ?? response;
        },
        transfer: async (request, signal) => {
          const response = await remote.transfer(request, signal);
          return change.transfer?.(response) ?? response;
        },
      }));
      expect(await refused(ask(client, [idOf(11)]))).toBe(code);
    },
    60_000,
  );
});
