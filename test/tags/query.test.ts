/** Goal: whoever asks learns the tags of the id asked, and nobody anything else. Method: real files, real cryptography, one process. */
import { expect, test } from 'vitest';
import { finish, idOf } from '../support/tag-parts.ts';
import { ask, never, plain, TagWorld } from '../support/tag-world.ts';

test('a bank learns the tags of an id, or that there is none', async () => {
  using world = new TagWorld();
  const { client } = await world.ready(40);
  const [hit, miss, other] = await ask(client, [
    `+86 ${idOf(7)}`.replace('+86 ', ''),
    '999999',
    idOf(12),
  ]);
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
  await finish(client.sync(never()));
});
