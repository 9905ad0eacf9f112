/** What both ends of TagQueryService agree on: sizes, the trailer of a version that is gone, how a query is coded. */
import { fromBinary, toBinary } from '@bufbuild/protobuf';
import { Metadata, type ServiceDefinition, status } from '@grpc/grpc-js';
import { SottoError } from '../base/errors.ts';
import { SignedManifestSchema, TagQueryService } from '../gen/sotto/tag/v1/tag_pb.ts';
import { VersionGone } from '../tags/index.ts';
import { methodDefinition, serviceDefinition } from './grpc.ts';
import { type Refusal, toStatus } from './status.ts';

/** 4096 blinded ids are 128 KiB. */
export const MOST_TAG_REQUEST_BYTES = 256 << 10;
/** A chain of manifests; a chunk of a segment is far below. */
export const MOST_TAG_RESPONSE_BYTES = 4 << 20;

/** The current SignedManifest, in the trailer of a call that names a version which is not answered any more. */
const MANIFEST_KEY = 'sotto-manifest-bin';

const keep = (bytes: Buffer): Buffer => bytes;

/** A request passes as its bytes: a retry sends the very same ones. */
export const QUERY = {
  ...methodDefinition(TagQueryService.method.query),
  requestSerialize: keep,
};

export const TAG_SERVICE: ServiceDefinition = serviceDefinition(TagQueryService);

/** A peer of this service is told facts too: which field, how long to wait. None of them depends on an id. */
export function tagRefusal(error: SottoError | VersionGone): Refusal {
  if (error instanceof SottoError) return toStatus(error, 'operator');
  const gone = new SottoError('parameters-rejected', 'this version is not answered any more', {
    field: 'version_id',
    reason: 'version-gone',
  });
  const refusal = toStatus(gone, 'operator');
  const bytes = toBinary(SignedManifestSchema, error.current);
  refusal.metadata.set(MANIFEST_KEY, Buffer.from(bytes));
  return refusal;
}

/** The manifest in a failed call's trailers, still to be checked. */
export function versionGone(code: status, metadata: Metadata | undefined): VersionGone | undefined {
  const [bytes] = (metadata ?? new Metadata()).get(MANIFEST_KEY);
  if (code !== status.FAILED_PRECONDITION || typeof bytes !== 'object') return undefined;
  try {
    return new VersionGone(fromBinary(SignedManifestSchema, bytes));
  } catch {
    return undefined; // then it is a refusal like any other
  }
}
