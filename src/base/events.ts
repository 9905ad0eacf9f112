/**
 * What a worker logs: a closed union, so that a new line in the log is a decision. Names of parties,
 * jobs, phases and error codes only: no ids of customers, labels, column values, keys or messages of
 * strangers have a field to go into.
 */
import type { ErrorCode, SottoError } from './errors.ts';

export type LogEvent =
  | { readonly event: 'worker-started'; readonly party: string; readonly resumed: number }
  | { readonly event: 'worker-stopped'; readonly party: string }
  | {
      readonly event: 'job-changed';
      readonly job: string;
      readonly peer: string;
      readonly state: string;
      readonly code?: ErrorCode;
      /** Of the attempt. */
      readonly bytesSent: number;
      readonly bytesReceived: number;
    }
  | {
      readonly event: 'job-phase';
      readonly job: string;
      readonly phase: string;
      readonly bytesSent: number;
      readonly bytesReceived: number;
    }
  | {
      readonly event: 'operator-asked';
      readonly verb: 'submit' | 'approve' | 'cancel' | 'read-artifact';
      readonly by: string;
      readonly subject: string;
    }
  | {
      readonly event: 'proposal-refused';
      readonly peer: string;
      readonly code: ErrorCode;
      readonly field: string;
    }
  | {
      readonly event: 'peer-unreachable';
      readonly peer: string;
      readonly code: ErrorCode;
      readonly retryInMs: number;
    }
  | { readonly event: 'conversation-refused'; readonly peer: string; readonly code: ErrorCode }
  /** Certificates have changed on disk, or peers were revoked: so many peers are believed now. */
  | { readonly event: 'keys-renewed'; readonly peers: number }
  | { readonly event: 'keys-not-renewed'; readonly code: ErrorCode }
  /** The audit log of one party has lost or changed entries that the other remembers. */
  | {
      readonly event: 'history-differs';
      readonly peer: string;
      readonly whose: 'own' | 'peer';
    }
  /** The collector of spans takes none, or not as many as there are: said once, until it takes some again. */
  | { readonly event: 'spans-dropped' }
  /** Ours to mend: a failure that nobody foresaw, or what this machine has run out of, by the system's name for it. */
  | { readonly event: 'failed-internally'; readonly where: string; readonly errno?: string };

/** Takes events; must not throw and must not block. */
export type Log = (event: LogEvent) => void;

/** Of failures, those that only this worker's operator can mend. */
export function logOwnFailure(
  log: Log,
  where: string,
  { code, facts: { errno } }: SottoError,
): void {
  const system = typeof errno === 'string' ? { errno } : {};
  if (code === 'internal' || 'errno' in system)
    log({ event: 'failed-internally', where, ...system });
}
