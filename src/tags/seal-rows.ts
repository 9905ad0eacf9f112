/** From rows of the source to what is sealed: record, and the oblivious function's value, computed on threads. */
import type { Compute } from '../compute/compute.ts';
import type { TagField } from '../gen/sotto/tag/v1/tag_pb.ts';
import { type IdDomain, inputOf } from './row.ts';
import { type RowIndex, SECRET_BYTES } from './row-index.ts';
import { encodeRecord } from './schema.ts';
import type { SourceRow } from './source.ts';

/** Rows of one task: some 10 ms. */
export const SLICE = 128;

export interface ReadyRow {
  readonly row: number;
  readonly id: string;
  readonly record: Uint8Array;
  /** The function's value for the id: 64 bytes; empty for a row that is skipped. */
  readonly secret: Uint8Array;
  /** Its place in the index of the version before. */
  readonly at: number | undefined;
  /** Whether the version before has it otherwise, or not at all; of a whole version, always. */
  readonly changed: boolean;
}

export interface Evaluation {
  readonly compute: Compute;
  readonly signal: AbortSignal;
  readonly secretKey: Uint8Array;
  readonly domain: IdDomain;
  readonly fields: readonly TagField[];
  readonly recordBytes: number;
  readonly known: RowIndex;
  /** So many first rows are sealed already: looked up, but not computed. */
  readonly skip: number;
  readonly onlyChanged: boolean;
}

/** Batches in order; while one is sealed by the caller, threads compute the next. */
export async function* evaluateAll(
  batches: AsyncIterable<SourceRow[]>,
  evaluation: Evaluation,
): AsyncGenerator<ReadyRow[], void, void> {
  let ahead: Promise<ReadyRow[]> | undefined;
  for await (const batch of batches) {
    const next = evaluate(batch, evaluation);
    next.catch(() => undefined); // it is awaited below, perhaps after another has failed
    if (ahead !== undefined) yield await ahead;
    ahead = next;
  }
  if (ahead !== undefined) yield await ahead;
}

async function evaluate(batch: SourceRow[], evaluation: Evaluation): Promise<ReadyRow[]> {
  const { fields, recordBytes, known, skip, onlyChanged } = evaluation;
  const rows = batch.map(({ row, id, values }) => {
    const record = encodeRecord(fields, values, { recordBytes, row });
    const found = known.find(id, record);
    const changed = !onlyChanged || found?.sameRecord !== true;
    const secret: Uint8Array | undefined = found?.secret;
    return { row, id, record, at: found?.at, changed, secret };
  });
  const open = rows.filter(({ row, secret }) => secret === undefined && row > skip);
  const values = await evaluateSlices(
    open.map(({ id }) => inputOf(evaluation.domain, id)),
    evaluation,
  );
  for (const [index, row] of open.entries()) {
    row.secret = values.subarray(index * SECRET_BYTES, (index + 1) * SECRET_BYTES);
  }
  return rows.map((row) => ({ ...row, secret: row.secret ?? new Uint8Array(0) }));
}

async function evaluateSlices(
  inputs: readonly Uint8Array[],
  { compute, secretKey, signal }: Pick<Evaluation, 'compute' | 'secretKey' | 'signal'>,
): Promise<Uint8Array> {
  const values = new Uint8Array(inputs.length * SECRET_BYTES);
  const slices = Array.from({ length: Math.ceil(inputs.length / SLICE) }, async (_, index) => {
    const slice = inputs.slice(index * SLICE, (index + 1) * SLICE);
    const input = { secretKey, inputs: slice };
    const { outputs } = await compute.run('oprfEvaluateDirect', input, { signal });
    values.set(outputs, index * SLICE * SECRET_BYTES);
  });
  await Promise.all(slices);
  return values;
}
