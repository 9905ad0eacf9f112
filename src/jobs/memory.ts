/**
 * What a job will hold at most, told from public sizes before it is accepted: so that a job that is too large is refused
 * by name, instead of a process that is killed with all its jobs.
 */
import { SottoError } from '../base/errors.ts';

export interface MemorySizes {
  /** Of the own dataset. */
  readonly rows: number;
  /** The most that the peer may bring, as agreed. */
  readonly peerRows: number;
  /** Own columns that enter the job, its label included. */
  readonly columns: number;
}

const MIB = 1 << 20;
/** Buffers of a conversation, keys and ciphertexts of one step. */
const FIXED_BYTES = 64 * MIB;
/** An id as text, its point, blinded and hashed, its place: measured 0.9 KiB for both parties' rows in an alignment. */
const ROW_BYTES = 1024;
/** A point twice and a fingerprint. */
const PEER_ROW_BYTES = 128;
/** As read, as number, standardised, embedded with three harmonics: Float64 each. */
const CELL_BYTES = 8 * 10;

export const jobBytes = ({ rows, peerRows, columns }: MemorySizes): number =>
  FIXED_BYTES +
  rows * (ROW_BYTES + columns * CELL_BYTES) +
  // The peer brings no more rows than agreed, and mostly about as many as we do.
  Math.min(peerRows, Math.max(rows, 100_000) * 4) * PEER_ROW_BYTES;

/** @throws budget-exhausted with `found` and `most` MiB. */
export function requireMemory(sizes: MemorySizes, mostBytes: number): void {
  const bytes = jobBytes(sizes);
  if (bytes <= mostBytes) return;
  throw new SottoError(
    'budget-exhausted',
    'the job would need more memory than a job may have here',
    {
      field: 'limits.maxJobMemoryMiB',
      found: Math.ceil(bytes / MIB),
      most: Math.floor(mostBytes / MIB),
    },
  );
}

/** So that as many jobs as may run at once, submitted here and proposed by peers, leave a quarter to the rest. */
export const jobShareOf = (availableBytes: number, maxJobs: number): number =>
  Math.floor((0.75 * availableBytes) / (2 * maxJobs));
