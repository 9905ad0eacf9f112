/** The job "align": which rows do both have? Also the first stretch of every other job. */
import { createHash } from 'node:crypto';
import { concat, lengthPrefixed, utf8 } from '../base/bytes.ts';
import type { Run } from '../protocols/party.ts';
import { type AlignResult, alignFirst, alignSecond } from '../protocols/psi/index.ts';
import { DIGEST_BYTES, requireSameData } from './kept.ts';
import { at, type JobContext, type JobRole, type Outcome, stretch } from './role.ts';
import type { Codec } from './steps.ts';

/** Rows that both have, in an order that is the same at both. */
export interface Alignment {
  /** Rows of this party's table. */
  readonly tableRows: number;
  /** Rows that the peer brought. */
  readonly peerRows: number;
  /** Own row numbers, from 0. */
  readonly rows: Uint32Array;
  /** Normalised ids of these rows, in the common order. */
  readonly ids: readonly string[];
}

/** Reads the ids and intersects them; reported as the stretch 0..`until` of the job. */
export async function* alignTables(context: JobContext, until: number): Run<Alignment> {
  const { party, agreement, own, role, tables, steps } = context;
  yield at('read ids', 0);
  await using table = await tables.openAgreed(own.dataset, agreement.maxRows);
  const { ids } = await table.ids({ signal: party.signal });
  yield at('align', until * 0.05);
  const input = {
    ids,
    // Seed and attempt: no two runs hash an id to the same point.
    session: lengthPrefixed(agreement.seed, agreement.jobId, String(context.attempt)),
    order: agreement.seed,
    maxRows: Number(agreement.maxRows),
    minRows: Number(agreement.minRows),
  };
  const digest = digestOf(ids);
  const kept = yield* steps.once('align', ALIGNED, async function* () {
    const run = role === 'active' ? alignFirst(party, input) : alignSecond(party, input);
    return { ...(yield* stretch(run, until * 0.05, until)), digest };
  });
  requireSameData(own.dataset, kept.digest, digest);
  return {
    tableRows: table.rowCount,
    peerRows: kept.peerIds,
    rows: kept.rows,
    ids: Array.from(kept.rows, (row) => ids[row]!),
  };
}

/** Kept: own rows by their numbers, and of which ids. */
const ALIGNED: Codec<AlignResult & { readonly digest: Uint8Array }> = {
  encode({ rows, peerIds, digest }) {
    const numbers = new Uint32Array(1 + rows.length);
    numbers[0] = peerIds;
    numbers.set(rows, 1);
    return concat(digest, new Uint8Array(numbers.buffer));
  },
  decode(state) {
    const numbers = new Uint32Array(state.slice(DIGEST_BYTES).buffer);
    const digest = state.slice(0, DIGEST_BYTES);
    return { rows: numbers.slice(1), peerIds: numbers[0]!, digest };
  },
};

/** Of all ids of a table in its order: which rows the numbers mean. It never leaves this worker. */
function digestOf(ids: readonly string[]): Uint8Array {
  const hash = createHash('sha256');
  for (const id of ids) hash.update(lengthPrefixed(id));
  return hash.digest();
}

/** Either role: alignment is symmetric in what is learnt. Leaves the common ids as `aligned.csv`. */
export const alignJob: JobRole = async function* (context): Run<Outcome> {
  const { tableRows, peerRows, rows, ids } = yield* alignTables(context, 0.98);
  return {
    result: { rows: rows.length, ownRows: tableRows, peerRows },
    parameters: { group: 'ristretto255' },
    artifacts: { 'aligned.csv': csv(['id'], [ids]) },
  };
};

/** RFC 4180; columns of equal length. Quotes only what needs them. */
export function csv(
  header: readonly string[],
  columns: readonly (readonly (string | number)[])[],
): Uint8Array<ArrayBuffer> {
  const quoted = (field: string | number): string => {
    const text = String(field);
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  const lines = [header.join(',')];
  for (let row = 0; row < (columns[0]?.length ?? 0); row++) {
    lines.push(columns.map((column) => quoted(column[row]!)).join(','));
  }
  return concat(utf8(lines.join('\n')), utf8('\n'));
}
