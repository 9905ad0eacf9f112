/** A company that serves a sealed table by mirror and buckets, and what a bank hears of it, for messages to be mutated. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { inlineCompute } from '../../src/compute/inline.ts';
import type { LookupResult, SignedManifest } from '../../src/gen/sotto/tag/v1/tag_pb.ts';
import { systemRandom } from '../../src/jobs/system.ts';
import { initKeys, type PartyKeys, readPrivate } from '../../src/rpc/keys.ts';
import { ReceiptStore } from '../../src/tags/audit.ts';
import { TagClient } from '../../src/tags/client.ts';
import type { TagRemote } from '../../src/tags/remote.ts';
import { seal } from '../../src/tags/seal.ts';
import type { TagServer } from '../../src/tags/server.ts';
import { localRemote } from '../support/local-remote.ts';
import { sealOptions, TEST_VAULT, tagService } from '../support/tag-company.ts';
import { finish, idOf, members } from '../support/tag-parts.ts';
import { fuzzFolder } from './target.ts';

const never = new AbortController().signal;
const compute = inlineCompute();

export interface TagStage {
  readonly service: TagServer;
  readonly keys: PartyKeys;
  readonly manifest: SignedManifest;
  /** Where it all lies: `sealed`, `secrets`, `receipts`, and a folder for each engine. */
  readonly folder: string;
  /** One look-up through a client that opens what lies there now. */
  reopen(engine: 'mirror' | 'bucket'): Promise<LookupResult[]>;
  /** One look-up by this engine; what is heard goes through `change`. */
  ask(engine: 'mirror' | 'bucket', change?: (remote: TagRemote) => TagRemote): Promise<void>;
}

export async function openTagStage(): Promise<TagStage> {
  const folder = fuzzFolder();
  for (const party of ['company', 'bank']) await initKeys(party, join(folder, 'keys'));
  writeFileSync(join(folder, 'members.csv'), members(24));
  const keys = await readPrivate(join(folder, 'keys'), 'company');
  const { signingKey } = keys;
  const coins = { signingKey, compute, random: systemRandom };
  await finish(seal(sealOptions(folder, coins, { bucketAnonymity: 6 })));
  const { service } = await tagService(folder, compute);
  const honest = localRemote(service, 'bank');
  const request = { datasetId: 'members', knownSequence: 0n };
  const { manifests } = await honest.getManifest(
    { $typeName: 'sotto.tag.v1.GetManifestRequest', ...request },
    never,
  );
  const receipts = ReceiptStore.open(join(folder, 'receipts'), systemRandom, TEST_VAULT);
  let remote = honest;
  const clientOf = (engine: 'mirror' | 'bucket'): Promise<TagClient> =>
    TagClient.open({
      remote: {
        getManifest: (...args) => remote.getManifest(...args),
        fetchBlob: (...args) => remote.fetchBlob(...args),
        query: (...args) => remote.query(...args),
        transfer: (...args) => remote.transfer(...args),
      },
      folder: join(folder, engine),
      datasetId: 'members',
      tenant: 'bank',
      signer: keys.public.signingKey,
      purpose: 'marketing',
      policy: {
        minAnonymity: 6,
        maxDownloadBytes: engine === 'mirror' ? 1 << 30 : 0,
        maxLatencyMs: 60_000,
      },
      receipts,
      compute,
      random: systemRandom,
      sleep: async () => undefined,
    });
  const open = async (engine: 'mirror' | 'bucket'): Promise<TagClient> => {
    const client = await clientOf(engine);
    await finish(client.sync(never));
    return client;
  };
  const clients = { mirror: await open('mirror'), bucket: await open('bucket') };
  return {
    service,
    keys,
    manifest: manifests[0]!,
    folder,
    async reopen(engine) {
      remote = honest;
      using client = await clientOf(engine);
      return (await client.lookup(client.form([idOf(3)]), never)).results;
    },
    async ask(engine, change = (same) => same) {
      remote = change(honest);
      const client = clients[engine];
      await client.lookup(client.form([idOf(3)]), never);
    },
  };
}
