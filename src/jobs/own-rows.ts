/** This party's rows of a job on sets: chosen by the agreed conditions, and what the release gate is asked about them. */
import { clone, toBinary } from '@bufbuild/protobuf';
import { timestampMs } from '@bufbuild/protobuf/wkt';
import { type Bytes, lengthPrefixed } from '../base/bytes.ts';
import { parsePredicate } from '../data/predicate/index.ts';
import { JobSpecSchema } from '../gen/sotto/job/v1/agreement_pb.ts';
import type { OwnList } from '../protocols/sets/index.ts';
import type { Budget } from './options.ts';
import type { Question } from './release.ts';
import type { JobContext } from './role.ts';

const DAY_MS = 86_400_000;

export interface ChosenRows {
  /** Own row numbers, from 0, ascending. */
  readonly rows: Uint32Array;
  /** Normalised ids of these rows. */
  readonly ids: readonly string[];
}

/** The rows that fulfil each condition; an empty one chooses all rows. "Today" is the day of the agreement. */
export async function readRows(
  { agreement, own, party, tables }: JobContext,
  conditions: readonly string[],
): Promise<ChosenRows[]> {
  await using table = await tables.openAgreed(own.dataset, agreement.maxRows);
  const { signal } = party;
  const { ids } = await table.ids({ signal });
  const today = Math.floor(timestampMs(agreement.notBefore!) / DAY_MS);
  const chosen: ChosenRows[] = [];
  for (const condition of conditions) {
    const rows =
      condition === ''
        ? Uint32Array.from(ids, (_, row) => row)
        : await table.where(parsePredicate(condition), { today, signal });
    chosen.push({ rows, ids: Array.from(rows, (row) => ids[row]!) });
  }
  return chosen;
}

/** Both conditions; an empty one is none. */
export function bothOf(one: string, other: string): string {
  if (one === '' || other === '') return one + other;
  return `(${one}) and (${other})`;
}

export function listOf(
  { gate, peer }: JobContext,
  { ids }: ChosenRows,
  size: 'exact' | 'class',
): OwnList {
  return { ids, padded: size === 'class', name: gate.nameOf(peer, ids) };
}

/** A name of this run for both parties: no two runs hash an id to the same point. */
export const sessionOf = ({ agreement, attempt }: JobContext): Bytes =>
  lengthPrefixed(agreement.seed, agreement.jobId, String(attempt));

/** What the gate is asked: all of the agreement that decides the answer, and the peer's name of its rows. */
export function questionOf(
  context: JobContext,
  chosen: readonly ChosenRows[],
  asked: { readonly peerNames: Uint8Array; readonly cost: Partial<Budget> },
): Question {
  const { agreement, own, peer, role } = context;
  const spec = clone(JobSpecSchema, agreement.spec!);
  spec.purpose = '';
  spec.validForSeconds = 0;
  return {
    peer,
    dataset: own.dataset,
    kind: spec.protocol.case!,
    job: agreement.jobId,
    question: lengthPrefixed(role, toBinary(JobSpecSchema, spec), asked.peerNames),
    sets: chosen.map(({ ids }) => ids),
    cost: asked.cost,
    least: Number(agreement.minRows),
  };
}
