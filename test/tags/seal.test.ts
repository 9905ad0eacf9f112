/** Goal: a sealed table holds each row once, shows only its size class, and no row key ever seals two records. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { SottoError } from '../../src/base/errors.ts';
import type { Compute } from '../../src/compute/compute.ts';
import type { Manifest } from '../../src/gen/sotto/tag/v1/tag_pb.ts';
import { readCheckpoint } from '../../src/tags/checkpoint.ts';
import { seal } from '../../src/tags/seal.ts';
import { placeOf } from '../../src/tags/seal-plan.ts';
import { rowBytes } from '../../src/tags/shape.ts';
import { privateKey, publicKey } from '../support/seal-process.ts';
import { finish, idOf, members, rowOf, tableOf } from '../support/tag-parts.ts';
import { ask, never, plain, TagWorld } from '../support/tag-world.ts';

const SEAL_PROCESS = join(import.meta.dirname, '../support/seal-process.ts');

/** All rows of the newest layer, as they are served. */
function rowsOf(world: TagWorld, manifest: Manifest): Buffer[] {
  const size = rowBytes(manifest);
  const layer = manifest.layers.at(-1)!;
  const bytes = Buffer.concat(
    layer.segments.map(({ sha256 }) =>
      readFileSync(
        world.path('sealed/members/bank/segments', `${Buffer.from(sha256).toString('hex')}.rows`),
      ),
    ),
  );
  return Array.from({ length: bytes.length / size }, (_, i) =>
    bytes.subarray(i * size, (i + 1) * size),
  );
}

async function refusal(work: Promise<unknown>): Promise<SottoError> {
  return (await work.then(
    () => expect.unreachable('it was accepted'),
    (thrown: unknown) => thrown,
  )) as SottoError;
}

test('rows are sorted, padded to the size class, and all different', async () => {
  using world = new TagWorld();
  world.write(members(300));
  const manifest = await world.seal('v1');
  const rows = rowsOf(world, manifest);
  expect(rows.length).toBe(320);
  expect(manifest.layers.map(({ rows }) => rows)).toEqual([320n]);
  expect(rows.toSorted(Buffer.compare)).toEqual(rows);
  expect(new Set(rows.map((row) => row.toString('hex'))).size).toBe(320);
});

test('nothing of an id or a tag is in what is served', async () => {
  using world = new TagWorld();
  world.write(members(30));
  const manifest = await world.seal('v1');
  const bytes = Buffer.concat(rowsOf(world, manifest));
  for (const word of [idOf(3), 'note 3', 'silver']) expect(bytes.includes(word)).toBe(false);
});

test('the same row in two versions has nothing in common, under one key or two', async () => {
  using world = new TagWorld();
  world.write(members(10));
  const first = await world.seal('v1');
  const size = first.fingerprintBytes;
  const before = rowsOf(world, first);
  for (const [version, epoch] of [
    ['v2', 'same'],
    ['v3', 'next'],
  ] as const) {
    const after = rowsOf(world, await world.seal(version, { epoch }));
    const shared = (part: (row: Buffer) => string): number => {
      const known = new Set(before.map(part));
      return after.filter((row) => known.has(part(row))).length;
    };
    expect(shared((row) => row.subarray(0, size).toString('hex'))).toBe(0);
    expect(shared((row) => row.subarray(size).toString('hex'))).toBe(0);
  }
});

