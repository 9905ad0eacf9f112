/** The company's service as the bank sees it. */
import type {
  FetchBlobRequest,
  GetManifestRequest,
  GetManifestResponse,
  QueryRequest,
  QueryResponse,
  TransferRequest,
  TransferResponse,
} from '../gen/sotto/tag/v1/tag_pb.ts';

/** Rejects with the errors of `TagService`, and `peer-unavailable` or `deadline-exceeded` when nobody answers. */
export interface TagRemote {
  getManifest(request: GetManifestRequest, signal: AbortSignal): Promise<GetManifestResponse>;
  fetchBlob(request: FetchBlobRequest, signal: AbortSignal): AsyncIterable<Uint8Array>;
  /** A retry is a second call with an equal request: it is encoded to the same bytes. */
  query(request: QueryRequest, signal: AbortSignal): Promise<QueryResponse>;
  /** Likewise. */
  transfer(request: TransferRequest, signal: AbortSignal): Promise<TransferResponse>;
}
