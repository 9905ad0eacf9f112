/**
 * What the audit log says: a closed union, so that a new entry is a decision. Names of parties, people, jobs, datasets,
 * protocols and error codes, counts, and hashes of agreements; no ids of customers, labels, values or keys.
 */
import type { ErrorCode } from '../../base/errors.ts';

export type AuditEvent =
  | { readonly event: 'worker-started' | 'worker-stopped'; readonly party: string }
  /** Before it is done. */
  | {
      readonly event: 'asked';
      readonly verb:
        | 'submit'
        | 'approve'
        | 'cancel'
        | 'read-artifact'
        | 'read-model'
        | 'delete-model';
      readonly by: string;
      readonly subject: string;
    }
  | {
      readonly event: 'proposal-refused';
      readonly peer: string;
      readonly code: ErrorCode;
      readonly field: string;
    }
  /** Both have signed; before the first message of an attempt. */
  | {
      readonly event: 'agreed';
      readonly job: string;
      readonly peer: string;
      readonly attempt: number;
      readonly protocol: string;
      readonly purpose: string;
      /** SHA-256, hex. */
      readonly agreement: string;
    }
  /** Before the debit, so before anything is opened that it pays for. */
  | {
      readonly event: 'debited';
      readonly job: string;
      readonly dataset: string;
      readonly budget: 'labels' | 'scores' | 'answers';
      /** Label-dependent numbers, or rows that are scored. */
      readonly amount: number;
    }
  /** What a peer's tag queries were debited, every ten minutes in which there were any, and when the worker stops. */
  | {
      readonly event: 'tags-debited';
      readonly peer: string;
      readonly dataset: string;
      readonly purpose: string;
      /** Of UTC; ids that were debited on it for this purpose. */
      readonly day: string;
      readonly items: number;
      /** Of the chain of receipts: its length, all ids in it, and the hash of the last. */
      readonly receipts: number;
      readonly total: number;
      readonly head: string;
    }
  | {
      readonly event: 'ended';
      readonly job: string;
      readonly peer: string;
      readonly state: string;
      readonly code: string;
      /** Common rows of what both parties have learnt; 0 if nothing came of it. */
      readonly rows: number;
      /** Files that were kept for operators. */
      readonly files: number;
    }
  /** Handshakes and calls without a certificate that is pinned, since the entry before. */
  | { readonly event: 'strangers-refused'; readonly count: number }
  /** How far each log was at the end of a job, as both parties have heard it. */
  | {
      readonly event: 'heads-exchanged';
      readonly job: string;
      readonly peer: string;
      /** 1, 2, ... with this peer. */
      readonly exchange: number;
      readonly peerHead: string;
      readonly ownHead: string;
    }
  /** The parties' memories do not fit: `whose` log has lost or changed entries that the other remembers. */
  | {
      readonly event: 'history-differs';
      readonly job: string;
      readonly peer: string;
      readonly whose: 'own' | 'peer';
      /** Exchanges of heads. */
      readonly remembered: number;
      readonly found: number;
    };

export const EVENT_FIELDS: {
  readonly [E in AuditEvent as E['event']]: readonly (Exclude<keyof E, 'event'> & string)[];
} = {
  'worker-started': ['party'],
  'worker-stopped': ['party'],
  asked: ['verb', 'by', 'subject'],
  'proposal-refused': ['peer', 'code', 'field'],
  agreed: ['job', 'peer', 'attempt', 'protocol', 'purpose', 'agreement'],
  debited: ['job', 'dataset', 'budget', 'amount'],
  'tags-debited': [
    ...(['peer', 'dataset', 'purpose', 'day', 'items', 'receipts', 'total', 'head'] as const),
  ],
  ended: ['job', 'peer', 'state', 'code', 'rows', 'files'],
  'strangers-refused': ['count'],
  'heads-exchanged': ['job', 'peer', 'exchange', 'peerHead', 'ownHead'],
  'history-differs': ['job', 'peer', 'whose', 'remembered', 'found'],
};