describe('a sealing that is stopped', () => {
  /** Stops after so many progress reports, as a kill would: without a word to the sealing. */
  const stopAfter = async (world: TagWorld, reports: number): Promise<void> => {
    const sealing = seal(world.sealOptions('v1'));
    for (let i = 0; i < reports; i++) await sealing.next();
    await sealing.return(undefined as never);
  };
  const saltOf = (world: TagWorld): string => {
    const folder = world.path('sealed/members/bank/sealing');
    const { salt } = readCheckpoint(folder, placeOf(world.sealOptions('v1')))!.plan;
    return salt;
  };

  test('goes on under the same salt, and ends with the same rows', async () => {
    using world = new TagWorld();
    world.write(members(120));
    await stopAfter(world, 1);
    const salt = saltOf(world);
    const manifest = await world.seal('v1');
    expect(Buffer.from(manifest.layers[0]!.salt).toString('hex')).toBe(salt);
    expect(existsSync(world.path('sealed/members/bank/sealing'))).toBe(false);
    const client = await world.client(world.server());
    await finish(client.sync(never()));
    const answers = await ask(client, [idOf(0), idOf(119), '999999']);
    expect(answers.map((each) => plain(each)?.score)).toEqual([0n, 119n, undefined]);
  });

  test('begins anew under another salt when the table has changed meanwhile', async () => {
    using world = new TagWorld();
    world.write(members(120));
    await stopAfter(world, 1);
    const salt = saltOf(world);
    world.write(members(121));
    const manifest = await world.seal('v1');
    expect(Buffer.from(manifest.layers[0]!.salt).toString('hex')).not.toBe(salt);
  });

  test('begins anew when its checkpoint was changed, and refuses rows that were cut', async () => {
    using world = new TagWorld();
    world.write(members(120));
    await stopAfter(world, 1);
    const salt = saltOf(world);
    const folder = world.path('sealed/members/bank/sealing');
    const rows = readdirSync(folder).find((name) => name.startsWith('rows-'))!;
    truncateSync(join(folder, rows), 7);
    expect((await refusal(world.seal('v1'))).code).toBe('verification-failed');
    const checkpoint = readFileSync(join(folder, 'checkpoint.sealed'));
    checkpoint[checkpoint.length - 20]! ^= 1;
    writeFileSync(join(folder, 'checkpoint.sealed'), checkpoint);
    const manifest = await world.seal('v1');
    expect(Buffer.from(manifest.layers[0]!.salt).toString('hex')).not.toBe(salt);
  });

  test('by SIGKILL in the middle of its rows goes on from its checkpoint, and seals the rest', async () => {
    using world = new TagWorld();
    Object.assign(world.company, { privateKey, publicKey });
    world.write(members(5_000));
    const child = spawn(process.execPath, [SEAL_PROCESS, world.folder], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [said] = await once(child.stdout.setEncoding('utf8'), 'data');
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(said).toMatch(/^rows 2048/);
    const salt = saltOf(world);
    // Bytes behind the checkpoint: what a process had written when it died.
    const folder = world.path('sealed/members/bank/sealing');
    for (const name of readdirSync(folder).filter((each) => each.endsWith('.part'))) {
      appendFileSync(join(folder, name), Buffer.alloc(777, 7));
    }
    let evaluated = 0;
    const compute: Compute = {
      threads: 1,
      run: (name, input, options) => {
        if (name === 'oprfEvaluateDirect')
          evaluated += (input as unknown as { inputs: unknown[] }).inputs.length;
        return world.compute.run(name, input, options);
      },
    };
    const manifest = await world.seal('v1', { compute });
    expect(evaluated).toBeLessThanOrEqual(5_000 - 2_048 + 1);
    expect(Buffer.from(manifest.layers[0]!.salt).toString('hex')).toBe(salt);
    const client = await world.client(world.server());
    await finish(client.sync(never()));
    const asked = [0, 2_047, 2_048, 4_999, 5_000];
    const answers = await ask(client, asked.map(idOf));
    expect(answers.map((each) => plain(each)?.score)).toEqual([0n, 2047n, 2048n, 4999n, undefined]);
  }, 120_000);
});

describe('refused, with the row', () => {
  test.each([
    ['two rows with one id', [rowOf(1), rowOf(2), rowOf(1)], { firstRow: 1, row: 3 }],
    ['an id that is none', [rowOf(1), 'abc,1,1,yes,2020-01-01,gold,x'], { row: 2 }],
    ['an empty id', [rowOf(1), ',1,1,yes,2020-01-01,gold,x'], { row: 2 }],
    ['a value of another type', [rowOf(1), `${idOf(2)},1,abc,yes,2020-01-01,gold,x`], { row: 2 }],
    ['an undeclared word', [`${idOf(2)},1,1,yes,2020-01-01,bronze,x`], { row: 1, field: 'tier' }],
    ['a row that is too long', [rowOf(1), `${rowOf(2)} and so on and on`], { row: 2 }],
  ])('%s', async (_, rows, facts) => {
    using world = new TagWorld();
    world.write(tableOf(rows));
    const error = await refusal(world.seal('v1'));
    expect(error.code).toBe('invalid-argument');
    expect(error.facts).toMatchObject(facts);
    expect(error.message).not.toMatch(/bronze|abc|138/);
  });

  test('a version of a name that is sealed already', async () => {
    using world = new TagWorld();
    world.write(members(3));
    await world.seal('v1');
    expect((await refusal(world.seal('v1'))).code).toBe('already-exists');
  });

  test('a delta without a version, with a new epoch, or with another schema', async () => {
    using world = new TagWorld();
    world.write(members(3));
    expect((await refusal(world.seal('v2', { kind: 'delta' }))).code).toBe('invalid-argument');
    await world.seal('v1');
    const rotated = world.seal('v2', { kind: 'delta', epoch: 'next' });
    expect((await refusal(rotated)).code).toBe('invalid-argument');
    const options = world.sealOptions('v2');
    const fields = options.table.source.fields.slice(0, 2);
    const columns = options.table.source.columns.slice(0, 2);
    const table = { ...options.table, source: { ...options.table.source, fields, columns } };
    expect((await refusal(world.seal('v2', { kind: 'delta', table }))).message).toMatch(/schema/);
  });
});

describe('deltas', () => {
  test('changed, new and removed rows are seen; unchanged ones are not sealed again', async () => {
    using world = new TagWorld();
    const { client } = await world.ready(40);
    const rows = Array.from({ length: 39 }, (_, i) => rowOf(i, i === 5 ? 500 : i));
    world.write(tableOf([...rows, rowOf(100)]));
    const delta = await world.seal('v2', { kind: 'delta' });
    expect(delta.layers.map(({ rows }) => rows)).toEqual([256n, 256n]);
    await finish(client.sync(never()));
    const ids = [5, 6, 39, 100].map(idOf);
    const scores = async () => (await ask(client, ids)).map((each) => plain(each)?.score);
    expect(await scores()).toEqual([500n, 6n, undefined, 100n]);
    expect(await client.checkCanary(never())).toBe(true);
    // The removed row comes back, and what was changed changes again, on a third layer.
    world.write(members(40));
    await world.seal('v3', { kind: 'delta' });
    await finish(client.sync(never()));
    expect(await scores()).toEqual([5n, 6n, 39n, undefined]);
    const whole = await world.seal('v4');
    expect(whole.layers.length).toBe(1);
    await finish(client.sync(never()));
    expect(await scores()).toEqual([5n, 6n, 39n, undefined]);
  });

  test('a delta of one row has the size of a delta of none', async () => {
    using world = new TagWorld();
    world.write(members(20));
    await world.seal('v1');
    const none = await world.seal('v2', { kind: 'delta' });
    world.write(tableOf([rowOf(0, 9)]));
    const some = await world.seal('v3', { kind: 'delta' });
    expect(some.layers.at(-1)!.rows).toBe(none.layers.at(-1)!.rows);
  });
});

test('what is missing is absent, and what is marked as unknown is unknown', async () => {
  using world = new TagWorld();
  world.write(tableOf([`${idOf(1)},?,,NA,?,?,?`, `${idOf(2)},4,1,no,1969-12-31,gold,`]));
  await world.seal('v1');
  const client = await world.client(world.server());
  await finish(client.sync(never()));
  const [first, second] = await ask(client, [idOf(1), idOf(2)]);
  expect(plain(first)).toEqual({
    score: 'unknown',
    share: 'absent',
    member: 'absent',
    since: 'unknown',
    tier: 'unknown',
    note: 'unknown',
  });
  expect(plain(second)).toMatchObject({ score: 4n, since: '1969-12-31', note: 'absent' });
});

test('a disk without room is told by name, and with room the sealing ends', async () => {
  using world = new TagWorld();
  world.write(members(2_000));
  // A limit of 64 KiB on each file stands for the full disk: writes fail in the same place.
  const child = spawn(
    'bash',
    ['-c', `ulimit -f 64; exec "${process.execPath}" "${SEAL_PROCESS}" "${world.folder}"`],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  await once(child, 'close');
  expect(said.trim().split('\n').at(-1)).toBe('budget-exhausted');
  Object.assign(world.company, { privateKey, publicKey });
  const manifest = await world.seal('v1');
  expect(manifest.layers[0]!.rows).toBe(2_048n);
}, 120_000);
