/** The one error class of Sotto: a code that says who can mend it, and facts that are numbers and names, never data. */

/**
 * Codes, named by who can mend the failure: the caller, the author of the job, the peer,
 * whoever waits and retries, or us.
 */
export const ERROR_CODES = [
  'invalid-argument', // the caller: a bad file, column, value, flag
  'not-found', // the caller: no such job, model, dataset
  'already-exists', // the caller: the same name with other content
  'permission-denied', // the caller: not authorised, or refused by policy
  'unauthenticated', // the caller: no certificate, or one that is not pinned
  'parameters-rejected', // the author of the job: the parties do not agree on a field
  'budget-exhausted', // the author of the job: a ledger or quota has no room left
  'protocol-violation', // the peer: a message that its role must not send
  'verification-failed', // the peer or the wire: transcripts, proofs or signatures do not hold
  'rollback-detected', // whoever keeps a worker's state: it has lost what it had acknowledged
  'peer-unavailable', // retry: nobody answers
  'deadline-exceeded', // retry: an answer took too long
  'cancelled', // somebody asked for it
  'internal', // us
] as const;

export type ErrorCode = (typeof ERROR_CODES)[number];

/** Numbers and names that explain a failure, e.g. `{ expected: 1024, received: 1023 }`; never ids, labels or values. */
export type Facts = Readonly<Record<string, string | number | boolean>>;

/** A failure as it crosses a thread or is stored: plain data. */
export interface ErrorRecord {
  readonly code: ErrorCode;
  readonly message: string;
  readonly facts: Facts;
}

export class SottoError extends Error {
  override readonly name = 'SottoError';
  readonly code: ErrorCode;
  readonly facts: Facts;

  constructor(code: ErrorCode, message: string, facts: Facts = {}, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.facts = facts;
  }

  /** The failure as one line for a person: message, then the facts. */
  describe(): string {
    const facts = Object.entries(this.facts).map(([name, value]) => `${name}=${value}`);
    return facts.length === 0 ? this.message : `${this.message} (${facts.join(', ')})`;
  }

  toRecord(): ErrorRecord {
    return { code: this.code, message: this.message, facts: this.facts };
  }

  static fromRecord(record: ErrorRecord): SottoError {
    return new SottoError(record.code, record.message, record.facts);
  }
}

/** What a machine can run out of, and has again when somebody or something makes room. */
const EXHAUSTED: Readonly<Record<string, string>> = {
  EMFILE: 'this process has no file descriptors left: allow it more (ulimit -n)',
  ENFILE: 'this machine has no file descriptors left',
  ENOSPC: 'no room left on the disk',
  EDQUOT: 'no room left in the quota of the disk',
  ENOMEM: 'this machine has no memory left',
};

/**
 * Whatever was thrown, as a SottoError; a stranger becomes `internal` and keeps its cause. A failed call of the
 * operating system is told by its `errno`; one that may succeed later is `peer-unavailable`.
 */
export function asSottoError(thrown: unknown): SottoError {
  if (thrown instanceof SottoError) return thrown;
  if (thrown instanceof Error && thrown.name === 'AbortError') {
    return thrown.cause instanceof SottoError
      ? thrown.cause
      : new SottoError('cancelled', 'cancelled', {}, { cause: thrown });
  }
  if (isDamagedDatabase(thrown)) {
    const message = 'a database of this worker is damaged, or may not be written';
    return new SottoError('verification-failed', message, {}, { cause: thrown });
  }
  const errno = errnoOf(thrown);
  const lacking = errno === undefined ? undefined : EXHAUSTED[errno];
  const facts = errno === undefined ? {} : { errno };
  if (lacking !== undefined) {
    return new SottoError('peer-unavailable', lacking, facts, { cause: thrown });
  }
  // The stranger's text may quote data, so it stays in `cause` and out of the message.
  return new SottoError('internal', 'an unexpected failure', facts, { cause: thrown });
}

/** Of a failed call of the operating system. Its name says nothing of the path or address it was made for. */
function errnoOf(thrown: unknown): string | undefined {
  if (!(thrown instanceof Error && 'syscall' in thrown && 'code' in thrown)) return undefined;
  return typeof thrown.code === 'string' && /^E[A-Z0-9]{2,15}$/.test(thrown.code)
    ? thrown.code
    : undefined;
}

/**
 * SQLITE_ERROR (our statements are constant, so the schema is not ours), SQLITE_READONLY (a format that nobody writes),
 * SQLITE_CORRUPT and SQLITE_NOTADB, with what refines them in the higher bits; and a file that ends too early.
 */
const DAMAGED: readonly number[] = [1, 8, 11, 26];
const SHORT_READ = 522;

const isDamagedDatabase = (thrown: unknown): boolean =>
  thrown instanceof Error &&
  'errcode' in thrown &&
  (thrown.errcode === SHORT_READ || DAMAGED.includes(Number(thrown.errcode) & 0xff));

export function isErrorCode(code: string): code is ErrorCode {
  return (ERROR_CODES as readonly string[]).includes(code);
}
