/** TagQueryService on a port of its own: peers by pinned certificate, and the calls handed to the tags layer. */
import type { DescMessage, MessageShape } from '@bufbuild/protobuf';
import type {
  Server,
  ServerUnaryCall,
  ServiceError,
  UntypedServiceImplementation,
} from '@grpc/grpc-js';
import { asSottoError, type SottoError } from '../base/errors.ts';
import type { Log } from '../base/events.ts';
import { decode } from '../channel/decode.ts';
import {
  QueryRequestSchema,
  TagQueryService,
  TransferRequestSchema,
} from '../gen/sotto/tag/v1/tag_pb.ts';
import type { TagService } from '../tags/index.ts';
import { Pinned, PinnedServerCredentials } from './credentials.ts';
import { type Call, certificateOf, handlersOf, requestOf } from './grpc.ts';
import type { PartyKeys, PartyPublic } from './keys.ts';
import { DEFAULT_RPC_LIMITS, MAX_TAG_STREAMS, type RpcLimits, serverOptions } from './limits.ts';
import { GrpcServer } from './server.ts';
import {
  MOST_TAG_REQUEST_BYTES,
  MOST_TAG_RESPONSE_BYTES,
  TAG_SERVICE,
  tagRefusal,
} from './tag-protocol.ts';

export interface ServeTagsOptions {
  /** "host:port"; port 0 takes any free one. */
  readonly listen: string;
  readonly keys: PartyKeys;
  /** Who may call; which tables they see is for the service. */
  readonly peers: readonly PartyPublic[];
  readonly service: TagService;
  readonly log?: Log;
  readonly limits?: Partial<RpcLimits>;
}

export interface OpenTags extends AsyncDisposable {
  /** "host:port" as bound. */
  readonly address: string;
  /** As `OpenPeers.renew`. */
  renew(keys: PartyKeys, peers: readonly PartyPublic[]): void;
}

export async function serveTags(options: ServeTagsOptions): Promise<OpenTags> {
  const limits = { ...DEFAULT_RPC_LIMITS, ...options.limits };
  const log = options.log ?? (() => undefined);
  const pinned = new Pinned('party', options.peers);
  const credentials = new PinnedServerCredentials(
    options.keys,
    pinned,
    limits.handshakeMs,
    MAX_TAG_STREAMS,
  );
  const server = await GrpcServer.open({
    listen: options.listen,
    credentials,
    options: serverOptions(
      limits,
      { sent: MOST_TAG_RESPONSE_BYTES, received: MOST_TAG_REQUEST_BYTES },
      MAX_TAG_STREAMS,
    ),
    connections: limits.connections,
    connectionsPerCaller: limits.connectionsPerCaller,
    handshakesPerAddress: limits.handshakesPerAddress,
    refused: () => log({ event: 'conversation-refused', peer: 'unknown', code: 'unauthenticated' }),
    register: (grpc) => register(grpc, pinned, options.service, log),
  });
  return {
    address: server.address,
    renew: (keys, peers) => {
      pinned.replace(peers);
      credentials.renew(keys);
      server.cutUnless((certificate) => pinned.admits(certificate));
    },
    [Symbol.asyncDispose]: () => server.close(limits.drainMs),
  };
}

function register(grpc: Server, pinned: Pinned, service: TagService, log: Log): void {
  const peerOf = (certificate: Buffer | undefined): string => pinned.identify(certificate).name;
  const fail = (_: SottoError): void => log({ event: 'failed-internally', where: 'tag query' });
  const handlers: UntypedServiceImplementation = handlersOf(
    TagQueryService,
    {
      getManifest: async (request, call: Call) =>
        service.getManifest(peerOf(call.certificate), request),
      fetchBlob: async function* (request, call: Call) {
        for await (const chunk of service.fetchBlob(peerOf(call.certificate), request)) {
          yield { chunk };
        }
      },
      query: async (request, call: Call) => service.query(peerOf(call.certificate), request),
      transfer: async (request, call: Call) => service.transfer(peerOf(call.certificate), request),
    },
    fail,
    decode,
  );
  // Not by the adapter: a version that is gone has more to say than an error code.
  const withManifest =
    <D extends DescMessage, Response>(
      schema: D,
      answer: (peer: string, request: MessageShape<D>) => Promise<Response>,
    ) =>
    (
      call: ServerUnaryCall<Buffer, Response>,
      reply: (error: Partial<ServiceError> | null, value?: Response) => void,
    ) => {
      const answered = new Promise<Response>((resolve) => {
        const peer = peerOf(certificateOf(call));
        resolve(answer(peer, requestOf(schema, call.request, decode)));
      });
      answered.then(
        (response) => reply(null, response),
        (thrown: unknown) => {
          const error = asSottoError(thrown);
          if (error.code === 'internal') fail(error);
          reply(tagRefusal(error));
        },
      );
    };
  handlers.query = withManifest(QueryRequestSchema, (peer, request) =>
    service.query(peer, request),
  );
  handlers.transfer = withManifest(TransferRequestSchema, (peer, request) =>
    service.transfer(peer, request),
  );
  grpc.addService(TAG_SERVICE, handlers);
}
