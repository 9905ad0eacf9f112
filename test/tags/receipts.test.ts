/** Goal: what was asked can be shown for one id and cannot be forged for another; nothing else is shown, or kept. */

import { readdirSync, readFileSync } from 'node:fs';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { describe, expect, test } from 'vitest';
import { asSottoError } from '../../src/base/errors.ts';
import {
  type OpenedQuery,
  OpenedQuerySchema,
  ReceiptSchema,
} from '../../src/gen/sotto/tag/v1/tag_pb.ts';
import { openQuery, type ReceiptStore, verifyOpened } from '../../src/tags/audit.ts';
import { checkChain, signReceipt } from '../../src/tags/receipts.ts';
import { finish, idOf, members } from '../support/tag-parts.ts';
import { ask, keysOf, never, TagWorld } from '../support/tag-world.ts';

const refused = (work: Promise<unknown>) =>
  work.then(
    () => expect.unreachable('it was accepted'),
    (thrown: unknown) => asSottoError(thrown),
  );

async function asked(world: TagWorld, batches: readonly string[][]): Promise<ReceiptStore> {
  world.write(members(20));
  await world.seal('v1');
  const store = world.receipts();
  const client = await world.client(world.server(), { receipts: store });
  await finish(client.sync(never()));
  for (const batch of batches) await ask(client, batch);
  return store;
}

const expectedOf = (world: TagWorld) => ({
  signer: world.company.publicKey,
  datasetId: 'members',
  tenant: 'bank',
});

describe('one query is opened', () => {
  test('for an id that it asked, hit or miss, and the auditor learns when and why', async () => {
    using world = new TagWorld();
    const store = await asked(world, [[idOf(1), '888888', idOf(2)]]);
    const [{ key } = expect.unreachable()] = [...store.all()];
    for (const [index, id] of [idOf(1), '888888', idOf(2)].entries()) {
      const opened = await openQuery(store, key, id, world.compute);
      expect(opened.index).toBe(index);
      const sent = fromBinary(OpenedQuerySchema, toBinary(OpenedQuerySchema, opened));
      const receipt = await verifyOpened(sent, expectedOf(world), world.compute);
      expect(receipt).toMatchObject({ purpose: 'marketing', items: 3, sequence: 1n });
    }
  });

  test('and not for one that it did not ask', async () => {
    using world = new TagWorld();
    const store = await asked(world, [[idOf(1), idOf(2)]]);
    const [{ key } = expect.unreachable()] = [...store.all()];
    expect((await refused(openQuery(store, key, idOf(3), world.compute))).code).toBe('not-found');
  });

  test.each<[string, (opened: OpenedQuery, world: TagWorld) => Partial<OpenedQuery>]>([
    ['another id', () => ({ id: idOf(3) })],
    ['another place', ({ index }) => ({ index: index + 1 })],
    ['other coins', ({ coins }) => ({ coins: coins.map((byte) => byte ^ 1) })],
    ['no coins', () => ({ coins: new Uint8Array() })],
    [
      'another request',
      ({ request }) => ({
        request: request.map((byte, at) => (at === request.length - 40 ? byte ^ 1 : byte)),
      }),
    ],
    ['no receipt', () => ({ receipt: undefined }) as unknown as Partial<OpenedQuery>],
    [
      'a receipt by another hand',
      ({ receipt }) => ({
        receipt: signReceipt(Uint8Array.from(receipt!.receipt), keysOf().privateKey),
      }),
    ],
  ])('forged with %s it does not hold', async (_, change) => {
    using world = new TagWorld();
    const store = await asked(world, [[idOf(1), idOf(2)]]);
    const [{ key } = expect.unreachable()] = [...store.all()];
    const opened = await openQuery(store, key, idOf(1), world.compute);
    const forged = create(OpenedQuerySchema, { ...opened, ...change(opened, world) });
    const error = await refused(verifyOpened(forged, expectedOf(world), world.compute));
    expect(error.code).toBe('verification-failed');
  });
});

describe('the chain', () => {
  test('holds in any order, and tells what is missing', async () => {
    using world = new TagWorld();
    const store = await asked(world, [[idOf(1)], [idOf(2)], [idOf(3)], [idOf(4)]]);
    const all = [...store.all()].map(({ receipt }) => receipt);
    const { publicKey } = world.company;
    expect(checkChain(all, publicKey)).toEqual({ receipts: 4, gaps: 0 });
    const sorted = all.toSorted((a, b) =>
      Number(
        fromBinary(ReceiptSchema, a.receipt).sequence! -
          fromBinary(ReceiptSchema, b.receipt).sequence!,
      ),
    );
    expect(checkChain(sorted.toSpliced(1, 1), publicKey)).toEqual({ receipts: 3, gaps: 1 });
  });

  test('a company that numbers two requests alike, or leaves one out, is found out', async () => {
    using world = new TagWorld();
    const store = await asked(world, [[idOf(1)], [idOf(2)]]);
    const { privateKey, publicKey } = world.company;
    const all = [...store.all()].map(({ receipt }) => receipt);
    const changed = (change: (receipt: ReturnType<typeof read>) => object) =>
      signReceipt(
        toBinary(
          ReceiptSchema,
          create(ReceiptSchema, { ...read(all[1]!), ...change(read(all[1]!)) }),
        ),
        privateKey,
      );
    const read = (signed: (typeof all)[number]) => fromBinary(ReceiptSchema, signed.receipt);
    const fork = changed(({ items }) => ({ items: items! + 1 }));
    expect(() => checkChain([...all, fork], publicKey)).toThrow(/does not hold/);
    const first = all.find((each) => read(each).sequence === 1n)!;
    const loose = signReceipt(
      toBinary(ReceiptSchema, create(ReceiptSchema, { ...read(first), sequence: 2n })),
      privateKey,
    );
    expect(() => checkChain([first, loose], publicKey)).toThrow(/does not hold/);
  });
});

test('no file of the bank has an id that was asked', async () => {
  using world = new TagWorld();
  const ids = [idOf(1), '45454545'];
  await asked(world, [ids]);
  for (const folder of ['mirror', 'mirror/segments', 'receipts']) {
    for (const name of readdirSync(world.path(folder), { withFileTypes: true })) {
      if (!name.isFile()) continue;
      const bytes = readFileSync(world.path(folder, name.name));
      for (const id of ids) expect(bytes.includes(id), name.name).toBe(false);
    }
  }
});
