/**
 * Goal: a message of a tag query says what its schema has, or nothing. Method: bytes by hand to a real service over
 * mutual TLS, and answers of a service that says more than it may.
 */
import { create, type DescMethod, type Message, toBinary } from '@bufbuild/protobuf';
import { Metadata, type ServiceError } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { asSottoError, SottoError } from '../../src/base/errors.ts';
import {
  type GetManifestResponse,
  QueryRequestSchema,
  TagQueryService,
} from '../../src/gen/sotto/tag/v1/tag_pb.ts';
import { Dial } from '../../src/rpc/dial.ts';
import { keep, methodDefinition } from '../../src/rpc/grpc.ts';
import { DEFAULT_RPC_LIMITS } from '../../src/rpc/limits.ts';
import { patience } from '../../src/rpc/patience.ts';
import { fromStatus } from '../../src/rpc/status.ts';
import { connectTags } from '../../src/rpc/tag-client.ts';
import { type OpenTags, serveTags } from '../../src/rpc/tag-service.ts';
import type { TagService } from '../../src/tags/server.ts';
import { type KeyFolder, keyFolder } from '../support/certificates.ts';
import { QUICK } from '../support/peer-pair.ts';
import { finish, idOf } from '../support/tag-parts.ts';
import { ask, never, plain, TagWorld } from '../support/tag-world.ts';

/** Field 77, a varint: in no schema. */
const STRANGER = { no: 77, wireType: 0, data: Uint8Array.of(1) };
const STRANGER_BYTES = Uint8Array.of(0xe8, 0x04, 1);

let keys: KeyFolder;
beforeAll(async () => {
  keys = await keyFolder();
});
afterAll(() => keys[Symbol.asyncDispose]());

const errorOf = (work: Promise<unknown>): Promise<SottoError> =>
  work.then(
    () => expect.unreachable('it was answered'),
    (thrown: unknown) => asSottoError(thrown),
  );

async function serve(service: TagService): Promise<OpenTags> {
  const company = await keys.party('company');
  const peers = [(await keys.party('bank')).public];
  return await serveTags({ listen: '127.0.0.1:0', keys: company, peers, service, limits: QUICK });
}

async function connect({ address }: OpenTags) {
  const server = (await keys.party('company')).public;
  return connectTags({ address, server, keys: await keys.party('bank'), limits: QUICK });
}

/** A call with these bytes as its request; rejects with what the service said. */
async function callWith({ address }: OpenTags, method: DescMethod, bytes: Uint8Array) {
  const peer = (await keys.party('company')).public;
  const limits = { ...DEFAULT_RPC_LIMITS, ...QUICK };
  const dial = new Dial({ own: await keys.party('bank'), peer, address, limits });
  using wait = patience(20_000, never(), new SottoError('peer-unavailable', 'nobody answers'));
  const client = await dial.connect(wait);
  const { path, responseStream } = methodDefinition(method);
  try {
    await new Promise<void>((resolve, reject) => {
      const done = (error: ServiceError | null): void =>
        error === null ? resolve() : reject(fromStatus(error, 'operator'));
      const request = Buffer.from(bytes);
      if (responseStream) {
        const stream = client.makeServerStreamRequest(path, keep, keep, request);
        stream.on('error', done).on('end', resolve).resume();
      } else client.makeUnaryRequest(path, keep, keep, request, new Metadata(), done);
    });
  } finally {
    dial.close();
  }
}

describe('a request', () => {
  test.each(TagQueryService.methods)(
    'of $name with a field too many is refused',
    async (method) => {
      using world = new TagWorld();
      const { server, meter } = await world.ready(5);
      await using open = await serve(server);
      const error = await errorOf(callWith(open, method, STRANGER_BYTES));
      expect(error.code).toBe('invalid-argument');
      expect(error.facts).toEqual({ message: method.input.typeName, field: 77 });
      expect(meter.total('bank', 'members')).toBe(0);
    },
  );

  test.each(TagQueryService.methods)(
    'of $name that cannot be decoded is refused',
    async (method) => {
      using world = new TagWorld();
      const { server } = await world.ready(5);
      await using open = await serve(server);
      const error = await errorOf(callWith(open, method, Uint8Array.of(0x0a, 0xff)));
      expect(error.code).toBe('invalid-argument');
      expect(error.facts).toEqual({ message: method.input.typeName });
    },
  );

  test.each([
    ['version_id', { versionId: 'v'.repeat(65) }],
    ['idempotency_key', { idempotencyKey: new Uint8Array(17) }],
    ['blinded', { blinded: new Uint8Array(32 * 4097) }],
  ])('of Query with a %s that is too long is refused', async (field, change) => {
    using world = new TagWorld();
    const { server, meter } = await world.ready(5);
    await using open = await serve(server);
    const request = create(QueryRequestSchema, {
      ...{ datasetId: 'members', versionId: 'v1', purpose: 'marketing' },
      ...{ idempotencyKey: new Uint8Array(16), blinded: new Uint8Array(32) },
      fetch: { case: 'mirror', value: {} },
      ...change,
    });
    const bytes = toBinary(QueryRequestSchema, request);
    const error = await errorOf(callWith(open, TagQueryService.method.query, bytes));
    expect(error).toMatchObject({ code: 'invalid-argument', facts: { field } });
    expect(meter.total('bank', 'members')).toBe(0);
  });
});

describe('an answer', () => {
  /** The service, whose answers are changed on their way. */
  const saying = (service: TagService, changes: Partial<Record<'manifest' | 'query', Smuggle>>) =>
    ({
      getManifest: async (peer, request) => {
        const answer = await service.getManifest(peer, request);
        return changes.manifest === undefined ? answer : smuggled(answer, changes.manifest);
      },
      fetchBlob: (peer, request) => service.fetchBlob(peer, request),
      query: async (peer, request) => {
        const answer = await service.query(peer, request);
        return changes.query === undefined ? answer : smuggled(answer, changes.query);
      },
      transfer: (peer, request) => service.transfer(peer, request),
    }) satisfies TagService;

  type Smuggle = (answer: never) => Message;
  const smuggled = <T extends Message>(answer: T, into: Smuggle): T => {
    into(answer as never).$unknown = [STRANGER];
    return answer;
  };

  test.each<[string, Smuggle]>([
    ['with a field too many', (answer) => answer],
    ['with a field too many in its receipt', ({ receipt }: { receipt: Message }) => receipt],
  ])('of Query %s is refused', async (_, into) => {
    using world = new TagWorld();
    const { server } = await world.ready(5);
    await using open = await serve(saying(server, { query: into }));
    await using remote = await connect(open);
    const client = await world.client(remote);
    expect((await errorOf(ask(client, [idOf(1)]))).code).toBe('protocol-violation');
  });

  test.each<[string, Smuggle]>([
    ['with a field too many', (answer) => answer],
    ['with a field too many in a manifest', ({ manifests }: GetManifestResponse) => manifests[0]!],
  ])('of GetManifest %s is refused', async (_, into) => {
    using world = new TagWorld();
    const { server } = await world.ready(5);
    await using open = await serve(saying(server, { manifest: into }));
    await using remote = await connect(open);
    const client = await world.client(remote, { folder: world.path('other') });
    expect((await errorOf(finish(client.sync(never())))).code).toBe('protocol-violation');
  });

  test('without any is taken', async () => {
    using world = new TagWorld();
    const { server } = await world.ready(5);
    await using open = await serve(saying(server, {}));
    await using remote = await connect(open);
    const [hit] = await ask(await world.client(remote), [idOf(3)]);
    expect(plain(hit)?.score).toBe(3n);
  });
});
