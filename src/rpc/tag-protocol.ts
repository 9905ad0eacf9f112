/** What both ends of TagQueryService agree on: sizes, and the trailer of a version that is gone. */
import { toBinary } from '@bufbuild/protobuf';
import { Metadata, type ServiceDefinition, type ServiceError, status } from '@grpc/grpc-js';
import type { SottoError } from '../base/errors.ts';
import { decode } from '../channel/decode.ts';
import { SignedManifestSchema, TagQueryService } from '../gen/sotto/tag/v1/tag_pb.ts';
import { currentVersion, versionGone } from '../tags/index.ts';
import { serviceDefinition } from './grpc.ts';
import { fromStatus, type Refusal, toStatus } from './status.ts';

/** 4096 blinded ids are 128 KiB. */
export const MOST_TAG_REQUEST_BYTES = 256 << 10;
/** A chain of manifests; a chunk of a segment is far below. */
export const MOST_TAG_RESPONSE_BYTES = 4 << 20;

/** The current SignedManifest, in the trailer of a call that names a version which is not answered any more. */
const MANIFEST_KEY = 'sotto-manifest-bin';

export const TAG_SERVICE: ServiceDefinition = serviceDefinition(TagQueryService);

/** A peer of this service is told facts too: which field, how long to wait. None of them depends on an id. */
export function tagRefusal(error: SottoError): Refusal {
  const refusal = toStatus(error, 'operator');
  const current = currentVersion(error);
  if (current !== undefined) {
    refusal.metadata.set(MANIFEST_KEY, Buffer.from(toBinary(SignedManifestSchema, current)));
  }
  return refusal;
}

/** What a failed call means; with a manifest in its trailers, which is still to be checked, that a version is gone. */
export function tagError(error: ServiceError): SottoError {
  const [bytes] = (error.metadata ?? new Metadata()).get(MANIFEST_KEY);
  if (error.code === status.FAILED_PRECONDITION && typeof bytes === 'object') {
    try {
      return versionGone(decode(SignedManifestSchema, bytes));
    } catch {
      // Then it is a refusal like any other.
    }
  }
  return fromStatus(error, 'peer', { method: 'Query' });
}
