/** The company's service as the bank sees it: over a network, or in a test right here. */
import type {
  FetchBlobRequest,
  GetManifestRequest,
  GetManifestResponse,
  QueryRequest,
  QueryResponse,
  TransferRequest,
  TransferResponse,
} from '../gen/sotto/tag/v1/tag_pb.ts';
import type { TagService } from './server.ts';

/** Rejects with the errors of `TagService`, and `peer-unavailable` or `deadline-exceeded` when nobody answers. */
export interface TagRemote {
  getManifest(request: GetManifestRequest, signal: AbortSignal): Promise<GetManifestResponse>;
  fetchBlob(request: FetchBlobRequest, signal: AbortSignal): AsyncIterable<Uint8Array>;
  /** A retry is a second call with an equal request: it is encoded to the same bytes. */
  query(request: QueryRequest, signal: AbortSignal): Promise<QueryResponse>;
  /** Likewise. */
  transfer(request: TransferRequest, signal: AbortSignal): Promise<TransferResponse>;
}

/** The service in the same process, as it treats this peer. */
export const localRemote = (service: TagService, peer: string): TagRemote => ({
  getManifest: (request) => service.getManifest(peer, request),
  fetchBlob: (request) => service.fetchBlob(peer, request),
  query: (request) => service.query(peer, request),
  transfer: (request) => service.transfer(peer, request),
});
