/** A list as it goes into a comparison: the ids, and what is mixed among them so that sizes and counts say no more than agreed. */
import { type Bytes, toHex } from '../../base/bytes.ts';
import type { Random } from '../../base/random.ts';
import { expand, SEED_BYTES } from '../../primitives/prg/index.ts';
import { canaryName, type Order, shuffled } from '../psi/elements.ts';

export interface OwnList {
  /** Normalised and distinct. */
  readonly ids: readonly string[];
  /** True: the peer hears of a class of sizes only. Due where a condition chose the ids. */
  readonly padded: boolean;
  /** 16 bytes: this party's name of these rows, see `SetSizes`. */
  readonly name: Uint8Array;
}

/** A list in order: rows at and beyond the ids are extras. */
export interface Elements {
  readonly ids: readonly string[];
  readonly extras: readonly string[];
  readonly order: Order;
}

/** Half of them are shown to the comparer, half are kept by the asker: see `psi` for what 32 notice. */
export const SHOWN_CANARIES = 32;
export const CANARIES = 2 * SHOWN_CANARIES;

const LEAST_CLASS = 64;
const FILLER_BYTES = 16;

/** The least of 5, 6, 7 and 8 times a power of two that is not below `size`: at most a quarter more. */
export function sizeClass(size: number): number {
  if (size <= LEAST_CLASS) return LEAST_CLASS;
  const step = 2 ** (31 - Math.clz32(size - 1) - 2);
  return Math.ceil(size / step) * step;
}

/** What the peer is told of the list's size. */
export const sizeOf = ({ ids, padded }: OwnList): number =>
  padded ? sizeClass(ids.length) : ids.length;

export interface Mixed {
  /** Names that both lists may hold, `dummies` of them here. */
  readonly dummies: number;
  /** As many dummies as there could be: the rest of the room is filled. */
  readonly room: number;
}

export const NO_DUMMIES: Mixed = { dummies: 0, room: 0 };

/** The number of elements of a list of this told size. */
export const elementsOf = (size: number, { room }: Pick<Mixed, 'room'>): number =>
  size + CANARIES + room;

/** @param coins Of the order: the same coins give the same order to a list of the same size. */
export function mix(list: OwnList, mixed: Mixed, random: Random, coins: Random): Elements {
  const { ids } = list;
  const length = elementsOf(sizeOf(list), mixed);
  const extras = Array.from({ length: CANARIES }, (_, index) => canaryName(index));
  for (let index = 0; index < mixed.dummies; index++) extras.push(`dummy:${index}`);
  while (ids.length + extras.length < length) {
    // Nobody else hashes these: under a key the points are uniform, and match nothing.
    extras.push(`filler:${toHex(random.bytes(FILLER_BYTES))}`);
  }
  return { ids, extras, order: shuffled(placesOf(length), coins) };
}

const placesOf = (length: number): Order => Uint32Array.from({ length }, (_, row) => row);

/** Places of canaries `from` to `to` in the order. */
export function canaryPlaces({ ids, order }: Elements, from: number, to: number): number[] {
  const places: number[] = [];
  order.forEach((row, place) => {
    if (row >= ids.length + from && row < ids.length + to) places.push(place);
  });
  return places;
}

/** A stream of coins that a seed determines: at least 16 uniform bytes. */
export function seeded(seed: Uint8Array): Random {
  const key = seed.subarray(0, SEED_BYTES);
  let stream = 0;
  return { bytes: (length): Bytes => expand(key, stream++, length) };
}
