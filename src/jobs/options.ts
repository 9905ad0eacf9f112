/** What a worker is made of: configuration that was parsed already, and every effect it may have. */
import type { KeyObject } from 'node:crypto';
import type { Log } from '../base/events.ts';
import type { Random } from '../base/random.ts';
import type { Vault } from '../base/sealed.ts';
import type { Tracer } from '../base/tracing.ts';
import type { Compute } from '../compute/compute.ts';
import type { DatasetConfig } from '../data/dataset.ts';
import { KEPT_BYTES } from '../protocols/vertical-lr/index.ts';
import type { Disk } from './disk.ts';
import type { ProtocolName } from './fields.ts';
import type { Peers } from './peers.ts';

/** Time as the worker sees it. */
export interface Clock {
  /** Milliseconds since 1970: for dates only, since somebody may set it forward or back meanwhile. */
  now(): number;
  /** Milliseconds since some moment, whatever is done to the date: for how long something takes. */
  elapsed(): number;
  /** Resolves after `ms`; rejects with the signal's reason when it aborts. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

/** One dataset that a peer may be told about; a column not named here does not exist for that peer. */
export interface Offer {
  readonly peer: string;
  readonly dataset: string;
  /** Columns that may be features or label in a job with that peer; 'all' means every column of the dataset. */
  readonly columns: readonly string[] | 'all';
  /** Purposes that a job may state; '*' among them admits any. */
  readonly purposes: readonly string[];
  /** Absent: `DEFAULT_BUDGET`. */
  readonly budget?: Budget | undefined;
}

/** How much one peer may learn of one dataset, over all jobs together and for the dataset's lifetime. */
export interface Budget {
  /** Of numbers with noise, added up. */
  readonly epsilon: number;
  /** Numbers without noise. */
  readonly exact: number;
  /** Rows of the peer that were answered one by one: excluded or not, selected or not. */
  readonly rows: number;
}

export const DEFAULT_BUDGET: Budget = { epsilon: 20, exact: 20, rows: 20_000_000 };

/** A peer's proposal that matches one rule in all four begins without an operator; '*' matches anything. */
export interface Rule {
  readonly peer: string;
  readonly protocol: ProtocolName | '*';
  readonly dataset: string;
  readonly purpose: string;
}

export interface Limits {
  /** The most rows either party may bring to a job. */
  readonly maxRows: number;
  /** Jobs that run at once: so many submitted here, and so many again proposed by peers. */
  readonly maxJobs: number;
  /** Jobs that have not ended, waiting ones included; more are refused. */
  readonly maxQueued: number;
  /** What one job may hold, as told from its sizes beforehand; and no more than `maxJobsBytes`. */
  readonly maxJobBytes: number;
  /** What jobs that run at once may hold together: so much those submitted here, so much again those proposed by peers. */
  readonly maxJobsBytes: number;
  /** Of a training's columns, transformed once: bytes that are kept. Beyond them, products cost a transform more. */
  readonly keptBytes: number;
  /** How long an unreachable peer is tried again before a job fails, in milliseconds. */
  readonly unavailableAfterMs: number;
  /** The longest wait for a peer's next message, in milliseconds. */
  readonly messageTimeoutMs: number;
  /** Between asking a peer again whether it has approved, and between attempts to reach it: first and longest wait. */
  readonly retryFirstMs: number;
  readonly retryMostMs: number;
}

export const DEFAULT_LIMITS: Limits = {
  maxRows: 2_000_000,
  maxJobs: 2,
  maxQueued: 1_000,
  maxJobBytes: 2 ** 32,
  maxJobsBytes: 2 ** 33,
  keptBytes: KEPT_BYTES,
  unavailableAfterMs: 300_000,
  messageTimeoutMs: 300_000,
  retryFirstMs: 250,
  retryMostMs: 5_000,
};

export interface WorkerOptions {
  /** This party's name, as in both configurations. */
  readonly party: string;
  /** A folder of this worker alone: jobs.sqlite, jobs/<id>/, journals/, models/. Created with mode 0700. */
  readonly stateDir: string;
  readonly keys: {
    /** This party's Ed25519 private key, for agreements. */
    readonly own: KeyObject;
    /** Public Ed25519 keys of the peers, by name: also the list of peers there are. */
    readonly peers: Readonly<Record<string, KeyObject>>;
  };
  /** Seals what the state folder holds of secrets. */
  readonly vault: Vault;
  readonly disk: Disk;
  readonly peers: Peers;
  readonly compute: Compute;
  readonly random: Random;
  readonly clock: Clock;
  readonly datasets: Readonly<Record<string, DatasetConfig>>;
  readonly offers: readonly Offer[];
  readonly rules: readonly Rule[];
  readonly limits: Limits;
  readonly log: Log;
  /** Where spans of attempts go; absent: none are made. */
  readonly tracer?: Tracer | undefined;
}
