/** Whom to leave out: the comparer tells the asker, by a bitmap that withholds others as well. */
import type { Bytes } from '../../base/bytes.ts';
import { SottoError } from '../../base/errors.ts';
import { type Random, uniformBelow } from '../../base/random.ts';
import { ExcludeBitmapSchema } from '../../gen/sotto/protocol/v1/sets_pb.ts';
import type { Party, Run } from '../party.ts';
import { canariesLost, compareHere, compareThere } from './compare.ts';
import {
  CANARIES,
  canaryPlaces,
  type Elements,
  elementsOf,
  mix,
  NO_DUMMIES,
  type OwnList,
  seeded,
  sizeOf,
} from './list.ts';
import { exchangeSizes, type PeerLists } from './sizes.ts';

export interface ExcludeInput {
  readonly list: OwnList;
  /** Both parties' name for this run, never used for another. */
  readonly session: Uint8Array;
  readonly maxRows: number;
  readonly terms: ExcludeTerms;
}

export interface ExcludeTerms {
  /** Share of the others that is withheld as well; 0: none. */
  readonly holdout: number;
  /** The most that known people may be of all that are withheld, as expected before the draw. */
  readonly maxCertainty: number;
}

export interface ExcludeComparer extends ExcludeInput {
  /** Once the sizes are known, and before the work: throws where no answer would be released. */
  readonly check: (peer: PeerLists) => void;
  /** Gives the answer to this question: the one of before, or one drawn now and kept before it is sent. */
  readonly release: (peer: PeerLists, draw: () => Bytes) => Promise<Bytes>;
}

export interface ExcludeComparerResult {
  /** Rows of the asker, as told. */
  readonly asked: number;
  /** How many of the asker's rows are in the own list. */
  readonly overlap: number;
  /** People withheld whom this party does not know. */
  readonly heldOut: number;
}

export interface ExcludeAsker extends ExcludeInput {
  /** Lets the comparer learn the size of the overlap, or throws; gives the coins of the list's order. */
  readonly admit: (peer: PeerLists) => Promise<Uint8Array>;
}

export interface ExcludeAskerResult {
  /** By own row: 1 where the row is withheld. */
  readonly withheld: Uint8Array;
  readonly peerRows: number;
}

const HOLDOUT_UNITS = 2 ** 32;

/**
 * Learns how many rows both have. Errors as for `compareHere`, those of `check` and `release`, and
 * parameters-rejected with field `max_certainty`.
 */
export async function* excludeComparer(
  party: Party,
  input: ExcludeComparer,
): Run<ExcludeComparerResult> {
  const { channel, random } = party;
  const { list, maxRows, session, terms } = input;
  const peer = await exchangeSizes(channel, 'comparer', [list], { lists: 1, maxRows });
  input.check(peer);
  const asked = peer.sizes[0]!;
  const elements = mix(list, NO_DUMMIES, random, random);
  const pair = { session, peer: elementsOf(asked, NO_DUMMIES) };
  const matches = yield* compareHere(party, elements, pair);

  const overlap = sum(matches) - CANARIES;
  checkCertainty(overlap, asked, terms);
  const withheld = await input.release(peer, () => drawBitmap(matches, terms.holdout, random));
  if (withheld.length !== Math.ceil(matches.length / 8)) {
    throw new SottoError('internal', 'the answer of before has another length');
  }
  await channel.send(ExcludeBitmapSchema, { withheld });
  return { asked, overlap, heldOut: bitsIn(withheld) - sum(matches) };
}

/** Learns which of its rows to leave out. Errors as for `compareThere`, and verification-failed: a canary is not withheld. */
export async function* excludeAsker(party: Party, input: ExcludeAsker): Run<ExcludeAskerResult> {
  const { channel, random } = party;
  const { list, maxRows, session } = input;
  const peer = await exchangeSizes(channel, 'asker', [list], { lists: 1, maxRows });
  // The same order to the same question, so that the answer of before fits.
  const coins = seeded(await input.admit(peer));
  const elements = mix(list, NO_DUMMIES, random, coins);
  const pair = { session, peer: elementsOf(peer.sizes[0]!, NO_DUMMIES) };
  yield* compareThere(party, elements, pair);

  const bytes = Math.ceil(elementsOf(sizeOf(list), NO_DUMMIES) / 8);
  const { withheld } = await channel.receive(ExcludeBitmapSchema, bytes + 16);
  if (withheld.length !== bytes) {
    throw new SottoError('protocol-violation', 'a bitmap of another length', {
      message: 'ExcludeBitmap',
      expected: bytes,
      received: withheld.length,
    });
  }
  return { withheld: rowsWithheld(elements, withheld), peerRows: peer.sizes[0]! };
}

function rowsWithheld(elements: Elements, bitmap: Uint8Array): Uint8Array {
  const isSet = (place: number): boolean => ((bitmap[place >> 3]! >> (place & 7)) & 1) === 1;
  const canaries = canaryPlaces(elements, 0, CANARIES).filter(isSet).length;
  if (canaries !== CANARIES) throw canariesLost(canaries, CANARIES);
  const rows = new Uint8Array(elements.ids.length);
  elements.order.forEach((row, place) => {
    if (row < rows.length && isSet(place)) rows[row] = 1;
  });
  return rows;
}

/** Every match, and each of the others with the agreed probability. Lowest bit first. */
function drawBitmap(matches: Uint8Array, holdout: number, random: Random): Bytes {
  const bitmap = new Uint8Array(Math.ceil(matches.length / 8));
  const below = Math.round(holdout * HOLDOUT_UNITS);
  for (const [place, match] of matches.entries()) {
    // A coin for matches too: how long the drawing takes says nothing.
    const heldOut = uniformBelow(random, HOLDOUT_UNITS) < below;
    if (match === 1 || heldOut) bitmap[place >> 3]! |= 1 << (place & 7);
  }
  return bitmap;
}

/** By the expected number of people held out, so that trying again does not change the verdict. */
function checkCertainty(overlap: number, asked: number, terms: ExcludeTerms): void {
  if (terms.holdout === 0) return;
  const expected = overlap / (overlap + terms.holdout * (asked - overlap));
  if (overlap === 0 || expected <= terms.maxCertainty) return;
  throw new SottoError(
    'parameters-rejected',
    'being withheld would say too surely that a person is known here: raise the holdout',
    { field: 'spec.exclude.max_certainty', expected: `more than ${terms.maxCertainty}` },
  );
}

const sum = (values: Uint8Array): number => values.reduce((total, value) => total + value, 0);

function bitsIn(bytes: Uint8Array): number {
  let bits = 0;
  for (const byte of bytes) for (let rest = byte; rest > 0; rest &= rest - 1) bits += 1;
  return bits;
}
