/** Goal: buckets survive a sealing that was cut, a damaged disk and an auditor. Method: real files, one process. */
import { rmSync, truncateSync } from 'node:fs';
import { expect, test } from 'vitest';
import { openQuery, verifyOpened } from '../../src/tags/audit.ts';
import { seal } from '../../src/tags/seal.ts';
import { POLICY, ROWS, ready, refused } from '../support/tag-buckets.ts';
import { finish, idOf, members } from '../support/tag-parts.ts';
import { ask, never, plain, TagWorld } from '../support/tag-world.ts';

test('a sealing that was cut goes on, and its buckets hold every row once', async () => {
  using world = new TagWorld();
  world.write(members(ROWS));
  const { table } = world.sealOptions('v1');
  const changes = { table: { ...table, bucketAnonymity: 20 }, checkpointRows: 30 };
  const cut = seal(world.sealOptions('v1', changes));
  expect((await cut.next()).value).toMatchObject({ phase: 'rows', done: ROWS });
  await cut.return(undefined as never);
  const manifest = await world.seal('v1', changes);
  expect(manifest.buckets?.count).toBeGreaterThan(1);
  const client = await world.client(world.server(), { policy: POLICY });
  await finish(client.sync(never()));
  const results = await ask(client, [0, 31, ROWS - 1].map(idOf));
  expect(results.map((each) => plain(each)?.score)).toEqual([0n, 31n, BigInt(ROWS - 1)]);
  expect(await client.checkCanary(never())).toBe(true);
}, 60_000);

test.each<[string, (path: string) => void]>([
  ['cut short', (path) => truncateSync(path, 100)],
  ['gone', (path) => rmSync(path)],
])(
  'where the rows of the buckets are %s, nobody is answered and nothing is debited',
  async (_, spoil) => {
    using world = new TagWorld();
    const { client, meter } = await ready(world);
    spoil(world.path('sealed', 'members', 'bank', 'buckets', 'v1.rows'));
    expect(await refused(ask(client, [idOf(3)]))).toBe('internal');
    expect(meter.total('bank', 'members')).toBe(0);
  },
  60_000,
);

test('a query by buckets is opened to an auditor like any other, and only as it was', async () => {
  using world = new TagWorld();
  const receipts = world.receipts();
  const { client } = await ready(world, (remote) => remote, { receipts });
  await ask(client, [idOf(1), '8888888']);
  const [kept] = [...receipts.all()];
  const expected = { signer: world.company.publicKey, datasetId: 'members', tenant: 'bank' };
  const opened = await openQuery(receipts, kept!.key, '8888888', world.compute);
  expect(await verifyOpened(opened, expected, world.compute)).toMatchObject({ items: 2 });
  const request = Uint8Array.from(opened.request);
  request[request.length - 1]! ^= 1; // the last byte of the last bucket
  const forged = verifyOpened({ ...opened, request }, expected, world.compute);
  expect(await refused(forged)).toBe('verification-failed');
}, 60_000);
