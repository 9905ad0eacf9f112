/** From two lists of fingerprints to common rows in a common order. */
import { equalBytes } from '../../base/bytes.ts';
import { SottoError } from '../../base/errors.ts';
import type { Channel } from '../../channel/channel.ts';
import { AlignConfirmationSchema } from '../../gen/sotto/protocol/v1/psi_pb.ts';
import { DIGEST_BYTES, sha256 } from '../../primitives/hashing/index.ts';
import type { Order } from './elements.ts';
import { type AlignInput, type AlignResult, CANARIES } from './setup.ts';

export interface Matching {
  /** Own rows in the common order. */
  readonly rows: Uint32Array;
  /** Their fingerprints in that order, laid back to back. */
  readonly shared: Uint8Array;
}

/**
 * @param own - fingerprints of the own list, by place in `order`
 * @param peer - fingerprints of the peer's list, in any order
 */
export function match(
  own: Uint8Array,
  peer: Uint8Array,
  order: Order,
  { ids, session, order: seed = session }: AlignInput,
): Matching {
  const width = own.length / order.length;
  const places = distinct(own, width);
  const common: { readonly key: string; readonly row: number; readonly rank: string }[] = [];
  let canaries = 0;
  for (const key of distinct(peer, width).keys()) {
    const place = places.get(key);
    if (place === undefined) continue;
    const row = order[place]!;
    if (row < ids.length) common.push({ key, row, rank: rankOf(seed, ids[row]!) });
    else canaries += 1;
  }
  if (canaries !== CANARIES) {
    throw new SottoError('verification-failed', 'elements that both sides hold did not all match', {
      expected: CANARIES,
      received: canaries,
    });
  }
  common.sort((a, b) => (a.rank < b.rank ? -1 : 1));
  const rows = Uint32Array.from(common, ({ row }) => row);
  const shared = Uint8Array.from(Buffer.from(common.map(({ key }) => key).join(''), 'latin1'));
  return { rows, shared };
}

/** Both know it of a common id, and it is the same whatever coins are drawn: so are results that depend on the order. */
const rankOf = (seed: Uint8Array, id: string): string =>
  Buffer.from(sha256('sotto.psi.align.v1.order', seed, id)).toString('latin1');

/** Each fingerprint, a character a byte, -> its place. Two alike would be one element sent twice. */
export function distinct(fingerprints: Uint8Array, width: number): Map<string, number> {
  const text = Buffer.from(fingerprints.buffer, fingerprints.byteOffset, fingerprints.length);
  const places = new Map<string, number>();
  for (let at = 0, place = 0; at < text.length; at += width, place += 1) {
    places.set(text.toString('latin1', at, at + width), place);
  }
  const count = fingerprints.length / width;
  if (places.size !== count) {
    throw new SottoError('protocol-violation', 'an element was sent twice', {
      elements: count,
      distinct: places.size,
    });
  }
  return places;
}

/**
 * Holds the result to the agreed minimum, and to what the peer found: rows that were common to one
 * party only would shift every row after them against the other's, and nothing later would notice.
 */
export async function confirm(
  channel: Channel,
  role: 'first' | 'second',
  input: AlignInput,
  { rows, shared }: Matching,
): Promise<Pick<AlignResult, 'rows'>> {
  if (rows.length < input.minRows) {
    throw new SottoError('parameters-rejected', 'fewer common ids than were agreed on', {
      field: 'min_rows',
      limit: input.minRows,
      found: rows.length,
    });
  }
  const digestOf = (speaker: string) =>
    sha256('sotto.psi.align.v1.confirmation', speaker, input.session, shared);
  await channel.send(AlignConfirmationSchema, { digest: digestOf(role) });
  const heard = await channel.receive(AlignConfirmationSchema, DIGEST_BYTES + 16);
  if (!equalBytes(heard.digest, digestOf(role === 'first' ? 'second' : 'first'))) {
    throw new SottoError('verification-failed', 'the parties found different common ids', {
      found: rows.length,
    });
  }
  return { rows };
}
