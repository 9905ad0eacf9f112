/**
 * What a worker offers to its own company's systems: `Lookup` over gRPC, and over HTTP with JSON. Requests carry
 * ids in the clear, so it listens on loopback, or admits operators by pinned certificate over TLS.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { fromJson, type JsonValue, toJson } from '@bufbuild/protobuf';
import { ServerCredentials, status } from '@grpc/grpc-js';
import { asSottoError, SottoError } from '../base/errors.ts';
import type { Log } from '../base/events.ts';
import {
  LookupRequestSchema,
  LookupResponseSchema,
  type LookupResult,
  TagLookupService,
} from '../gen/sotto/tag/v1/tag_pb.ts';
import { Pinned, PinnedServerCredentials } from './credentials.ts';
import { handlersOf, serviceDefinition } from './grpc.ts';
import { type HttpTls, type OpenHttp, openHttp, requireLoopback } from './http-server.ts';
import { DEFAULT_RPC_LIMITS, serverOptions } from './limits.ts';
import { addReflection } from './reflection.ts';
import { GrpcServer } from './server.ts';
import { toStatus } from './status.ts';

export interface LookupAnswer {
  readonly versionId: string;
  readonly results: readonly LookupResult[];
}

export interface SidecarOptions {
  /** "host:port" for gRPC; absent: none. */
  readonly grpc?: string;
  /** "host:port" for HTTP with JSON; absent: none. */
  readonly http?: string;
  /** Own keys and the pinned callers; absent: without TLS, on loopback only. */
  readonly tls?: HttpTls;
  readonly lookup: (datasetId: string, ids: readonly string[]) => Promise<LookupAnswer>;
  readonly reflection?: boolean;
  readonly log?: Log;
}

export interface Sidecar extends AsyncDisposable {
  readonly grpc: string | undefined;
  readonly http: string | undefined;
}

/** 4096 ids of 512 bytes, and what JSON adds. */
const MOST_REQUEST_BYTES = 4 << 20;
const MOST_RESPONSE_BYTES = 32 << 20;
const PATH = '/v1/lookup';

export async function openSidecar(options: SidecarOptions): Promise<Sidecar> {
  // Requests hold ids in the clear.
  if (options.grpc !== undefined && options.tls === undefined) {
    requireLoopback(options.grpc, 'grpc');
  }
  const pinned =
    options.tls === undefined ? undefined : new Pinned('operator', options.tls.callers);
  const grpc = options.grpc === undefined ? undefined : await openGrpc(options, pinned);
  const http = options.http === undefined ? undefined : await openJson(options);
  return {
    grpc: grpc?.address,
    http: http?.address,
    async [Symbol.asyncDispose]() {
      await Promise.all([grpc?.close(DEFAULT_RPC_LIMITS.drainMs), http?.close()]);
    },
  };
}

async function openGrpc(options: SidecarOptions, pinned: Pinned | undefined): Promise<GrpcServer> {
  const log = options.log ?? (() => undefined);
  const limits = DEFAULT_RPC_LIMITS;
  const credentials =
    pinned === undefined || options.tls === undefined
      ? ServerCredentials.createInsecure()
      : new PinnedServerCredentials(options.tls.keys, pinned, limits.handshakeMs);
  return await GrpcServer.open({
    listen: options.grpc!,
    credentials,
    options: serverOptions(limits, { sent: MOST_RESPONSE_BYTES, received: MOST_REQUEST_BYTES }),
    connections: limits.connections,
    connectionsPerCaller: limits.connections,
    handshakesPerAddress: limits.connections,
    refused: () => log({ event: 'conversation-refused', peer: 'sidecar', code: 'unauthenticated' }),
    register: (grpc) => {
      const handlers = handlersOf(
        TagLookupService,
        {
          lookup: async ({ datasetId, ids }, call) => {
            pinned?.identify(call.certificate);
            const { results, versionId } = await options.lookup(datasetId, ids);
            return { results: [...results], versionId };
          },
        },
        () => log({ event: 'failed-internally', where: 'tag look-up' }),
      );
      grpc.addService(serviceDefinition(TagLookupService), handlers);
      if (options.reflection === true) addReflection(grpc, [TagLookupService]);
    },
  });
}

/** The HTTP status of a gRPC one, as google.rpc.Code maps them. */
const HTTP_STATUS: Readonly<Partial<Record<status, number>>> = {
  [status.INVALID_ARGUMENT]: 400,
  [status.FAILED_PRECONDITION]: 400,
  [status.UNAUTHENTICATED]: 401,
  [status.PERMISSION_DENIED]: 403,
  [status.NOT_FOUND]: 404,
  [status.ALREADY_EXISTS]: 409,
  [status.RESOURCE_EXHAUSTED]: 429,
  [status.CANCELLED]: 499,
  [status.UNAVAILABLE]: 503,
  [status.DEADLINE_EXCEEDED]: 504,
};

function openJson(options: SidecarOptions): Promise<OpenHttp> {
  const answer = (request: IncomingMessage, response: ServerResponse): void => {
    handle(request, options).then(
      (value) => reply(response, 200, value),
      (thrown: unknown) => {
        const error = asSottoError(thrown);
        if (error.code === 'internal') {
          options.log?.({ event: 'failed-internally', where: 'tag look-up' });
        }
        const { code, message, facts } = error.toRecord();
        reply(response, HTTP_STATUS[toStatus(error, 'operator').code] ?? 500, {
          error: { code, message, facts },
        });
      },
    );
  };
  return openHttp({ listen: options.http!, tls: options.tls, answer, field: 'http' });
}

async function handle(request: IncomingMessage, options: SidecarOptions): Promise<JsonValue> {
  if (request.method !== 'POST' || request.url !== PATH) {
    throw new SottoError('not-found', `there is only POST ${PATH}`, {});
  }
  // A page in a browser can send a form to loopback, but not this type without asking first.
  if (!/^application\/json\b/.test(request.headers['content-type'] ?? '')) {
    const facts = { field: 'content-type' };
    throw new SottoError('invalid-argument', 'the content type must be application/json', facts);
  }
  const { datasetId, ids } = decode(await bodyOf(request));
  const { results, versionId } = await options.lookup(datasetId, ids);
  const response = { $typeName: LookupResponseSchema.typeName, results: [...results], versionId };
  return toJson(LookupResponseSchema, response, { alwaysEmitImplicit: true });
}

function decode(body: string) {
  try {
    return fromJson(LookupRequestSchema, JSON.parse(body) as JsonValue);
  } catch {
    // The parser's own words would quote the request.
    throw new SottoError('invalid-argument', 'expected {"datasetId": "…", "ids": ["…"]}', {
      field: 'body',
    });
  }
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MOST_REQUEST_BYTES) {
      const facts = { field: 'body', most: MOST_REQUEST_BYTES };
      throw new SottoError('invalid-argument', 'the request is too long', facts);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function reply(response: ServerResponse, code: number, value: JsonValue): void {
  const body = `${JSON.stringify(value)}\n`;
  response.writeHead(code, { 'content-type': 'application/json', 'cache-control': 'no-store' });
  response.end(body);
}
