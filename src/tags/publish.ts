/** A sealed version becomes what is served: its manifest, signed and appended to the chain. */
import { createPublicKey } from 'node:crypto';
import { rmSync } from 'node:fs';
import { create } from '@bufbuild/protobuf';
import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import {
  type Buckets,
  Engine,
  type Layer,
  type Manifest,
  ManifestSchema,
} from '../gen/sotto/tag/v1/tag_pb.ts';
import { canaryRecord, recordDigest } from './canary.ts';
import { indexFile } from './epochs.ts';
import type { TableFolder } from './folder.ts';
import {
  expiryMs,
  FIELD_GROUP,
  layerBytes,
  manifestHash,
  readManifest,
  SUITE,
  signManifest,
} from './manifest.ts';
import {
  type Prepared,
  placeOf,
  type SealOptions,
  type TagQuota,
  type TagTable,
} from './seal-plan.ts';

/** What was written of a version. */
export interface Sealed {
  readonly layer: Layer;
  readonly buckets: Buckets | undefined;
  readonly writeIndex: (path: string) => void;
}

/** `writeIndex` comes first, for without it the version could not be built upon; then the manifest, which makes it count. */
export function publish(
  options: SealOptions,
  prepared: Prepared,
  folder: TableFolder,
  sealed: Sealed,
): Manifest {
  const before = prepared.current?.manifest.sequence ?? 0n;
  const place = placeOf(options);
  const manifest = manifestOf(options, prepared, before + 1n, sealed);
  const signed = signManifest(manifest, options.signingKey);
  sealed.writeIndex(indexFile(place, before + 1n));
  folder.append(before + 1n, signed);
  rmSync(indexFile(place, before), { force: true });
  prune(options, folder);
  return manifest;
}

function manifestOf(
  { table, now }: SealOptions,
  { current, plan, epoch }: Prepared,
  sequence: bigint,
  { layer, buckets }: Sealed,
): Manifest {
  const { fields, dataset, digestAlgorithm } = table.source;
  const isDelta = plan.kind === 'delta';
  const layers = isDelta ? [...(current?.manifest.layers ?? []), layer] : [layer];
  const bytes = layers.reduce((sum, each) => sum + layerBytes(each, plan), 0);
  const recordSha256 = recordDigest(canaryRecord(fields, plan.recordBytes));
  return create(ManifestSchema, {
    datasetId: table.datasetId,
    tenant: table.tenant,
    versionId: plan.versionId,
    sequence,
    epoch: plan.epoch,
    suite: SUITE,
    publicKey: epoch.publicKey,
    idType: table.idType,
    idNormalization: [...(dataset.idNormalization ?? [])],
    digestAlgorithm,
    fields: [...fields],
    fieldGroup: FIELD_GROUP,
    recordBytes: plan.recordBytes,
    fingerprintBytes: plan.fingerprintBytes,
    layers,
    modes: modesOf(table, BigInt(bytes)),
    ...(buckets === undefined ? {} : { buckets }),
    quota: quotaOf(table.quota),
    purposeQuotas: Object.entries(table.purposeQuotas ?? {}).map(([purpose, quota]) => ({
      purpose,
      quota: quotaOf(quota),
    })),
    expireTime: timestampFromMs(now() + table.validMs),
    previous: current === undefined ? new Uint8Array() : manifestHash(current.signed),
    canaries: isDelta
      ? (current?.manifest.canaries ?? [])
      : plan.canaries.map((id) => ({ id, recordSha256 })),
  });
}

const quotaOf = ({ perSecond, perDay, perEpoch }: TagQuota) => ({
  perSecond: BigInt(perSecond),
  perDay: BigInt(perDay),
  perEpoch: BigInt(perEpoch),
});

function modesOf({ mirror = true, bucketAnonymity, price }: TagTable, downloadBytes: bigint) {
  const buckets = { engine: Engine.BUCKET, anonymity: BigInt(bucketAnonymity ?? 0), price };
  return [
    ...(mirror ? [{ engine: Engine.MIRROR, downloadBytes, price }] : []),
    ...(bucketAnonymity === undefined ? [] : [buckets]),
  ];
}

/** Removes segments that no answered version needs. */
function prune({ table, signingKey, now }: SealOptions, folder: TableFolder): void {
  const signer = createPublicKey(signingKey);
  const expected = { signer, datasetId: table.datasetId, tenant: table.tenant };
  const kept = folder
    .chain()
    .map((signed) => readManifest(signed, expected))
    .filter((manifest, at, all) => at === all.length - 1 || expiryMs(manifest) > now());
  const segments = kept.flatMap(({ layers }) => layers.flatMap((layer) => layer.segments));
  folder.prune(
    segments.map(({ sha256 }) => sha256),
    kept.map(({ versionId }) => versionId),
  );
}
