/**
 * Goal: a company that deviates is found out by name, and nothing it says is taken for a tag.
 * Method: the real service, with one thing of it changed on the way.
 */
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { describe, expect, test } from 'vitest';
import { asSottoError } from '../../src/base/errors.ts';
import {
  type GetManifestResponse,
  type Manifest,
  ManifestSchema,
  type QueryRequest,
  type QueryResponse,
  ReceiptSchema,
} from '../../src/gen/sotto/tag/v1/tag_pb.ts';
import type { Evaluated } from '../../src/primitives/oprf/index.ts';
import { TableFolder } from '../../src/tags/folder.ts';
import { manifestHash, signManifest } from '../../src/tags/manifest.ts';
import { signReceipt } from '../../src/tags/receipts.ts';
import type { TagRemote } from '../../src/tags/remote.ts';
import type { TagServer } from '../../src/tags/server.ts';
import { localRemote } from '../support/local-remote.ts';
import { finish, idOf, members } from '../support/tag-parts.ts';
import { ask, keysOf, never, plain, TagWorld } from '../support/tag-world.ts';

const codeOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'accepted',
    (thrown: unknown) => asSottoError(thrown).code,
  );

/** Between bank and company, changing answers. */
function between(
  server: TagServer,
  change: {
    readonly query?: (
      response: QueryResponse,
      request: QueryRequest,
    ) => QueryResponse | Promise<QueryResponse>;
    readonly manifest?: (response: GetManifestResponse) => GetManifestResponse;
    readonly blob?: (chunk: Uint8Array, index: number) => Uint8Array | undefined;
  },
): TagRemote {
  const remote = localRemote(server, 'bank');
  return {
    getManifest: async (request, signal) => {
      const response = await remote.getManifest(request, signal);
      return change.manifest?.(response) ?? response;
    },
    fetchBlob: async function* (request, signal) {
      let index = 0;
      for await (const chunk of remote.fetchBlob(request, signal)) {
        const changed = change.blob === undefined ? chunk : change.blob(chunk, index++);
        if (changed === undefined) return;
        yield changed;
      }
    },
    query: async (request, signal) => {
      const response = await remote.query(request, signal);
      return (await change.query?.(response, request)) ?? response;
    },
    transfer: remote.transfer,
  };
}

const flipped = (bytes: Uint8Array, at: number): Uint8Array => {
  const copy = Uint8Array.from(bytes);
  copy[at]! ^= 1;
  return copy;
};

describe('an answer', () => {
  const swap = (bytes: Uint8Array): Uint8Array =>
    Uint8Array.from([...bytes.subarray(32, 64), ...bytes.subarray(0, 32)]);
  test.each<[string, (world: TagWorld) => Parameters<typeof between>[1]['query'], string]>([
    [
      'with a wrong proof',
      () => (r) => ({ ...r, proof: flipped(r.proof, 5) }),
      'verification-failed',
    ],
    ['with no proof', () => (r) => ({ ...r, proof: new Uint8Array() }), 'verification-failed'],
    [
      'in another order',
      () => (r) => ({ ...r, evaluated: swap(r.evaluated) }),
      'verification-failed',
    ],
    [
      'of another batch',
      () =>
        (r, { blinded }) => ({ ...r, evaluated: Uint8Array.from(blinded) }),
      'verification-failed',
    ],
    [
      'that is too short',
      () => (r) => ({ ...r, evaluated: r.evaluated.subarray(32) }),
      'protocol-violation',
    ],
    [
      'that is too long',
      () => (r) => ({ ...r, evaluated: Uint8Array.from([...r.evaluated, ...r.evaluated]) }),
      'protocol-violation',
    ],
    [
      'under another key, with a proof for that key',
      (world) =>
        async (r, { blinded }) => {
          const seed = new Uint8Array(32).fill(9);
          const key = await world.compute.run('oprfDeriveKey', { seed, info: new Uint8Array() });
          const requests = [{ blinded, coins: world.random.bytes(48) }];
          const [answer] = await world.compute.run('oprfEvaluateEach', { ...key, requests });
          return { ...r, ...(answer as Evaluated) };
        },
      'verification-failed',
    ],
    [
      'without a receipt',
      () => (r) => ({ ...r, receipt: undefined }) as unknown as QueryResponse,
      'verification-failed',
    ],
    [
      'with a receipt signed by nobody',
      () => (r) => ({
        ...r,
        receipt: { ...r.receipt!, signature: flipped(r.receipt!.signature, 0) },
      }),
      'verification-failed',
    ],
    [
      'with a receipt for more ids',
      (world) => (r) => {
        const receipt = fromBinary(ReceiptSchema, r.receipt!.receipt);
        const bytes = toBinary(ReceiptSchema, { ...receipt, items: 3 });
        return { ...r, receipt: signReceipt(bytes, world.company.privateKey) };
      },
      'verification-failed',
    ],
    [
      'with a receipt for another request',
      (world) => (r) => {
        const receipt = fromBinary(ReceiptSchema, r.receipt!.receipt);
        const requestDigest = flipped(receipt.requestDigest, 0);
        const bytes = toBinary(ReceiptSchema, { ...receipt, requestDigest });
        return { ...r, receipt: signReceipt(bytes, world.company.privateKey) };
      },
      'verification-failed',
    ],
  ])('%s is refused', async (_, change, code) => {
    using world = new TagWorld();
    const { server } = await world.ready(10);
    const client = await world.client(between(server, { query: change(world)! }));
    expect(await codeOf(ask(client, [idOf(1), idOf(2)]))).toBe(code);
  });
});

