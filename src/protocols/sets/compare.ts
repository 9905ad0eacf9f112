/** One pair of lists compared: the comparer sees which places of the asker's list matched. */
import { SottoError } from '../../base/errors.ts';
import type { Channel } from '../../channel/channel.ts';
import { CanaryPlacesSchema } from '../../gen/sotto/protocol/v1/sets_pb.ts';
import { randomScalar } from '../../primitives/group/index.ts';
import type { Party, Run } from '../party.ts';
import {
  hearFingerprints,
  hearPoints,
  sayFingerprints,
  sayPoints,
  Workshop,
} from '../psi/batches.ts';
import { fingerprintWidth } from '../psi/setup.ts';
import { canaryPlaces, type Elements, SHOWN_CANARIES } from './list.ts';

/** Both parties' name for this pair and run, never used for another. */
export interface Pair {
  readonly session: Uint8Array;
  /** Elements of the peer's list, with all that is mixed in. */
  readonly peer: number;
}

const DOMAIN = 'sotto.sets.compare.v1';
/** Four bytes each, so that their length says nothing, and their frame. */
const PLACES_BYTES = 4 * SHOWN_CANARIES + 16;

/**
 * One byte for each element of the asker: 1 where the comparer has it too. Canaries are matches.
 * @throws protocol-violation: an element twice, or out of order; verification-failed: a canary did not match.
 */
export async function* compareHere(party: Party, own: Elements, pair: Pair): Run<Uint8Array> {
  const { channel, random } = party;
  const width = fingerprintWidth(own.order.length, pair.peer);
  using key = randomScalar(random);
  using workshop = new Workshop(party, key, DOMAIN);

  const blinded = blind(workshop, own, pair); // meanwhile
  const asked = yield* hearPoints(channel, workshop, pair.peer, width);
  yield* sayPoints(channel, blinded);
  const sorted = await hearFingerprints(channel, own.order.length, width);
  const places = await hearPlaces(channel, pair.peer);

  const known = new Set(ascending(textOf(sorted, width)));
  const elements = textOf(asked, width);
  ascending([...elements].sort());
  const matches = Uint8Array.from(elements, (fingerprint) => Number(known.has(fingerprint)));
  const matched = places.filter((place) => matches[place] === 1).length;
  if (matched !== SHOWN_CANARIES) throw canariesLost(matched, SHOWN_CANARIES);
  return matches;
}

/** The other side: nothing is learnt here. @throws protocol-violation: an element twice. */
export async function* compareThere(party: Party, own: Elements, pair: Pair): Run<void> {
  const { channel, random } = party;
  const width = fingerprintWidth(own.order.length, pair.peer);
  using key = randomScalar(random);
  using workshop = new Workshop(party, key, DOMAIN);

  yield* sayPoints(channel, blind(workshop, own, pair));
  const evaluated = yield* hearPoints(channel, workshop, pair.peer, width);
  // Sorted, or the comparer would see which of its own elements matched.
  const sorted = ascending(textOf(evaluated, width).sort());
  await sayFingerprints(channel, Buffer.from(sorted.join(''), 'latin1'), width);
  await channel.send(CanaryPlacesSchema, { places: canaryPlaces(own, 0, SHOWN_CANARIES) });
}

const blind = (workshop: Workshop, { ids, extras, order }: Elements, { session }: Pair) =>
  workshop.blind({ ids, session }, order, (index) => extras[index]!);

async function hearPlaces(channel: Channel, elements: number): Promise<readonly number[]> {
  const { places } = await channel.receive(CanaryPlacesSchema, PLACES_BYTES);
  const sound =
    places.length === SHOWN_CANARIES &&
    places.every((place, i) => place < elements && (i === 0 || place > places[i - 1]!));
  if (sound) return places;
  throw new SottoError('protocol-violation', 'canaries are named by distinct places, ascending', {
    message: 'CanaryPlaces',
    expected: SHOWN_CANARIES,
    received: places.length,
  });
}

export const canariesLost = (received: number, expected: number): SottoError =>
  new SottoError('verification-failed', 'elements that both sides hold did not all match', {
    expected,
    received,
  });

/** Each fingerprint as a text, a character a byte: strings are compared and hashed fastest. */
function textOf(fingerprints: Uint8Array, width: number): string[] {
  const all = Buffer.from(fingerprints.buffer, fingerprints.byteOffset, fingerprints.length);
  const count = all.length / width;
  return Array.from({ length: count }, (_, i) =>
    all.toString('latin1', i * width, (i + 1) * width),
  );
}

/** The list itself, which must ascend strictly: equal ones would be one element sent twice. */
function ascending(fingerprints: string[]): string[] {
  for (let i = 1; i < fingerprints.length; i++) {
    if (fingerprints[i - 1]! < fingerprints[i]!) continue;
    throw new SottoError('protocol-violation', 'fingerprints must be distinct and ascend', {
      elements: fingerprints.length,
      place: i,
    });
  }
  return fingerprints;
}
