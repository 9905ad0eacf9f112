/** Goal: a command and a worker never write one mirror at the same time. Method: two clients of one folder. */
import { expect, test } from 'vitest';
import { lockFolder } from '../../src/tags/folder-lock.ts';
import { localRemote } from '../support/local-remote.ts';
import { finish, idOf, members } from '../support/tag-parts.ts';
import { ask, never, plain, TagWorld } from '../support/tag-world.ts';

test('the second waits until the first is done, or until it is told to stop', async () => {
  using world = new TagWorld();
  const order: string[] = [];
  const sleep = async (_: number, signal: AbortSignal): Promise<void> => {
    signal.throwIfAborted();
    order.push('second waits');
    first[Symbol.dispose]();
  };
  const first = await lockFolder(world.path('mirror'), sleep, never());
  const stop = AbortSignal.abort(new Error('stopped'));
  await expect(lockFolder(world.path('mirror'), sleep, stop)).rejects.toThrow('stopped');
  using _ = await lockFolder(world.path('mirror'), sleep, never());
  expect(order).toEqual(['second waits']);
});

test('two clients that fetch one mirror at once both end with it', async () => {
  using world = new TagWorld();
  world.write(members(40));
  await world.seal('v1');
  const server = world.server();
  let [now, most] = [0, 0];
  const remote = {
    ...localRemote(server, 'bank'),
    fetchBlob: async function* (...args: Parameters<ReturnType<typeof localRemote>['fetchBlob']>) {
      now += 1;
      most = Math.max(most, now);
      await new Promise((resolve) => setImmediate(resolve));
      yield* localRemote(server, 'bank').fetchBlob(...args);
      now -= 1;
    },
  };
  const clients = [await world.client(remote), await world.client(remote)];
  await Promise.all(clients.map((client) => finish(client.sync(never()))));
  expect(most).toBe(1);
  for (const client of clients) expect(plain((await ask(client, [idOf(3)]))[0])?.score).toBe(3n);
});
