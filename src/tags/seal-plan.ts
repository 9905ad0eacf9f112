/** What a sealing will do, fixed before its first row: which key, which layer, of which sizes. */
import { createPublicKey, type KeyObject } from 'node:crypto';
import { toHex } from '../base/bytes.ts';
import { SottoError } from '../base/errors.ts';
import type { Random } from '../base/random.ts';
import type { Vault } from '../base/sealed.ts';
import type { Compute } from '../compute/compute.ts';
import type { Manifest, SignedManifest, TagField } from '../gen/sotto/tag/v1/tag_pb.ts';
import { BUCKET_SALT_BYTES } from './buckets.ts';
import { newCanary } from './canary.ts';
import { type Checkpoint, forget, originOf, type Plan, readCheckpoint } from './checkpoint.ts';
import { type Epoch, makeEpoch, openEpoch } from './epochs.ts';
import { fileSha256 } from './files.ts';
import type { TableFolder } from './folder.ts';
import { checkNamed, MOST_LAYERS, manifestHash, readManifest, SALT_BYTES } from './manifest.ts';
import { checkFields, longestRecord } from './schema.ts';
import { fingerprintBytes, segmentCount, sizeClass } from './shape.ts';
import type { OpenRows, RowSource } from './source.ts';

/** Evaluations; 0 for no limit. */
export interface TagQuota {
  readonly perSecond: number;
  readonly perDay: number;
  readonly perEpoch: number;
}

/** A dataset as it is sealed for one tenant. */
export interface TagTable {
  readonly datasetId: string;
  /** The peer that will ask. */
  readonly tenant: string;
  readonly source: RowSource;
  /** What the ids are, e.g. "phone". */
  readonly idType: string;
  /** Bytes of each record; absent: the longest that the schema allows. */
  readonly recordBytes?: number;
  readonly quota: TagQuota;
  /** Of single purposes, besides the one for all. */
  readonly purposeQuotas?: Readonly<Record<string, TagQuota>>;
  readonly price: string;
  /** Whether the sealed table may be downloaded. Absent: it may. */
  readonly mirror?: boolean;
  /** Rows at least among which one is hidden that is fetched from a bucket; absent: there are no buckets. */
  readonly bucketAnonymity?: number;
  /** How long queries of this version are answered. */
  readonly validMs: number;
  /** Ids sealed for the sake of checking the way to a row. */
  readonly canaries: number;
}

export interface SealOptions {
  readonly table: TagTable;
  readonly versionId: string;
  /** Everything anew in one layer, or what changed since the last version as a layer on top. */
  readonly kind: 'whole' | 'delta';
  /** A new key; the versions under the old one are answered until they expire. */
  readonly epoch: 'same' | 'next';
  /** Root folder of what is served. */
  readonly sealed: string;
  /** Root folder of what opens it. */
  readonly secrets: string;
  readonly vault: Vault;
  readonly signingKey: KeyObject;
  readonly compute: Compute;
  readonly random: Random;
  readonly now: () => number;
  readonly signal: AbortSignal;
  /** Rows between two checkpoints; absent: a few seconds of work. */
  readonly checkpointRows?: number;
}

export interface Prepared {
  readonly epoch: Epoch;
  readonly plan: Plan;
  /** Where an earlier run of the same plan stopped. */
  readonly resumed: Checkpoint | undefined;
  readonly current: { readonly signed: SignedManifest; readonly manifest: Manifest } | undefined;
}

/** Evaluations that an unlimited quota allows, for the length of fingerprints. */
const MANY = 2 ** 40;

