/** Goal: whoever asks once does not wait for all that another asked before him. */
import { setImmediate } from 'node:timers/promises';
import { create } from '@bufbuild/protobuf';
import { expect, test } from 'vitest';
import { QueryRequestSchema, TransferRequestSchema } from '../../src/gen/sotto/tag/v1/tag_pb.ts';
import { Turns } from '../../src/tags/turns.ts';
import { TagWorld } from '../support/tag-world.ts';

test('tenants take turns, each in the order in which he came', async () => {
  const turns = new Turns();
  const order: string[] = [];
  const asked = ['loud 1', 'loud 2', 'loud 3', 'quiet 1', 'quiet 2'];
  await Promise.all(
    asked.map(async (each) => {
      await turns.next(each.split(' ')[0]!);
      order.push(each);
    }),
  );
  expect(order).toEqual(['loud 1', 'quiet 1', 'loud 2', 'quiet 2', 'loud 3']);
});

test('who comes when others wait already is next', async () => {
  const turns = new Turns();
  const order: string[] = [];
  const take = async (tenant: string): Promise<void> => {
    await turns.next(tenant);
    order.push(tenant);
  };
  const all = Array.from({ length: 50 }, () => take('loud'));
  while (order.length < 3) await setImmediate();
  const begun = order.length;
  expect(begun).toBeLessThan(10);
  all.push(take('quiet'));
  await Promise.all(all);
  expect(order.indexOf('quiet')).toBeLessThanOrEqual(begun + 1);
});

test('what came alone after a pause has its turn too', async () => {
  const turns = new Turns();
  for (let i = 0; i < 3; i += 1) {
    await turns.next('bank');
    await setImmediate();
  }
});

test.each(['query', 'transfer'] as const)('each %s waits for its turn', async (call) => {
  using world = new TagWorld();
  const table = (tenant: string) => ({ datasetId: 'members', tenant, purposes: ['marketing'] });
  const server = world.server({ tables: [table('bank'), table('second')] });
  const order: string[] = [];
  // Refused as soon as it begins.
  const request = create(QueryRequestSchema, { datasetId: 'members' });
  const ask = async (peer: string): Promise<void> => {
    const asked =
      call === 'query'
        ? server.query(peer, request)
        : server.transfer(peer, create(TransferRequestSchema, { query: request }));
    await expect(asked).rejects.toThrow();
    order.push(peer);
  };
  await Promise.all(['bank', 'bank', 'bank', 'second'].map(ask));
  expect(order).toEqual(['bank', 'second', 'bank', 'bank']);
});
