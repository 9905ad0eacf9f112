/** What a party brings to an alignment, what the parties tell each other first, and what follows from it. */
import { SottoError } from '../../base/errors.ts';
import type { Channel } from '../../channel/channel.ts';
import { AlignRole, AlignSizeSchema } from '../../gen/sotto/protocol/v1/psi_pb.ts';

export interface AlignInput {
  /** Normalised and distinct, by row. */
  readonly ids: readonly string[];
  /** Both parties' name for this run, never used for another: e.g. the agreement's hash with a counter. */
  readonly session: Uint8Array;
  /** Both parties' seed of the common order, which is that of keyed hashes of the ids; the session if left out. */
  readonly order?: Uint8Array;
  /** The most ids that either party may bring. */
  readonly maxRows: number;
  /** Fewer common ids than this end the run on both sides. 0 admits an empty intersection. */
  readonly minRows: number;
}

export interface AlignResult {
  /** Own row numbers of the common ids, in an order that is the peer's too and says nothing of an id's rank. */
  readonly rows: Uint32Array;
  /** How many ids the peer brought. */
  readonly peerIds: number;
}

/** What two sizes determine. */
export interface Sizes {
  /** Elements on this side, ids and canaries. */
  readonly own: number;
  readonly peer: number;
  readonly peerIds: number;
  /** Bytes of a fingerprint. */
  readonly width: number;
}

/**
 * A share s of elements that were dropped or treated under another key goes unnoticed with
 * probability (1 - s)^32: a tenth 3 %, a half 2^-32, a single one hardly ever noticed.
 */
export const CANARIES = 32;
const SIZE_BYTES = 16;
/** Two different elements share a fingerprint anywhere in the run with probability below 2^-40. */
const STATISTICAL_BITS = 40;

/** Says and hears the sizes, and holds both to the limit. */
export async function exchangeSizes(
  channel: Channel,
  role: 'first' | 'second',
  { ids, maxRows }: AlignInput,
): Promise<Sizes> {
  checkIds(ids);
  checkLimit(ids.length, maxRows, 'own');
  const [own, other] =
    role === 'first' ? [AlignRole.FIRST, AlignRole.SECOND] : [AlignRole.SECOND, AlignRole.FIRST];
  await channel.send(AlignSizeSchema, { ids: ids.length, role: own });
  const heard = await channel.receive(AlignSizeSchema, SIZE_BYTES);
  if (heard.role !== other) {
    throw new SottoError('parameters-rejected', 'the parties play the same role', {
      field: 'role',
      expected: other,
      received: heard.role,
    });
  }
  checkLimit(heard.ids, maxRows, 'peer');
  return sizesOf(ids.length, heard.ids);
}

export function sizesOf(ownIds: number, peerIds: number): Sizes {
  const own = ownIds + CANARIES;
  const peer = peerIds + CANARIES;
  return { own, peer, peerIds, width: fingerprintWidth(own, peer) };
}

/** In bytes, for lists of so many elements. */
export function fingerprintWidth(own: number, peer: number): number {
  return Math.ceil((STATISTICAL_BITS + 2 * Math.log2(Math.max(own, peer))) / 8);
}

export function checkLimit(ids: number, maxRows: number, whose: string): void {
  if (ids <= maxRows) return;
  throw new SottoError('parameters-rejected', 'more ids than were agreed on', {
    field: 'max_rows',
    limit: maxRows,
    found: ids,
    whose,
  });
}

export function checkIds(ids: readonly string[]): void {
  const rows = new Map<string, number>();
  ids.forEach((id, row) => {
    const earlier = rows.get(id);
    if (earlier !== undefined) {
      throw new SottoError('invalid-argument', 'two rows have the same id', { earlier, row });
    }
    // A lone surrogate has no UTF-8, and two different ones would become the same id.
    if (!id.isWellFormed()) {
      throw new SottoError('invalid-argument', 'an id is not well-formed text', { row });
    }
    rows.set(id, row);
  });
}
