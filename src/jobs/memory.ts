/**
 * What a job will hold at most, told from public sizes before it is accepted: so that a job that is too large is refused
 * by name, instead of a process that is killed with all its jobs.
 */
import { SottoError } from '../base/errors.ts';
import type { Limits } from './options.ts';

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

/** What the job will hold. @throws budget-exhausted with `found` and `most` MiB. */
export function requireMemory(
  sizes: MemorySizes,
  { maxJobBytes, maxJobsBytes }: Pick<Limits, 'maxJobBytes' | 'maxJobsBytes'>,
): number {
  const bytes = jobBytes(sizes);
  const mostBytes = Math.min(maxJobBytes, maxJobsBytes); // it would wait for more than there ever is
  if (bytes <= mostBytes) return bytes;
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

/**
 * What jobs submitted here may hold together, and as much again those proposed by peers: a quarter is left to the rest.
 * Apart, as two workers that waited for each other's memory would wait for ever.
 */
export const jobsShareOf = (availableBytes: number): number =>
  Math.floor((0.75 * availableBytes) / 2);
