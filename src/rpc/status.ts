/** The one table between our error codes and gRPC's, and what each audience is told. */
import { Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { type ErrorCode, type Facts, isErrorCode, SottoError } from '../base/errors.ts';
import { DETAILS_KEY, decodeDetails, encodeDetails } from './error-details.ts';

const STATUS: Readonly<Record<ErrorCode, status>> = {
  'invalid-argument': status.INVALID_ARGUMENT,
  'not-found': status.NOT_FOUND,
  'already-exists': status.ALREADY_EXISTS,
  'permission-denied': status.PERMISSION_DENIED,
  unauthenticated: status.UNAUTHENTICATED,
  'parameters-rejected': status.FAILED_PRECONDITION,
  'budget-exhausted': status.RESOURCE_EXHAUSTED,
  'protocol-violation': status.ABORTED,
  'rollback-detected': status.OUT_OF_RANGE,
  'verification-failed': status.DATA_LOSS,
  'peer-unavailable': status.UNAVAILABLE,
  'deadline-exceeded': status.DEADLINE_EXCEEDED,
  cancelled: status.CANCELLED,
  internal: status.INTERNAL,
};

/** Backwards, for a status without details: from a stranger, or made by the library itself. */
const CODE: Readonly<Partial<Record<status, ErrorCode>>> = {
  ...Object.fromEntries(Object.entries(STATUS).map(([code, number]) => [number, code])),
  [status.UNIMPLEMENTED]: 'invalid-argument',
};

/**
 * An operator is told all that an error says; a peer its code, and which field it disagrees on,
 * as the reason why a ciphertext failed would be an oracle. Neither ever a stack or a cause.
 */
export type Audience = 'operator' | 'peer';

export interface Refusal {
  readonly code: status;
  readonly details: string;
  readonly metadata: Metadata;
}

export function toStatus(error: SottoError, audience: Audience): Refusal {
  const code = STATUS[error.code];
  const message = audience === 'operator' ? error.message : error.code;
  const facts = audience === 'operator' ? error.facts : peerFacts(error);
  const metadata = new Metadata();
  metadata.set(DETAILS_KEY, encodeDetails({ status: code, message, reason: error.code, facts }));
  return { code, details: message, metadata };
}

const peerFacts = (error: SottoError): Facts =>
  error.code === 'parameters-rejected' ? error.facts : {};

/**
 * What a failed call means; `facts` name who was called. A worker's own operator is shown the
 * worker's words; of a peer only code and facts are taken, the words are ours.
 */
export function fromStatus(error: ServiceError, from: Audience, facts: Facts = {}): SottoError {
  const [bytes] = error.metadata?.get(DETAILS_KEY) ?? [];
  const details = typeof bytes === 'object' ? decodeDetails(bytes) : undefined;
  if (details !== undefined && isErrorCode(details.reason)) {
    const message = from === 'operator' ? error.details : MEANING[details.reason];
    return new SottoError(details.reason, message, { ...details.facts, ...facts });
  }
  // A peer that fails by itself says so in details. Without them the library had a connection that broke.
  const isBroken = from === 'peer' && error.code === status.INTERNAL;
  const code = isBroken ? 'peer-unavailable' : (CODE[error.code] ?? 'internal');
  const named = { ...facts, status: status[error.code] ?? error.code };
  return new SottoError(code, MEANING[code], named, { cause: error });
}

const MEANING: Readonly<Record<ErrorCode, string>> = {
  'invalid-argument': 'the other side does not have this method, or refused the request',
  'not-found': 'the other side has no such thing',
  'already-exists': 'the other side has this with other content',
  'permission-denied': 'the other side does not allow this',
  unauthenticated: 'the other side does not know our certificate',
  'parameters-rejected': 'the other side disagrees on a field',
  'budget-exhausted': 'a limit of the other side is reached',
  'protocol-violation': 'the other side says that our message was not due',
  'verification-failed': 'the other side could not verify what it received',
  'rollback-detected': 'one side has lost steps of the job that it had kept',
  'peer-unavailable': 'nobody answers, or the connection broke',
  'deadline-exceeded': 'the answer took too long',
  cancelled: 'the other side cancelled the call',
  internal: 'the other side failed',
};
