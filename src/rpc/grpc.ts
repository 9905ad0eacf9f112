/** protobuf-es over grpc-js: service definitions from descriptors, handlers and calls as promises and iterables. */
import {
  create,
  type DescMessage,
  type DescMethod,
  type DescMethodServerStreaming,
  type DescMethodUnary,
  type DescService,
  fromBinary,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from '@bufbuild/protobuf';
import type {
  CallOptions,
  Client,
  ServerUnaryCall,
  ServerWritableStream,
  ServiceDefinition,
  ServiceError,
  UntypedHandleCall,
  UntypedServiceImplementation,
} from '@grpc/grpc-js';
import { Metadata } from '@grpc/grpc-js';
import { asSottoError, SottoError } from '../base/errors.ts';
import { fromStatus, toStatus } from './status.ts';

/** What a handler knows of its caller. */
export interface Call {
  /** Certificate of the caller, DER. */
  readonly certificate: Buffer | undefined;
  /** Aborted when the caller has gone or the deadline has passed. */
  readonly signal: AbortSignal;
}

type Unary<M extends DescMethod> = (
  request: MessageShape<M['input']>,
  call: Call,
) => Promise<MessageInitShape<M['output']>>;

type Streaming<M extends DescMethod> = (
  request: MessageShape<M['input']>,
  call: Call,
) => AsyncIterable<MessageInitShape<M['output']>>;

/** A function for each method; what it throws becomes a status. */
export type Implementation<S extends DescService> = {
  readonly [K in keyof S['method']]: S['method'][K]['methodKind'] extends 'unary'
    ? Unary<S['method'][K]>
    : Streaming<S['method'][K]>;
};

const encode = (schema: DescMessage) => (message: MessageShape<DescMessage>) => {
  const bytes = toBinary(schema, message);
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
};
export const keep = (bytes: Buffer): Buffer => bytes;

/** How bytes of the other end become a message: by default as any version may write them, between peers by `decode`. */
export type Reading = <D extends DescMessage>(schema: D, bytes: Uint8Array) => MessageShape<D>;

const lenient: Reading = (schema, bytes) => fromBinary(schema, bytes);

/** What comes passes as its bytes: a fault found inside the library would be an INTERNAL without a reason. */
export function methodDefinition(method: DescMethod) {
  const { methodKind } = method;
  return {
    path: `/${method.parent.typeName}/${method.name}`,
    requestStream: methodKind === 'client_streaming' || methodKind === 'bidi_streaming',
    responseStream: methodKind === 'server_streaming' || methodKind === 'bidi_streaming',
    requestSerialize: encode(method.input),
    requestDeserialize: keep,
    responseSerialize: encode(method.output),
    responseDeserialize: keep,
    originalName: method.localName,
  };
}

export const serviceDefinition = (service: DescService): ServiceDefinition =>
  Object.fromEntries(service.methods.map((each) => [each.localName, methodDefinition(each)]));

/** A caller's message. @throws invalid-argument with the message and, of a stranger to its schema, the field */
export function requestOf<D extends DescMessage>(
  schema: D,
  bytes: Uint8Array,
  read: Reading = lenient,
): MessageShape<D> {
  try {
    return read(schema, bytes);
  } catch (thrown) {
    const facts = thrown instanceof SottoError ? thrown.facts : { message: schema.typeName };
    throw new SottoError('invalid-argument', 'a request is not of its schema', facts);
  }
}

/** Handlers for `Server.addService`; `fail` hears of what was nobody's fault but ours. */
export function handlersOf<S extends DescService>(
  service: S,
  implementation: Implementation<S>,
  fail: (error: SottoError) => void,
  read: Reading = lenient,
): UntypedServiceImplementation {
  const handlers: Record<string, UntypedHandleCall> = {};
  for (const method of service.methods) {
    const handler = implementation[method.localName as keyof S['method']] as unknown;
    handlers[method.localName] =
      method.methodKind === 'unary'
        ? unaryHandler(method, handler as Unary<DescMethod>, fail, read)
        : streamHandler(method, handler as Streaming<DescMethod>, fail, read);
  }
  return handlers;
}

type Message = MessageShape<DescMessage>;
type Fail = (error: SottoError) => void;

function unaryHandler(
  method: DescMethod,
  handler: Unary<DescMethod>,
  fail: Fail,
  read: Reading,
): UntypedHandleCall {
  return (
    call: ServerUnaryCall<Buffer, Message>,
    reply: (error: Partial<ServiceError> | null, value?: Message) => void,
  ) => {
    const controller = cancelOf(call);
    const context = { certificate: certificateOf(call), signal: controller.signal };
    // Inside a promise at once: a check may throw before the handler's own promise is there.
    const answer = new Promise<MessageInitShape<DescMessage>>((resolve) => {
      resolve(handler(requestOf(method.input, call.request, read), context));
    });
    answer.then(
      (response) => reply(null, create(method.output, response)),
      (thrown: unknown) => reply(refusal(thrown, fail)),
    );
  };
}

function streamHandler(
  method: DescMethod,
  handler: Streaming<DescMethod>,
  fail: Fail,
  read: Reading,
): UntypedHandleCall {
  return (call: ServerWritableStream<Buffer, Message>) => {
    const controller = cancelOf(call);
    const pump = async (): Promise<void> => {
      const context = { certificate: certificateOf(call), signal: controller.signal };
      const request = requestOf(method.input, call.request, read);
      for await (const response of handler(request, context)) {
        if (controller.signal.aborted) return;
        if (!call.write(create(method.output, response))) await drained(call, controller.signal);
      }
      call.end();
    };
    pump().catch((thrown: unknown) => call.emit('error', refusal(thrown, fail)));
  };
}

function refusal(thrown: unknown, fail: Fail): Partial<ServiceError> {
  const error = asSottoError(thrown);
  if (error.code === 'internal') fail(error);
  return toStatus(error, 'operator');
}

function cancelOf(call: NodeJS.EventEmitter): AbortController {
  const controller = new AbortController();
  call.once('cancelled', () =>
    controller.abort(new SottoError('cancelled', 'the caller has gone')),
  );
  return controller;
}

function drained(call: NodeJS.EventEmitter, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const done = (): void => {
    call.off('drain', done);
    signal.removeEventListener('abort', done);
    resolve();
  };
  call.once('drain', done);
  signal.addEventListener('abort', done);
  if (signal.aborted) done();
  return promise;
}

/** The certificate (DER) at the other end of a call, of either side; undefined unless TLS accepted it. */
export const certificateOf = (call: {
  getAuthContext(): { sslPeerCertificate?: { raw: Buffer } } | null;
}): Buffer | undefined => call.getAuthContext()?.sslPeerCertificate?.raw;

/** One request, one response, by a deadline. */
export function callUnary<I extends DescMessage, O extends DescMessage>(
  client: Client,
  method: DescMethodUnary<I, O>,
  request: MessageInitShape<I>,
  options: { readonly deadlineMs: number; readonly signal?: AbortSignal; readonly read?: Reading },
): Promise<MessageShape<O>> {
  const { read = lenient } = options;
  const { path, requestSerialize, responseDeserialize } = methodDefinition(method);
  return new Promise((resolve, reject) => {
    const call = client.makeUnaryRequest(
      path,
      requestSerialize,
      responseDeserialize,
      create(method.input, request),
      new Metadata(),
      { deadline: Date.now() + options.deadlineMs },
      (error, response) => {
        if (error !== null) {
          reject(fromStatus(error, 'operator', { method: method.name }));
          return;
        }
        try {
          resolve(read(method.output, response!));
        } catch (fault) {
          reject(asSottoError(fault));
        }
      },
    );
    onAbort(options.signal, call);
  });
}

/** One request, many responses; leaving the loop cancels the call. */
export async function* callStreaming<I extends DescMessage, O extends DescMessage>(
  client: Client,
  method: DescMethodServerStreaming<I, O>,
  request: MessageInitShape<I>,
  options: CallOptions & { readonly signal?: AbortSignal; readonly read?: Reading },
): AsyncGenerator<MessageShape<O>, void, void> {
  const { path, requestSerialize, responseDeserialize } = methodDefinition(method);
  const { signal, read = lenient, ...rest } = options;
  const message = create(method.input, request);
  const call = client.makeServerStreamRequest(
    path,
    requestSerialize,
    responseDeserialize,
    message,
    new Metadata(),
    rest,
  );
  onAbort(signal, call);
  try {
    for await (const bytes of call as AsyncIterable<Buffer>) yield read(method.output, bytes);
  } catch (thrown) {
    if (thrown instanceof SottoError) throw thrown;
    throw fromStatus(thrown as ServiceError, 'operator', { method: method.name });
  } finally {
    call.cancel();
  }
}

function onAbort(signal: AbortSignal | undefined, call: { cancel(): void }): void {
  if (signal?.aborted) call.cancel();
  else signal?.addEventListener('abort', () => call.cancel(), { once: true });
}
