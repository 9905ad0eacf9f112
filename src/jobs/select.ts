/** The job "select": rows that fulfil the conditions of both parties, and the columns that each gives of them. */
import { toHex } from '../base/bytes.ts';
import { SottoError } from '../base/errors.ts';
import type { Participant } from '../gen/sotto/job/v1/agreement_pb.ts';
import { SelectedValuesSchema } from '../gen/sotto/protocol/v1/sets_pb.ts';
import type { Run } from '../protocols/party.ts';
import { alignFirst, alignSecond } from '../protocols/psi/index.ts';
import { exchangeSizes, sizeClass, sizeOf } from '../protocols/sets/index.ts';
import { csv } from './align.ts';
import { otherRole, participant } from './fields.ts';
import { inOneStep } from './kept.ts';
import { type ChosenRows, listOf, questionOf, readRows, sessionOf } from './own-rows.ts';
import { at, type JobContext, type Outcome, stretch } from './role.ts';

const READ = 0.05;
const ALIGNED = 0.9;
const FILLER_BYTES = 16;
/** Values in a message, and the most characters of one: together they stay below 4 MiB. */
const VALUES = 1024;
const VALUE_LENGTH = 1_000;
const VALUE_BYTES = 4 * VALUE_LENGTH;

/** Either role: selection is symmetric but for the columns. Leaves `selected.csv`: own id, and the peer's columns. */
export const selectJob = inOneStep('select', async function* (context): Run<Outcome> {
  const { own, role, agreement } = context;
  yield at('read ids', 0);
  const [chosen] = (await readRows(context, [own.where])) as [ChosenRows];
  yield at('select', READ);
  const { rows, peerSize } = yield* stretch(commonRows(context, chosen), READ, ALIGNED);
  yield at('columns', ALIGNED);
  const given = await valuesOf(context, rows);
  const other = participant(agreement.spec!, otherRole(role));
  // One speaks after the other: both at once could fill both pipes.
  if (role === 'active') await sayValues(context, given);
  const received = await hearValues(context, other, rows.length);
  if (role === 'passive') await sayValues(context, given);
  const ids = idsOf(chosen, rows);
  const header = ['id', ...other.columns.map(({ name }) => `${other.party}.${name}`)];
  return {
    result: { rows: rows.length, ownRows: chosen.rows.length, peerRows: peerSize },
    parameters: { group: 'ristretto255' },
    artifacts: { 'selected.csv': csv(header, [ids, ...received]) },
  };
});

/** Own row numbers in the common order. The gate is asked once sizes and names are known. */
async function* commonRows(context: JobContext, chosen: ChosenRows) {
  const { party, role, own, agreement, gate } = context;
  const list = listOf(context, chosen, own.where === '' ? 'exact' : 'class');
  const limit = Number(agreement.maxRows);
  const side = role === 'active' ? 'comparer' : 'asker';
  const peer = await exchangeSizes(party.channel, side, [list], { lists: 1, maxRows: limit });
  const cost = { rows: peer.sizes[0]! };
  const question = questionOf(context, [chosen], { peerNames: peer.names, cost });
  await gate.release(question, () => new Uint8Array(0));
  const ids = [...chosen.ids];
  // Nobody else has these: their points are uniform, and only their number is known.
  while (ids.length < sizeOf(list)) ids.push(`filler ${toHex(party.random.bytes(FILLER_BYTES))}`);
  const input = {
    ids,
    session: sessionOf(context),
    order: agreement.seed,
    maxRows: sizeClass(limit),
    minRows: Number(agreement.minRows),
  };
  const run = role === 'active' ? alignFirst(party, input) : alignSecond(party, input);
  const { rows, peerIds } = yield* run;
  if (peerIds !== peer.sizes[0]) {
    throw new SottoError('protocol-violation', 'two sizes were told of one list', {
      message: 'AlignSize',
      expected: peer.sizes[0]!,
      received: peerIds,
    });
  }
  return { rows: rows.map((index) => chosen.rows[index]!), peerSize: peerIds };
}

/** Ids by own row number. */
function idsOf({ rows, ids }: ChosenRows, wanted: Uint32Array): string[] {
  const places = new Map(Array.from(rows, (row, index) => [row, index]));
  return Array.from(wanted, (row) => ids[places.get(row)!]!);
}

/** The columns that this party gives, in the common order. */
async function valuesOf(context: JobContext, rows: Uint32Array): Promise<(string | null)[][]> {
  const { own, tables, party } = context;
  await using table = await tables.open(own.dataset);
  const names = own.columns.map(({ name }) => name);
  const ascending = rows.toSorted();
  const place = new Map(Array.from(ascending, (row, index) => [row, index]));
  const columns = await table.texts(names, ascending, { signal: party.signal });
  for (const [index, texts] of columns.entries()) checkLengths(names[index]!, texts);
  return columns.map((texts) => Array.from(rows, (row) => texts[place.get(row)!]!));
}

function checkLengths(column: string, texts: readonly (string | null)[]): void {
  const found = texts.reduce((most, text) => Math.max(most, text?.length ?? 0), 0);
  if (found <= VALUE_LENGTH) return;
  throw new SottoError('invalid-argument', `column '${column}' has a value too long to be given`, {
    column,
    found,
    most: VALUE_LENGTH,
  });
}

async function sayValues(
  { party: { channel } }: JobContext,
  columns: readonly (readonly (string | null)[])[],
): Promise<void> {
  for (const column of columns) {
    for (let from = 0; from < column.length; from += VALUES) {
      const piece = column.slice(from, from + VALUES);
      await channel.send(SelectedValuesSchema, {
        values: piece.map((text) => text ?? ''),
        missing: Uint8Array.from(piece, (text) => Number(text === null)),
      });
    }
  }
}

/** A missing value is the empty text. */
async function hearValues(
  { party: { channel } }: JobContext,
  { columns }: Participant,
  rows: number,
): Promise<string[][]> {
  const received: string[][] = [];
  for (const _ of columns) {
    const column: string[] = [];
    while (column.length < rows) {
      const due = Math.min(VALUES, rows - column.length);
      const most = due * (VALUE_BYTES + 5) + 32;
      const { values, missing } = await channel.receive(SelectedValuesSchema, most);
      const sound =
        values.length === due &&
        missing.length === due &&
        missing.every((flag, i) => flag === 0 || (flag === 1 && values[i] === '')) &&
        values.every((value) => value.length <= VALUE_LENGTH);
      if (!sound) {
        throw new SottoError('protocol-violation', 'another number of values than common rows', {
          message: 'SelectedValues',
          expected: due,
          received: values.length,
        });
      }
      column.push(...values);
    }
    received.push(column);
  }
  return received;
}