describe('a manifest', () => {
  /** The current manifest with something changed, signed anew: only its content can give it away. */
  const forged =
    (world: TagWorld, change: (manifest: Manifest) => Partial<Manifest>) =>
    (response: GetManifestResponse): GetManifestResponse => {
      const last = new TableFolder(world.path('sealed'), 'members', 'bank').chain().at(-1)!;
      const manifest = fromBinary(ManifestSchema, last.manifest);
      const next = create(ManifestSchema, {
        ...manifest,
        sequence: manifest.sequence + 1n,
        versionId: 'v9',
        previous: manifestHash(last),
        ...change(manifest),
      });
      return {
        ...response,
        manifests: [signManifest(next, world.company.privateKey)],
      };
    };

  test.each<[string, (manifest: Manifest) => Partial<Manifest>]>([
    [
      'with another key in the same epoch',
      ({ publicKey }) => ({ publicKey: flipped(publicKey, 3) }),
    ],
    ['with the same key in another epoch', ({ epoch }) => ({ epoch: epoch + 1 })],
    ['that skips a number', ({ sequence }) => ({ sequence: sequence + 2n })],
    [
      'that does not name the one before',
      ({ previous }) => ({ previous: new Uint8Array(32).fill(previous.length) }),
    ],
    ['that gives a version another content', ({ versionId }) => ({ versionId })],
    ['for another tenant', () => ({ tenant: 'other' })],
    ['of another table', () => ({ datasetId: 'other' })],
    [
      'with rows that its segments do not have',
      ({ layers }) => ({ layers: layers.map((each) => ({ ...each, rows: each.rows + 1n })) }),
    ],
    ['with short fingerprints', () => ({ fingerprintBytes: 4 })],
    ['with an unknown suite', () => ({ suite: 'P256-SHA256' })],
    ['without layers', () => ({ layers: [] })],
  ])('%s is refused', async (_, change) => {
    using world = new TagWorld();
    const { server } = await world.ready(10);
    const client = await world.client(between(server, { manifest: forged(world, change) }));
    expect(await codeOf(finish(client.sync(never())))).toBe('verification-failed');
    expect(client.manifest?.versionId).toBe('v1'); // and what was there stays
    expect(plain((await ask(client, [idOf(3)]))[0])).toMatchObject({ score: 3n });
  });

  test('signed by somebody else is refused', async () => {
    using world = new TagWorld();
    const { server } = await world.ready(10);
    const signer = keysOf().publicKey;
    const client = await world.client(server, { signer, folder: world.path('other') });
    expect(await codeOf(finish(client.sync(never())))).toBe('verification-failed');
  });

  test('of a history that was written anew is refused', async () => {
    using world = new TagWorld();
    const { client } = await world.ready(10);
    using other = new TagWorld();
    Object.assign(other.company, world.company);
    other.write(members(11));
    await other.seal('w1');
    await other.seal('w2');
    const forked = await other.client(other.server(), { folder: world.path('mirror') });
    expect(await codeOf(finish(forked.sync(never())))).toBe('verification-failed');
    expect(client.manifest?.versionId).toBe('v1');
  });
});

describe('a segment', () => {
  test.each<[string, (chunk: Uint8Array, index: number) => Uint8Array | undefined, string]>([
    ['with a flipped bit', (chunk) => flipped(chunk, 100), 'verification-failed'],
    [
      'with its rows in another order',
      (chunk) =>
        Uint8Array.from([
          ...chunk.subarray(chunk.length / 2),
          ...chunk.subarray(0, chunk.length / 2),
        ]),
      'verification-failed',
    ],
    ['that is too long', (chunk) => Uint8Array.from([...chunk, 1]), 'verification-failed'],
    ['that is cut short', (chunk) => chunk.subarray(1), 'peer-unavailable'],
  ])('%s is not taken', async (_, blob, code) => {
    using world = new TagWorld();
    world.write(members(10));
    await world.seal('v1');
    const server = world.server();
    const cheated = await world.client(between(server, { blob }));
    expect(await codeOf(finish(cheated.sync(never())))).toBe(code);
    expect(await codeOf(ask(cheated, [idOf(1)]))).toBe('not-found');
    // Cut short it goes on from there, spoilt it is fetched again.
    const honest = await world.client(server, { receipts: world.receipts() });
    if (code === 'peer-unavailable')
      expect(await codeOf(finish(honest.sync(never())))).toBe('verification-failed');
    await finish(honest.sync(never()));
    expect(plain((await ask(honest, [idOf(1)]))[0])).toMatchObject({ score: 1n });
  });

  test('that is damaged on disk is found when the mirror is opened', async () => {
    using world = new TagWorld();
    await world.ready(10);
    const { readdirSync, readFileSync, writeFileSync } = await import('node:fs');
    const folder = world.path('mirror/segments');
    const [name] = readdirSync(folder);
    writeFileSync(`${folder}/${name}`, flipped(readFileSync(`${folder}/${name}`), 7));
    expect(await codeOf(world.client(world.server({ meter: world.meter('other.sqlite') })))).toBe(
      'verification-failed',
    );
  });
});

test('a download that broke goes on where it stopped', async () => {
  using world = new TagWorld();
  world.write(members(4_000));
  await world.seal('v1');
  const server = world.server();
  const broken = await world.client(
    between(server, { blob: (chunk, index) => (index === 0 ? chunk : undefined) }),
  );
  expect(await codeOf(finish(broken.sync(never())))).toBe('peer-unavailable');
  let fetched = 0;
  const counting = between(server, {
    blob: (chunk) => {
      fetched += chunk.length;
      return chunk;
    },
  });
  const client = await world.client(counting, { receipts: world.receipts() });
  const manifest = await finish(client.sync(never()));
  expect(fetched).toBe(Number(manifest.modes[0]!.downloadBytes) - (256 << 10));
}, 120_000);
