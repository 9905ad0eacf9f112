/** The made-up company of a folder: how its table of members is sealed, and the service that answers for it. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Vault } from '../../src/base/sealed.ts';
import { Secret } from '../../src/base/secret.ts';
import type { Compute } from '../../src/compute/compute.ts';
import {
  type PartyKeys,
  type PartyPublic,
  publicFile,
  readPrivate,
  readPublic,
} from '../../src/rpc/keys.ts';
import { Meter } from '../../src/tags/meter.ts';
import type { SealOptions } from '../../src/tags/seal.ts';
import { TagServer } from '../../src/tags/server.ts';
import { FIELDS } from './tag-parts.ts';

type Coins = Pick<SealOptions, 'signingKey' | 'compute' | 'random'>;

/** The same in every process of a test. */
export const TEST_VAULT = new Vault(new Secret(new Uint8Array(32).fill(9)));

/** `members.csv` of the folder as a whole first version, without quotas or canaries unless said otherwise. */
export function sealOptions(
  folder: string,
  coins: Coins,
  table: { readonly unknown?: readonly string[] } & Partial<SealOptions['table']> = {},
): SealOptions {
  const { unknown = [], ...changes } = table;
  return {
    table: {
      datasetId: 'members',
      tenant: 'bank',
      source: {
        dataset: {
          path: join(folder, 'members.csv'),
          idColumn: 'phone',
          idNormalization: ['phone-digits'],
        },
        fields: FIELDS,
        columns: FIELDS.map(({ name }) => name),
        unknown,
        digestAlgorithm: 'none',
      },
      idType: 'phone',
      quota: { perSecond: 0, perDay: 0, perEpoch: 0 },
      price: '',
      validMs: 86_400_000,
      canaries: 0,
      ...changes,
    },
    versionId: 'v1',
    kind: 'whole',
    epoch: 'same',
    sealed: join(folder, 'sealed'),
    secrets: join(folder, 'secrets'),
    vault: TEST_VAULT,
    now: () => Date.now(),
    signal: new AbortController().signal,
    ...coins,
  };
}

/** What the sealed tables are served by, with the keys of the folder: the company's, and of the banks that may ask. */
export async function tagService(
  folder: string,
  compute: Compute,
  banks: readonly string[] = ['bank'],
): Promise<{ keys: PartyKeys; peers: PartyPublic[]; service: TagServer; meter: Meter }> {
  const keys = await readPrivate(join(folder, 'keys'), 'company');
  const peers = await Promise.all(
    banks.map(async (bank) =>
      readPublic(await readFile(publicFile(join(folder, 'keys'), bank), 'utf8')),
    ),
  );
  const now = (): number => Date.now();
  const meter = new Meter(join(folder, 'debits.sqlite'), now);
  const service = new TagServer({
    tables: banks.map((tenant) => ({ datasetId: 'members', tenant, purposes: ['marketing'] })),
    sealed: join(folder, 'sealed'),
    secrets: join(folder, 'secrets'),
    vault: TEST_VAULT,
    signingKey: keys.signingKey,
    compute,
    meter,
    now,
  });
  return { keys, peers, service, meter };
}