export async function prepare(
  options: SealOptions,
  folder: TableFolder,
  rows: OpenRows,
): Promise<Prepared> {
  const { table, versionId, kind, compute, random } = options;
  checkNamed('version', versionId);
  checkFields(table.source.fields);
  if (table.mirror === false && table.bucketAnonymity === undefined) {
    const facts = { field: 'mirror' };
    throw new SottoError('invalid-argument', 'neither mirror nor buckets: nobody could ask', facts);
  }
  const chain = readChain(options, folder);
  const current = chain.at(-1);
  if (chain.some(({ manifest }) => manifest.versionId === versionId)) {
    const facts = { dataset: table.datasetId, version: versionId };
    throw new SottoError('already-exists', 'a version of this name is sealed already', facts);
  }
  if (kind === 'delta') checkDelta(options, current?.manifest);
  const place = placeOf(options);
  const number = (current?.manifest.epoch ?? 0) + (options.epoch === 'next' ? 1 : 0) || 1;
  makeEpoch(place, number, random);
  const epoch = await openEpoch(place, number, compute);
  const shape = shapeOf(options, rows.count, current?.manifest);
  const origin = originOf({
    source: await fileSha256(rows.path),
    publicKey: epoch.publicKey,
    fields: table.source.fields,
    settings: [
      ...[versionId, kind, number, shape, table.idType, table.source, table.canaries],
      table.bucketAnonymity ?? 0,
    ],
    previous: current === undefined ? new Uint8Array() : manifestHash(current.signed),
  });
  const found = readCheckpoint(folder.sealing, place);
  if (found?.plan.origin === origin) return { epoch, plan: found.plan, resumed: found, current };
  forget(folder.sealing); // of another table or version: begun again under another salt
  const canaries = kind === 'delta' ? 0 : table.canaries;
  const plan: Plan = {
    versionId,
    epoch: number,
    kind,
    salt: toHex(random.bytes(SALT_BYTES)),
    bucketSalt: toHex(random.bytes(BUCKET_SALT_BYTES)),
    origin,
    ...shape,
    canaries: Array.from({ length: canaries }, () => newCanary(random)),
  };
  return { epoch, plan, resumed: undefined, current };
}

export const placeOf = ({ secrets, vault, table }: SealOptions) => ({
  secrets,
  vault,
  dataset: table.datasetId,
  tenant: table.tenant,
});

function readChain({ table, signingKey }: SealOptions, folder: TableFolder) {
  const signer = createPublicKey(signingKey);
  const expected = { signer, datasetId: table.datasetId, tenant: table.tenant };
  return folder.chain().map((signed) => ({ signed, manifest: readManifest(signed, expected) }));
}

function checkDelta({ table, epoch }: SealOptions, current: Manifest | undefined): void {
  const refuse = (why: string, facts: Record<string, number | string> = {}): SottoError =>
    new SottoError('invalid-argument', `a delta ${why}: seal a whole version`, facts);
  if (current === undefined) throw refuse('needs a version before it');
  if (epoch === 'next') throw refuse('cannot begin an epoch');
  if (current.layers.length >= MOST_LAYERS)
    throw refuse('has no layer left', { most: MOST_LAYERS });
  const shown = (fields: readonly TagField[]): string =>
    JSON.stringify(fields.map((f) => [f.number, f.name, f.type, f.words, f.maxBytes]));
  if (shown(table.source.fields) !== shown(current.fields))
    throw refuse('cannot change the schema');
  const { idNormalization = [] } = table.source.dataset;
  const ids = [table.idType, table.source.digestAlgorithm, ...idNormalization].join(' ');
  const before = [current.idType, current.digestAlgorithm, ...current.idNormalization].join(' ');
  if (ids !== before) throw refuse('cannot change what the ids are');
}

function shapeOf({ table, kind }: SealOptions, rows: number, current: Manifest | undefined) {
  const same = kind === 'delta' ? current : undefined;
  const longest = longestRecord(table.source.fields);
  const recordBytes = same?.recordBytes ?? table.recordBytes ?? longest;
  // Twice, as versions grow and deltas keep the length.
  const most = 2 * sizeClass(rows);
  const { perEpoch } = table.quota;
  const fingerprint = same?.fingerprintBytes ?? fingerprintBytes(most, perEpoch || MANY);
  const shape = { fingerprintBytes: fingerprint, recordBytes };
  return { ...shape, parts: segmentCount(most, { ...shape }) };
}
