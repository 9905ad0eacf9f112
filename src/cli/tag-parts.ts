/** From a configuration to what the tags layer takes: tables to seal, folders, and clients of peers' tables. */
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { create } from '@bufbuild/protobuf';
import { SottoError } from '../base/errors.ts';
import type { Vault } from '../base/sealed.ts';
import type { Compute } from '../compute/compute.ts';
import { TagFieldSchema, TagType } from '../gen/sotto/tag/v1/tag_pb.ts';
import { systemRandom } from '../jobs/index.ts';
import { connectTags, type PartyKeys, type PartyPublic, readPrivate } from '../rpc/index.ts';
import {
  ReceiptStore,
  type SealOptions,
  type ServedTable,
  TagClient,
  type TagTable,
} from '../tags/index.ts';
import { type Config, tablesOf } from './config.ts';
import type { MirrorConfig, SealedTableConfig, TagsConfig } from './tags-config.ts';
import { openVault } from './vault.ts';

const DAY_MS = 86_400_000;
const MIB = 1 << 20;

const TYPES: Readonly<Record<SealedTableConfig['fields'][number]['type'], TagType>> = {
  int: TagType.INT,
  float: TagType.FLOAT,
  bool: TagType.BOOL,
  date: TagType.DATE,
  enum: TagType.ENUM,
  string: TagType.STRING,
};

export function tagsOf(config: Config): TagsConfig {
  if (config.tags !== undefined) return config.tags;
  const message = 'the configuration has no "tags": nothing is sealed and nobody is asked';
  throw new SottoError('invalid-argument', message, { field: 'tags' });
}

/** Where this party keeps what opens its sealed tables. */
export const secretsFolder = (config: Config): string => join(config.state, 'tags', 'secrets');
export const meterFile = (config: Config): string => join(config.state, 'tags', 'debits.sqlite');

/** A table as it is sealed for one of the peers that it is offered to. */
function tableFor(config: Config, name: string, tenant: string): TagTable {
  const table = tagsOf(config).tables[name];
  const offer = table?.offers.find(({ peer }) => peer === tenant);
  if (table === undefined || offer === undefined) {
    const message = 'the configuration offers no such table to this peer';
    throw new SottoError('not-found', message, { table: name, peer: tenant });
  }
  const { perSecond, perDay, perEpoch, quotas, mirror, bucketAnonymity, price, validDays } = offer;
  return {
    datasetId: name,
    tenant,
    source: {
      dataset: tablesOf(config)[table.dataset ?? name]!,
      fields: table.fields.map(({ name: field, type, words, maxBytes }, index) =>
        create(TagFieldSchema, {
          number: index + 1,
          name: field,
          type: TYPES[type],
          words,
          maxBytes,
        }),
      ),
      columns: table.fields.map((field) => field.column ?? field.name),
      unknown: table.unknown,
      digestAlgorithm: table.idDigest,
    },
    idType: table.idType,
    ...(table.recordBytes === undefined ? {} : { recordBytes: table.recordBytes }),
    quota: { perSecond, perDay, perEpoch },
    purposeQuotas: quotas,
    mirror,
    ...(bucketAnonymity === undefined ? {} : { bucketAnonymity }),
    price,
    validMs: validDays * DAY_MS,
    canaries: table.canaries,
  };
}

/** What a configuration decides about sealing one of its tables; the rest is the caller's. */
export async function sealOptionsOf(
  config: Config,
  name: string,
  tenant: string,
): Promise<Omit<SealOptions, 'versionId' | 'kind' | 'epoch' | 'compute' | 'signal'>> {
  const vault = await openVault(config);
  const { signingKey } = await readPrivate(config.keys, config.party, vault);
  return {
    table: tableFor(config, name, tenant),
    sealed: tagsOf(config).sealed,
    secrets: secretsFolder(config),
    vault,
    signingKey,
    random: systemRandom,
    now: () => Date.now(),
  };
}

export const servedTables = (config: Config): ServedTable[] =>
  Object.entries(tagsOf(config).tables).flatMap(([datasetId, { offers }]) =>
    offers.map(({ peer, purposes }) => ({ datasetId, tenant: peer, purposes })),
  );

export interface AskingParts {
  readonly keys: PartyKeys;
  readonly publics: readonly PartyPublic[];
  readonly compute: Compute;
  readonly vault: Vault;
}

export interface OpenClient extends AsyncDisposable {
  readonly client: TagClient;
  readonly receipts: ReceiptStore;
  readonly mirror: MirrorConfig;
}

export function mirrorOf(config: Config, name: string): MirrorConfig {
  const { mirrors } = tagsOf(config);
  const mirror = mirrors[name];
  if (mirror !== undefined) return mirror;
  const known = Object.keys(mirrors).join(', ') || 'none';
  throw new SottoError('not-found', 'the configuration has no such mirror', { table: name, known });
}

export function openReceipts(config: Config, name: string, vault: Vault): ReceiptStore {
  return ReceiptStore.open(join(config.state, 'tags', 'receipts', name), systemRandom, vault);
}

/** The client of one peer's table; connects when it is first used. */
export async function openClient(
  config: Config,
  name: string,
  { keys, publics, compute, vault }: AskingParts,
): Promise<OpenClient> {
  const mirror = mirrorOf(config, name);
  const server = publics.find((peer) => peer.name === mirror.peer)!;
  const remote = connectTags({ address: mirror.address, server, keys });
  const receipts = openReceipts(config, name, vault);
  const close = async (): Promise<void> => {
    receipts[Symbol.dispose]();
    await remote[Symbol.asyncDispose]();
  };
  try {
    const client = await TagClient.open({
      remote,
      folder: join(config.state, 'tags', 'mirrors', name),
      datasetId: mirror.table ?? name,
      tenant: config.party,
      signer: server.signingKey,
      purpose: mirror.purpose,
      policy: {
        minAnonymity: mirror.minAnonymity,
        maxDownloadBytes: mirror.maxDownloadMiB * MIB,
        maxLatencyMs: mirror.maxLatencyMs,
      },
      receipts,
      compute,
      random: systemRandom,
      sleep: (ms, signal) => setTimeout(ms, undefined, { signal }),
    });
    const dispose = async (): Promise<void> => {
      client[Symbol.dispose]();
      await close();
    };
    return { client, receipts, mirror, [Symbol.asyncDispose]: dispose };
  } catch (thrown) {
    await close();
    throw thrown;
  }
}
