/** How a command ends, for scripts: one exit code per error code. */
import { ERROR_CODES, type ErrorCode } from '../base/errors.ts';

/** 0 is success; 1 a job that failed or was cancelled after it was submitted; 2 a wrong command line. */
export const EXIT_CODES: Readonly<Record<ErrorCode, number>> = {
  'invalid-argument': 3,
  'not-found': 4,
  'already-exists': 5,
  'permission-denied': 6,
  unauthenticated: 7,
  'parameters-rejected': 8,
  'budget-exhausted': 9,
  'protocol-violation': 10,
  'verification-failed': 11,
  'peer-unavailable': 12,
  'deadline-exceeded': 13,
  cancelled: 14,
  'rollback-detected': 15,
  internal: 70, // EX_SOFTWARE of sysexits.h
};

export const EXIT_JOB_FAILED = 1;
export const EXIT_USAGE = 2;

/** Who can mend it, and how: the second sentence of an error message. */
export const REMEDIES: Readonly<Record<ErrorCode, string>> = {
  'invalid-argument': 'Correct the named file, field or flag and run the command again.',
  'not-found':
    'See what exists: `sotto job list`, `sotto models list`, or the datasets of the worker.',
  'already-exists': 'Choose another name, or remove the existing one first.',
  'permission-denied':
    "Ask for a certificate with the needed role, or for an entry in the worker's policy.",
  unauthenticated:
    "Check that both parties have each other's current public file and compare fingerprints (`sotto keys fingerprint`).",
  'parameters-rejected': 'Agree with the other party on the named field and submit the job again.',
  'budget-exhausted':
    'The agreed limit on what may be disclosed is used up; it cannot be raised after the fact.',
  'protocol-violation':
    'The other party sent what it must not; ask which version it runs, and keep both logs.',
  'verification-failed':
    'What arrived is not what was sent, or not signed by the peer; try again, and keep both logs.',
  'rollback-detected':
    "Submit the job again; and find out who restored, copied or damaged a worker's state folder.",
  'peer-unavailable':
    'Check that the other worker runs and that its address is right, then try again.',
  'deadline-exceeded':
    'Try again; if it happens again, look at the load and the link of both workers.',
  cancelled: 'Submit the job again if it is still wanted.',
  internal: "A fault of Sotto: please report it with the worker's log.",
};

/** Where `sotto tags` mends something otherwise than jobs do. */
const TAG_REMEDIES: Readonly<Partial<Record<ErrorCode, string>>> = {
  'not-found':
    'See `tags.tables` and `tags.mirrors` of the configuration; `sotto tags sync` fetches a mirror, `sotto tags receipts` lists what was asked.',
  'already-exists': 'A sealed version is never replaced: choose another --version.',
  'permission-denied':
    "Ask the company to offer the table for this purpose, or change the mirror's `minAnonymity` or `maxDownloadMiB`.",
  'parameters-rejected': 'Fetch the current version (`sotto tags sync`) and ask again.',
  'budget-exhausted':
    'The quota comes back with the next second, day or epoch; a larger one is for the company to give.',
  cancelled: 'Run the command again: sealing and syncing go on where they stopped.',
};

/** For a failure of a command in this group, e.g. `tags`. */
export const remedyOf = (code: ErrorCode, group: string | undefined): string =>
  (group === 'tags' ? TAG_REMEDIES[code] : undefined) ?? REMEDIES[code];

/** The table as help prints it. */
export function exitCodeTable(): string {
  const rows: (readonly [number, string])[] = [
    [0, 'success'],
    [EXIT_JOB_FAILED, 'the job ended as failed or cancelled (watch, predict, demo)'],
    [EXIT_USAGE, 'a command line that cannot be understood'],
    ...ERROR_CODES.map((code) => [EXIT_CODES[code], code] as const),
  ];
  return rows.map(([code, meaning]) => `  ${String(code).padStart(3)}  ${meaning}`).join('\n');
}
