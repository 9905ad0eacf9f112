/** The bank's end of TagQueryService: one pinned connection, on which a retry sends identical bytes. */
import { type DescMethod, type MessageShape, toBinary } from '@bufbuild/protobuf';
import { type Client, Metadata, type ServiceError } from '@grpc/grpc-js';
import { SottoError } from '../base/errors.ts';
import { decode } from '../channel/decode.ts';
import {
  type FetchBlobRequest,
  QueryRequestSchema,
  TagQueryService,
  TransferRequestSchema,
} from '../gen/sotto/tag/v1/tag_pb.ts';
import type { TagRemote } from '../tags/index.ts';
import { Dial } from './dial.ts';
import { callStreaming, callUnary, certificateOf, keep, methodDefinition } from './grpc.ts';
import type { PartyKeys, PartyPublic } from './keys.ts';
import { DEFAULT_RPC_LIMITS, type RpcLimits } from './limits.ts';
import { patience } from './patience.ts';
import { MOST_TAG_REQUEST_BYTES, MOST_TAG_RESPONSE_BYTES, tagError } from './tag-protocol.ts';

export interface ConnectTagsOptions {
  /** "host:port" of the company's tag service. */
  readonly address: string;
  /** The company, from its public file. */
  readonly server: PartyPublic;
  readonly keys: PartyKeys;
  readonly limits?: Partial<RpcLimits>;
}

/** Connects when it is first used, and again when the connection is lost. */
export function connectTags(options: ConnectTagsOptions): TagRemote & AsyncDisposable {
  const limits = { ...DEFAULT_RPC_LIMITS, ...options.limits };
  const { address, keys, server } = options;
  const sizes = { sent: MOST_TAG_REQUEST_BYTES, received: MOST_TAG_RESPONSE_BYTES };
  const dial = new Dial({ own: keys, peer: server, address, limits, sizes });
  const connected = async (signal: AbortSignal): Promise<Client> => {
    const late = new SottoError('peer-unavailable', 'the tag service does not answer', { address });
    using wait = patience(limits.connectMs, signal, late);
    return await dial.connect(wait);
  };
  const { getManifest, fetchBlob, query, transfer } = TagQueryService.method;
  return {
    getManifest: async (request, signal) => {
      const client = await connected(signal);
      const options = { deadlineMs: limits.callMs, signal, read: decode };
      return await callUnary(client, getManifest, request, options);
    },
    fetchBlob: async function* (request: FetchBlobRequest, signal: AbortSignal) {
      const client = await connected(signal);
      const deadline = Date.now() + limits.conversationMs;
      for await (const { chunk } of callStreaming(client, fetchBlob, request, {
        deadline,
        signal,
        read: decode,
      })) {
        yield chunk;
      }
    },
    query: async (request, signal) => {
      const bytes = toBinary(QueryRequestSchema, request);
      return await ask(await connected(signal), dial, query, bytes, limits.callMs, signal);
    },
    transfer: async (request, signal) => {
      const bytes = toBinary(TransferRequestSchema, request);
      return await ask(await connected(signal), dial, transfer, bytes, limits.callMs, signal);
    },
    [Symbol.asyncDispose]: async () => dial.close(),
  };
}

/** A call whose request passes as its bytes, and whose refusal may carry a manifest. */
function ask<M extends DescMethod>(
  client: Client,
  dial: Dial,
  method: M,
  request: Uint8Array,
  deadlineMs: number,
  signal: AbortSignal,
): Promise<MessageShape<M['output']>> {
  return new Promise((resolve, reject) => {
    const cancel = (): void => call.cancel();
    const call = client.makeUnaryRequest(
      methodDefinition(method).path,
      keep,
      keep,
      Buffer.from(request),
      new Metadata(),
      { deadline: Date.now() + deadlineMs },
      (error: ServiceError | null, response) => {
        signal.removeEventListener('abort', cancel);
        if (error !== null) {
          reject(tagError(error));
          return;
        }
        try {
          dial.check(certificateOf(call));
          resolve(decode<M['output']>(method.output, response!));
        } catch (refused) {
          reject(refused);
        }
      },
    );
    signal.addEventListener('abort', cancel, { once: true });
    if (signal.aborted) cancel();
  });
}
