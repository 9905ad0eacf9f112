/** The `tags` part of a worker's configuration: tables that are sealed for peers, and tables of peers that are asked. */
import { z } from 'zod';
import type { Complaint } from './yaml.ts';

const text = z.string().min(1);
const address = z.string().regex(/^[^\s:/]+:\d{1,5}$/, 'expected host:port');
/** A name that is also a folder's. */
const table = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, 'expected a name of letters, digits, . _ and -');
const limit = z.int().min(0).max(Number.MAX_SAFE_INTEGER).default(0);

const TAG_TYPES = ['int', 'float', 'bool', 'date', 'enum', 'string'] as const;

const field = z.strictObject({
  name: text,
  type: z.enum(TAG_TYPES),
  /** Absent: the column of that name. */
  column: text.optional(),
  words: z.array(text).default([]),
  /** Of a string, in bytes of UTF-8. */
  maxBytes: z.int().min(0).max(4096).default(0),
});

/** Evaluations; 0 for no limit. The only defence against a peer that asks for every possible id. */
const quota = { perSecond: limit, perDay: limit, perEpoch: limit };

const offer = z.strictObject({
  peer: text,
  purposes: z.array(text).min(1),
  ...quota,
  /** Of single purposes, besides. */
  quotas: z.record(text, z.strictObject(quota)).default({}),
  /** Whether the peer may download the sealed table. */
  mirror: z.boolean().default(true),
  /** Rows among which a row is hidden that is fetched from a bucket; absent: no buckets. */
  bucketAnonymity: z.int().min(2).max(30_000).optional(),
  price: z.string().max(100).default(''),
  /** How long a version is answered once it is sealed. */
  validDays: z.number().min(0.001).max(3650).default(30),
});

const sealedTable = z.strictObject({
  /** Absent: the dataset of the same name. */
  dataset: text.optional(),
  /** What the ids are, e.g. "phone". */
  idType: text.max(64).default('id'),
  /** sha256: the table holds lower-case hex digests of normalised ids, and the asker digests its own. */
  idDigest: z.enum(['none', 'sha256']).default('none'),
  fields: z.array(field).min(1),
  recordBytes: z.int().min(1).max(65_536).optional(),
  /** Texts that mean that a value is not known, as opposed to absent. */
  unknown: z.array(z.string()).default([]),
  canaries: z.int().min(0).max(8).default(1),
  offers: z.array(offer).min(1),
});

const mirror = z.strictObject({
  peer: text,
  /** The peer's name for the table; absent: this entry's own name. */
  table: table.optional(),
  /** Where the peer serves tags. */
  address,
  purpose: text,
  /** Ids among which an asked one is hidden. */
  minAnonymity: z.union([z.literal('full'), z.int().min(1)]).default('full'),
  maxDownloadMiB: z.number().min(0).default(4096),
  maxLatencyMs: z.int().min(1).max(600_000).default(5_000),
  /** How often a worker looks for a newer version. */
  syncMinutes: z.number().min(0.01).max(43_200).default(60),
});

const sidecar = z.strictObject({
  grpc: address.optional(),
  http: address.optional(),
  /** mutual: operators of this file, by certificate. none: loopback only. */
  tls: z.enum(['mutual', 'none']).default('mutual'),
  /** How long a look-up waits for others to share its query. */
  windowMs: z.number().min(0).max(1000).default(2),
  reflection: z.boolean().default(false),
});

export const tagsSchema = z.strictObject({
  /** Where peers ask for tags of `tables`; absent: nobody can. */
  listen: address.optional(),
  /** Where sealed tables lie: secret to nobody. */
  sealed: text.default('sealed'),
  tables: z.record(table, sealedTable).default({}),
  mirrors: z.record(table, mirror).default({}),
  sidecar: sidecar.optional(),
});

export type TagsConfig = z.output<typeof tagsSchema>;
export type SealedTableConfig = TagsConfig['tables'][string];
export type MirrorConfig = TagsConfig['mirrors'][string];

/** Names in this part that refer to nothing elsewhere in the file. */
export function tagComplaints(
  tags: TagsConfig,
  known: { readonly peers: readonly string[]; readonly datasets: readonly string[] },
): Complaint[] {
  const complaints: Complaint[] = [];
  const refer = (kind: 'peer' | 'dataset', word: string, path: Complaint['path']): void => {
    const names = kind === 'peer' ? known.peers : known.datasets;
    if (names.includes(word)) return;
    const text = `no ${kind} "${word}" in this file; known: ${names.join(', ') || 'none'}`;
    complaints.push({ path, at: 'value', text });
  };
  for (const [name, { dataset, offers }] of Object.entries(tags.tables)) {
    refer('dataset', dataset ?? name, ['tags', 'tables', name]);
    for (const [index, { peer, purposes, quotas, mirror, bucketAnonymity }] of offers.entries()) {
      const path = ['tags', 'tables', name, 'offers', index];
      refer('peer', peer, [...path, 'peer']);
      for (const purpose of Object.keys(quotas)) {
        if (purposes.includes(purpose)) continue;
        const text = `"${purpose}" is none of the purposes of this offer`;
        complaints.push({ path: [...path, 'quotas', purpose], at: 'key', text });
      }
      if (!mirror && bucketAnonymity === undefined) {
        const text = 'without a mirror, buckets are needed: set bucketAnonymity';
        complaints.push({ path: [...path, 'mirror'], at: 'value', text });
      }
    }
  }
  for (const [name, { peer }] of Object.entries(tags.mirrors)) {
    refer('peer', peer, ['tags', 'mirrors', name, 'peer']);
  }
  return complaints;
}
