/** What both ends of PeerService agree on: names of headers, the version, how a frame is coded. */
import {
  type CallOptions,
  type Client,
  type ClientDuplexStream,
  Metadata,
  type MethodDefinition,
  type ServiceDefinition,
  type ServiceError,
  status,
} from '@grpc/grpc-js';
import { type Facts, SottoError } from '../base/errors.ts';
import { PeerService } from '../gen/sotto/peer/v1/peer_pb.ts';
import { keep, methodDefinition } from './grpc.ts';
import { fromStatus } from './status.ts';

/** Changes with anything that an older worker would misread; both ends must run the same. */
export const PEER_VERSION = 'v1';

/** Header of Link and Converse, both ways. */
export const VERSION_KEY = 'sotto-version';
/** Header of Converse when it answers a wish that came over Link. */
export const CONVERSATION_KEY = 'sotto-conversation';

/** Frames pass as the bytes of their message: `StreamTransport` codes them. */
export const CONVERSE = {
  ...methodDefinition(PeerService.method.converse),
  requestSerialize: keep,
  responseSerialize: keep,
} satisfies MethodDefinition<Buffer, Buffer>;

export const LINK = methodDefinition(PeerService.method.link);

export const PEER_SERVICE: ServiceDefinition = {
  link: LINK,
  converse: CONVERSE,
  probe: methodDefinition(PeerService.method.probe),
};

export function headers(conversation?: string): Metadata {
  const metadata = new Metadata();
  metadata.set(VERSION_KEY, PEER_VERSION);
  if (conversation !== undefined) metadata.set(CONVERSATION_KEY, conversation);
  return metadata;
}

export function header(metadata: Metadata, key: string): string | undefined {
  const [value] = metadata.get(key);
  // Bounded, as it may be quoted in an error.
  return typeof value === 'string' ? value.slice(0, 64) : undefined;
}

/** Fails unless the other end speaks our version; the error names both, by end, so that both ends read it alike. */
export function checkVersion(peer: string, theirs: string | undefined, we: End): void {
  if (theirs === PEER_VERSION) return;
  const they: End = we === 'listener' ? 'dialer' : 'listener';
  const facts = { field: 'version', [we]: PEER_VERSION, [they]: theirs ?? 'none', peer };
  throw new SottoError('parameters-rejected', 'the peer runs another version of Sotto', facts);
}

export type End = 'listener' | 'dialer';

export function converse(
  client: Client,
  metadata: Metadata,
  options: CallOptions,
): ClientDuplexStream<Buffer, Buffer> {
  const { path, requestSerialize, responseDeserialize } = CONVERSE;
  return client.makeBidiStreamRequest(
    path,
    requestSerialize,
    responseDeserialize,
    metadata,
    options,
  );
}

/** What a failed call to or from a peer means. */
export function peerError(error: unknown, facts: Facts): SottoError {
  const { code, metadata } = error as ServiceError;
  if (typeof code !== 'number') {
    return new SottoError('peer-unavailable', 'the connection broke', facts, { cause: error });
  }
  // Without details it is our own library, which refused a message above its limit.
  if (
    code === status.RESOURCE_EXHAUSTED &&
    (metadata?.get('grpc-status-details-bin').length ?? 0) === 0
  ) {
    return new SottoError('protocol-violation', 'the peer sent a message above the limit', facts);
  }
  return fromStatus(error as ServiceError, 'peer', facts);
}
