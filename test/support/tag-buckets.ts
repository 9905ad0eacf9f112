/** A company that offers buckets, and a bank that holds no mirror. */
import { asSottoError } from '../../src/base/errors.ts';
import type { TagClient, TagClientOptions } from '../../src/tags/client.ts';
import type { Meter } from '../../src/tags/meter.ts';
import type { TagRemote } from '../../src/tags/remote.ts';
import type { TagServer } from '../../src/tags/server.ts';
import { localRemote } from './local-remote.ts';
import { finish, members } from './tag-parts.ts';
import { never, type TagWorld } from './tag-world.ts';

export const POLICY = { minAnonymity: 20, maxDownloadBytes: 0, maxLatencyMs: 60_000 };
export const ROWS = 120;

export async function sealed(world: TagWorld, version = 'v1', delta = false): Promise<void> {
  const options = world.sealOptions(version, { kind: delta ? 'delta' : 'whole' });
  const table = { ...options.table, bucketAnonymity: 20 };
  await world.seal(version, { kind: options.kind, table });
}

export async function ready(
  world: TagWorld,
  through: (remote: TagRemote) => TagRemote = (remote) => remote,
  changes: Partial<TagClientOptions> = {},
): Promise<{ server: TagServer; client: TagClient; meter: Meter }> {
  world.write(members(ROWS));
  await sealed(world);
  const meter = world.meter();
  const server = world.server({ meter });
  const client = await world.client(through(localRemote(server, 'bank')), {
    policy: POLICY,
    ...changes,
  });
  await finish(client.sync(never()));
  return { server, client, meter };
}

export const refused = async (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'accepted',
    (thrown: unknown) => asSottoError(thrown).code,
  );
