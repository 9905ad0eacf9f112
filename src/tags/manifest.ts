/** Manifests: signed by the company, chained by hash, and believed by nobody before they are checked. */
import { type KeyObject, sign, verify } from 'node:crypto';
import { create, toBinary } from '@bufbuild/protobuf';
import { timestampMs } from '@bufbuild/protobuf/wkt';
import { type Bytes, equalBytes, lengthPrefixed } from '../base/bytes.ts';
import { SottoError } from '../base/errors.ts';
import { decode } from '../channel/decode.ts';
import {
  Engine,
  type Layer,
  type Manifest,
  ManifestSchema,
  type SignedManifest,
  SignedManifestSchema,
} from '../gen/sotto/tag/v1/tag_pb.ts';
import { DIGEST_BYTES, sha256 } from '../primitives/hashing/index.ts';
import { bucketsHold } from './buckets.ts';
import { checkFields } from './schema.ts';
import { isFingerprintBytes, type RowShape, rowBytes } from './shape.ts';

export const SUITE = 'ristretto255-SHA512';
/** Everything of a row is one group: opened, and paid for, together. */
export const FIELD_GROUP = 'all';
export const SALT_BYTES = 32;
/** A look-up may try every layer; more are compacted first. */
export const MOST_LAYERS = 16;
/** It has to fit into a trailer of gRPC, whose receivers take 8 KiB. */
const MOST_MANIFEST_BYTES = 7 << 10;

const SIGNATURE_DOMAIN = 'sotto tag manifest signature 1';
const HASH_DOMAIN = 'sotto tag manifest 1';
const PUBLIC_KEY_BYTES = 32;
const MOST_RECORD_BYTES = 1 << 16;
const DIGESTS = ['none', 'sha256'];
/** Of a version, a dataset: it is also a file's name. */
export const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

export function checkNamed(field: string, name: string): void {
  if (NAME.test(name)) return;
  const message = `${field} must be 1 to 64 of letters, digits, '.', '_' and '-'`;
  throw new SottoError('invalid-argument', message, { field, length: name.length });
}

export function signManifest(manifest: Manifest, key: KeyObject): SignedManifest {
  const bytes = toBinary(ManifestSchema, manifest);
  if (bytes.length > MOST_MANIFEST_BYTES) {
    const facts = { bytes: bytes.length, most: MOST_MANIFEST_BYTES };
    throw new SottoError(
      'invalid-argument',
      'the schema makes the manifest too long: shorten the words of its enums',
      facts,
    );
  }
  const signature = new Uint8Array(sign(null, lengthPrefixed(SIGNATURE_DOMAIN, bytes), key));
  return create(SignedManifestSchema, { manifest: bytes, signature });
}

export const manifestHash = (signed: SignedManifest): Bytes => sha256(HASH_DOMAIN, signed.manifest);

/** Whom a manifest must be by, and for. */
export interface Expected {
  readonly signer: KeyObject;
  readonly datasetId: string;
  readonly tenant: string;
}

/** The manifest, once its signature and every size in it have been checked. @throws verification-failed */
export function readManifest(signed: SignedManifest, expected: Expected): Manifest {
  const { manifest: bytes, signature } = signed;
  const refuse = (field: string): SottoError =>
    new SottoError('verification-failed', 'a manifest does not hold', { field });
  if (bytes.length > MOST_MANIFEST_BYTES) throw refuse('length');
  if (!verify(null, lengthPrefixed(SIGNATURE_DOMAIN, bytes), expected.signer, signature)) {
    throw refuse('signature');
  }
  let manifest: Manifest;
  try {
    manifest = decode(ManifestSchema, bytes);
    checkFields(manifest.fields);
  } catch (cause) {
    throw new SottoError(
      'verification-failed',
      'a manifest does not hold',
      { field: 'fields' },
      { cause },
    );
  }
  const checks: readonly (readonly [string, boolean])[] = [
    ['dataset_id', manifest.datasetId === expected.datasetId],
    ['tenant', manifest.tenant === expected.tenant],
    ['version_id', NAME.test(manifest.versionId)],
    ['sequence', manifest.sequence >= 1n],
    ['epoch', manifest.epoch >= 1],
    ['suite', manifest.suite === SUITE],
    ['public_key', manifest.publicKey.length === PUBLIC_KEY_BYTES],
    ['digest_algorithm', DIGESTS.includes(manifest.digestAlgorithm)],
    ['record_bytes', manifest.recordBytes >= 1 && manifest.recordBytes <= MOST_RECORD_BYTES],
    ['fingerprint_bytes', isFingerprintBytes(manifest.fingerprintBytes)],
    ['previous', manifest.previous.length === (manifest.sequence === 1n ? 0 : DIGEST_BYTES)],
    ['expire_time', manifest.expireTime !== undefined],
    ['modes', manifest.modes.every(({ engine }) => engine !== Engine.UNSPECIFIED)],
    ['buckets', bucketsHold(manifest) && hasBuckets(manifest)],
    ['layers', manifest.layers.length >= 1 && manifest.layers.length <= MOST_LAYERS],
  ];
  for (const [field, holds] of checks) if (!holds) throw refuse(field);
  for (const layer of manifest.layers) if (!layerHolds(layer)) throw refuse('layers');
  return manifest;
}

const hasBuckets = ({ modes, buckets }: Manifest): boolean =>
  modes.some(({ engine }) => engine === Engine.BUCKET) === (buckets !== undefined);

const layerHolds = ({ versionId, salt, rows, segments }: Layer): boolean =>
  NAME.test(versionId) &&
  salt.length === SALT_BYTES &&
  segments.length >= 1 &&
  segments.every(({ sha256 }) => sha256.length === DIGEST_BYTES) &&
  segments.reduce((sum, segment) => sum + segment.rows, 0n) === rows &&
  rows < 2n ** 32n;

/**
 * The newest manifest of a chain that goes on where `known` ended. A company that shows two clients
 * two histories, or one client another key within an epoch, is found out here. @throws verification-failed
 */
export function follow(
  chain: readonly SignedManifest[],
  known: SignedManifest | undefined,
  expected: Expected,
): { readonly signed: SignedManifest; readonly manifest: Manifest } {
  let last =
    known === undefined ? undefined : { signed: known, manifest: readManifest(known, expected) };
  for (const signed of chain) {
    const manifest = readManifest(signed, expected);
    if (last !== undefined) checkSuccessor(last, manifest);
    last = { signed, manifest };
  }
  if (last !== undefined) return last;
  throw new SottoError('not-found', 'the company has no sealed table of this name for us', {
    dataset: expected.datasetId,
  });
}

function checkSuccessor(
  before: { readonly signed: SignedManifest; readonly manifest: Manifest },
  after: Manifest,
): void {
  const refuse = (field: string): SottoError =>
    new SottoError('verification-failed', 'a manifest does not continue the one before', { field });
  const { manifest, signed } = before;
  if (after.sequence !== manifest.sequence + 1n) throw refuse('sequence');
  if (!equalBytes(after.previous, manifestHash(signed))) throw refuse('previous');
  if (after.versionId === manifest.versionId) throw refuse('version_id');
  if (after.epoch < manifest.epoch) throw refuse('epoch');
  const sameKey = equalBytes(after.publicKey, manifest.publicKey);
  if (sameKey !== (after.epoch === manifest.epoch)) throw refuse('public_key');
}

export const expiryMs = ({ expireTime }: Manifest): number =>
  expireTime === undefined ? 0 : timestampMs(expireTime);

export const layerBytes = (layer: Layer, shape: RowShape): number =>
  Number(layer.rows) * rowBytes(shape);
