/** All jobs of this worker, durably: what was asked, what was agreed, how it ended. */
import type { DatabaseSync } from 'node:sqlite';
import { toBinary } from '@bufbuild/protobuf';
import { equalBytes } from '../base/bytes.ts';
import { SottoError } from '../base/errors.ts';
import { decodeStored } from '../channel/decode.ts';
import { type Job, JobSchema, JobState } from '../gen/sotto/job/v1/job_pb.ts';
import { inTransaction } from './state.ts';

/** A job and what only its own worker needs to know of it. */
export interface JobRecord {
  readonly job: Job;
  /** Empty: submitted without one. */
  readonly requestId: string;
  /** The spec as submitted, serialised: a request id with another one is an error. */
  readonly requestSpec: Uint8Array;
  /** Canonical bytes, once there is an agreement. */
  readonly agreement: Uint8Array | undefined;
  /** The peer's, once it has agreed: what this party can show if there is a dispute. */
  readonly peerSignature: Uint8Array | undefined;
  /** An operator or a rule lets it begin. */
  readonly approved: boolean;
}

interface Row {
  readonly sequence: number;
  readonly request_id: string | null;
  readonly request_spec: Uint8Array;
  readonly job: Uint8Array;
  readonly agreement: Uint8Array | null;
  readonly peer_signature: Uint8Array | null;
  readonly approved: number;
}

const ENDED: ReadonlySet<JobState> = new Set([
  JobState.SUCCEEDED,
  JobState.FAILED,
  JobState.CANCELLED,
]);

export const hasEnded = (job: Job): boolean => ENDED.has(job.state);

const MAX_PAGE = 100;

export class Registry {
  readonly #database: DatabaseSync;

  constructor(database: DatabaseSync) {
    this.#database = database;
  }

  /** @throws already-exists for a known job id. */
  insert(record: JobRecord): void {
    if (this.find(record.job.id) !== undefined) {
      throw new SottoError('already-exists', 'a job of this id exists', { job: record.job.id });
    }
    this.#database
      .prepare(
        `INSERT INTO jobs (id, ended, request_id, request_spec, job, agreement, peer_signature,
           approved)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
      )
      .run(
        record.job.id,
        Number(hasEnded(record.job)),
        record.requestId === '' ? null : record.requestId,
        record.requestSpec,
        toBinary(JobSchema, record.job),
        record.agreement ?? null,
        record.peerSignature ?? null,
        Number(record.approved),
      );
  }

  /** Writes the record over what is there. A job that has ended never changes again. */
  update(record: JobRecord): void {
    inTransaction(this.#database, () => {
      const { changes } = this.#database
        .prepare(
          `UPDATE jobs SET ended = ?, job = ?, agreement = ?, peer_signature = ?, approved = ?
           WHERE id = ? AND ended = 0`,
        )
        .run(
          Number(hasEnded(record.job)),
          toBinary(JobSchema, record.job),
          record.agreement ?? null,
          record.peerSignature ?? null,
          Number(record.approved),
          record.job.id,
        );
      if (changes !== 1) {
        throw new SottoError('internal', 'a job that has ended was to change', {
          job: record.job.id,
        });
      }
    });
  }

  find(id: string): JobRecord | undefined {
    const row = this.#database.prepare('SELECT * FROM jobs WHERE id = ?').get(id);
    return row === undefined ? undefined : recordOf(row as unknown as Row);
  }

  get(id: string): JobRecord {
    const record = this.find(id);
    if (record === undefined) throw new SottoError('not-found', 'no such job', {});
    return record;
  }

  /** The job of this request, if there is one. @throws already-exists if it asked for something else. */
  byRequest(requestId: string, requestSpec: Uint8Array): JobRecord | undefined {
    if (requestId === '') return undefined;
    const row = this.#database.prepare('SELECT * FROM jobs WHERE request_id = ?').get(requestId);
    if (row === undefined) return undefined;
    const record = recordOf(row as unknown as Row);
    if (!equalBytes(record.requestSpec, requestSpec)) {
      throw new SottoError('already-exists', 'this request id came with another job before', {
        job: record.job.id,
      });
    }
    return record;
  }

  /** Jobs that have succeeded here with this very spec, newest first. */
  succeeded(requestSpec: Uint8Array): JobRecord | undefined {
    const rows = this.#database
      .prepare('SELECT * FROM jobs WHERE ended = 1 AND request_spec = ? ORDER BY sequence DESC')
      .all(requestSpec) as unknown as Row[];
    return rows.map(recordOf).find((record) => record.job.state === JobState.SUCCEEDED);
  }

  /** Oldest first: the order in which they are taken up again. */
  unfinished(): JobRecord[] {
    const rows = this.#database
      .prepare('SELECT * FROM jobs WHERE ended = 0 ORDER BY sequence')
      .all() as unknown as Row[];
    return rows.map(recordOf);
  }

  /** Newest first. The token says where the next page begins and nothing else. */
  page(pageSize: number, pageToken: string): { records: JobRecord[]; nextPageToken: string } {
    const size = pageLimit(pageSize);
    const rows = this.#database
      .prepare('SELECT * FROM jobs WHERE sequence < ? ORDER BY sequence DESC LIMIT ?')
      .all(pageToken === '' ? Number.MAX_SAFE_INTEGER : decodeToken(pageToken), size + 1);
    const page = (rows as unknown as Row[]).slice(0, size);
    const last = page.at(-1);
    return {
      records: page.map(recordOf),
      nextPageToken:
        rows.length > size && last !== undefined ? encodeToken(String(last.sequence)) : '',
    };
  }
}

/** AIP-158: 0 means the default, more than the most means the most, less than 0 is an error. */
function pageLimit(pageSize: number): number {
  if (pageSize < 0 || !Number.isInteger(pageSize)) {
    throw new SottoError('invalid-argument', 'page_size is negative', {
      field: 'page_size',
      found: pageSize,
    });
  }
  return pageSize === 0 ? 50 : Math.min(pageSize, MAX_PAGE);
}

export const encodeToken = (place: string): string =>
  Buffer.from(`sotto:${place}`).toString('base64url');

function decodeToken(token: string): number {
  const [, place] = /^sotto:(\d{1,15})$/.exec(Buffer.from(token, 'base64url').toString()) ?? [];
  if (place === undefined) {
    throw new SottoError('invalid-argument', 'page_token is not one of ours', {
      field: 'page_token',
    });
  }
  return Number(place);
}

function recordOf(row: Row): JobRecord {
  return {
    job: decodeStored(JobSchema, row.job),
    requestId: row.request_id ?? '',
    requestSpec: row.request_spec,
    agreement: row.agreement ?? undefined,
    peerSignature: row.peer_signature ?? undefined,
    approved: row.approved === 1,
  };
}
