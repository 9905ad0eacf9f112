/** A company that seals and serves a table, and a bank that asks it, in one process: real files, real cryptography. */
import { type createPublicKey, generateKeyPairSync } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { Compute } from '../../src/compute/compute.ts';
import { inlineCompute } from '../../src/compute/inline.ts';
import type { LookupResult, Manifest } from '../../src/gen/sotto/tag/v1/tag_pb.ts';
import { ReceiptStore } from '../../src/tags/audit.ts';
import { TagClient, type TagClientOptions } from '../../src/tags/client.ts';
import { Meter } from '../../src/tags/meter.ts';
import type { TagRemote } from '../../src/tags/remote.ts';
import { type SealOptions, seal } from '../../src/tags/seal.ts';
import { TagServer, type TagServerOptions } from '../../src/tags/server.ts';
import { localRemote } from './local-remote.ts';
import { seededRandom } from './random.ts';
import { sealOptions, TEST_VAULT } from './tag-company.ts';
import { finish, members } from './tag-parts.ts';
import { temporaryFolder } from './temporary-folder.ts';

export const keysOf = (): {
  privateKey: ReturnType<typeof createPublicKey>;
  publicKey: ReturnType<typeof createPublicKey>;
} => generateKeyPairSync('ed25519');

export class TagWorld implements Disposable {
  readonly folder = temporaryFolder();
  readonly company = keysOf();
  readonly random = seededRandom('tags');
  readonly compute: Compute = inlineCompute();
  readonly clock = { now: Date.UTC(2026, 10, 22, 12) };
  readonly #open: Disposable[] = [];
  quota = { perSecond: 0, perDay: 0, perEpoch: 0 };

  path(...names: string[]): string {
    return join(this.folder, ...names);
  }

  write(table: string): void {
    mkdirSync(this.folder, { recursive: true });
    writeFileSync(this.path('members.csv'), table);
  }

  sealOptions(versionId: string, changes: Partial<SealOptions> = {}): SealOptions {
    const coins = {
      signingKey: this.company.privateKey,
      compute: this.compute,
      random: this.random,
    };
    const table = { unknown: ['?'], quota: this.quota, canaries: 1 };
    const now = (): number => this.clock.now;
    return { ...sealOptions(this.folder, coins, table), versionId, now, ...changes };
  }

  async seal(versionId: string, changes: Partial<SealOptions> = {}): Promise<Manifest> {
    return await finish(seal(this.sealOptions(versionId, changes)));
  }

  meter(file = 'tags.sqlite'): Meter {
    const meter = new Meter(this.path(file), () => this.clock.now);
    this.#open.push(meter);
    return meter;
  }

  server(changes: Partial<TagServerOptions> = {}): TagServer {
    return new TagServer({
      tables: [{ datasetId: 'members', tenant: 'bank', purposes: ['marketing'] }],
      sealed: this.path('sealed'),
      secrets: this.path('secrets'),
      vault: TEST_VAULT,
      signingKey: this.company.privateKey,
      compute: this.compute,
      meter: changes.meter ?? this.meter(),
      now: () => this.clock.now,
      ...changes,
    });
  }

  receipts(): ReceiptStore {
    const store = ReceiptStore.open(this.path('receipts'), this.random, TEST_VAULT);
    this.#open.push(store);
    return store;
  }

  async client(
    server: TagServer | TagRemote,
    changes: Partial<TagClientOptions> = {},
  ): Promise<TagClient> {
    const client = await TagClient.open({
      remote: server instanceof TagServer ? localRemote(server, 'bank') : server,
      folder: this.path('mirror'),
      datasetId: 'members',
      tenant: 'bank',
      signer: this.company.publicKey,
      purpose: 'marketing',
      policy: { minAnonymity: 'full', maxDownloadBytes: 1 << 30, maxLatencyMs: 20_000 },
      receipts: changes.receipts ?? this.receipts(),
      compute: this.compute,
      random: this.random,
      sleep: (ms, signal) => setTimeout(ms, undefined, { signal }),
      ...changes,
    });
    this.#open.push(client);
    return client;
  }

  /** Sealed, served, mirrored: ready to be asked. */
  async ready(rows = 40): Promise<{ server: TagServer; client: TagClient; meter: Meter }> {
    this.write(members(rows));
    await this.seal('v1');
    const meter = this.meter();
    const server = this.server({ meter });
    const client = await this.client(server);
    await finish(client.sync(never()));
    return { server, client, meter };
  }

  [Symbol.dispose](): void {
    for (const each of this.#open.toReversed()) each[Symbol.dispose]();
  }
}

export const never = (): AbortSignal => new AbortController().signal;

export async function ask(client: TagClient, ids: readonly string[]): Promise<LookupResult[]> {
  const { results } = await client.lookup(client.form(ids), never());
  return results;
}

/** Name to plain value; undefined where there is no such id. */
export function plain(result: LookupResult | undefined): Record<string, unknown> | undefined {
  if (result?.found !== true) return undefined;
  const shown = ({ value }: LookupResult['tags'][number]): unknown =>
    value.case === 'absent' || value.case === 'unknown' ? value.case : value.value;
  return Object.fromEntries(result.tags.map((tag) => [tag.name, shown(tag)]));
}
