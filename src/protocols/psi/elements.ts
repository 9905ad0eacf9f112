/** One's own list: ids and what is mixed among them, in an order drawn at random. */
import { type Random, uniformBelow } from '../../base/random.ts';
import { CANARIES } from './setup.ts';

/** An element's place in the list -> its row; rows at and beyond the number of ids are extras, e.g. canaries. */
export type Order = Uint32Array;

/** Uniform among all orders of ids and canaries (Fisher and Yates): a place says nothing of an id. */
export function drawOrder(ids: number, random: Random): Order {
  return shuffled(
    Uint32Array.from({ length: ids + CANARIES }, (_, row) => row),
    random,
  );
}

/** The same entries in an order that is uniform among all; in place. */
export function shuffled(order: Order, random: Random): Order {
  const coins = buffered(random);
  for (let last = order.length - 1; last > 0; last -= 1) {
    const chosen = uniformBelow(coins, last + 1);
    const row = order[chosen]!;
    order[chosen] = order[last]!;
    order[last] = row;
  }
  return order;
}

/** The name of an extra, by its number. */
export type Extras = (index: number) => string;

/** Extras that both parties hold: nothing that is an id is named so. */
export const canaryName: Extras = (index) => `canary:${index}`;

/** What is hashed for a row. The prefix keeps ids apart from every extra. */
export function nameOf(ids: readonly string[], extras: Extras, row: number): string {
  return row < ids.length ? `id:${ids[row]!}` : extras(row - ids.length);
}

const BLOCK_BYTES = 1 << 14;

/** Draws in blocks: a million draws of four bytes each would cost a second. */
function buffered(random: Random): Random {
  let block = random.bytes(BLOCK_BYTES);
  let at = 0;
  return {
    bytes: (length) => {
      if (at + length > block.length) {
        block = random.bytes(BLOCK_BYTES);
        at = 0;
      }
      at += length;
      return block.slice(at - length, at);
    },
  };
}
