/** What both parties say first: how many lists of which sizes, and by which names their owner knows them. */
import { concat } from '../../base/bytes.ts';
import { SottoError } from '../../base/errors.ts';
import type { Channel } from '../../channel/channel.ts';
import { SetRole, SetSizesSchema } from '../../gen/sotto/protocol/v1/sets_pb.ts';
import { checkIds, checkLimit } from '../psi/setup.ts';
import { type OwnList, sizeClass, sizeOf } from './list.ts';

export type SetsRole = 'comparer' | 'asker';

export interface PeerLists {
  /** As told: elements of each list without canaries and dummies. */
  readonly sizes: readonly number[];
  /** Their names, 16 bytes each, back to back. */
  readonly names: Uint8Array;
}

export interface Expected {
  /** How many lists the peer is to have. */
  readonly lists: number;
  /** The most rows that either party may bring to a list. */
  readonly maxRows: number;
}

const NAME_BYTES = 16;
const ENVELOPE_BYTES = 32;
const SIZE_BYTES = 5;

/** @throws parameters-rejected with field `max_rows` or `role`; protocol-violation; invalid-argument for ids. */
export async function exchangeSizes(
  channel: Channel,
  role: SetsRole,
  lists: readonly OwnList[],
  { lists: due, maxRows }: Expected,
): Promise<PeerLists> {
  for (const { ids } of lists) {
    checkIds(ids);
    checkLimit(ids.length, maxRows, 'own');
  }
  const [own, other] =
    role === 'comparer' ? [SetRole.COMPARER, SetRole.ASKER] : [SetRole.ASKER, SetRole.COMPARER];
  const elements = lists.map(sizeOf);
  await channel.send(SetSizesSchema, {
    role: own,
    elements,
    names: concat(...lists.map(({ name }) => name)),
  });
  const most = ENVELOPE_BYTES + due * (SIZE_BYTES + NAME_BYTES);
  const heard = await channel.receive(SetSizesSchema, most);
  if (heard.role !== other) {
    throw new SottoError('parameters-rejected', 'the parties play the same role', {
      field: 'role',
      expected: other,
      received: heard.role,
    });
  }
  if (heard.elements.length !== due || heard.names.length !== due * NAME_BYTES) {
    throw new SottoError('protocol-violation', 'another number of lists than was agreed on', {
      message: 'SetSizes',
      expected: due,
      received: heard.elements.length,
    });
  }
  for (const size of heard.elements) checkLimit(size, sizeClass(maxRows), 'peer');
  return { sizes: heard.elements, names: heard.names };
}
