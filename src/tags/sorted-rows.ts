/** Finding a row by its first bytes among sorted rows in a file, where those bytes are uniform. */

/** Reads into the whole of `target` from byte `position` of the rows. */
export type ReadAt = (target: Uint8Array, position: number) => void;

export interface SortedRows {
  readonly count: number;
  readonly rowBytes: number;
  readonly read: ReadAt;
  /** The keys of these rows are uniform over this part of [0, 1): a whole table, or one segment of it. */
  readonly from: number;
  readonly to: number;
}

/** The first eight bytes as a share of all there could be: precise to 2^-53, which only steers the search. */
const shareOf = (key: Uint8Array): number => {
  const view = new DataView(key.buffer, key.byteOffset, key.byteLength);
  return (view.getUint32(0) + view.getUint32(4) / 2 ** 32) / 2 ** 32;
};

/** After so many guesses it halves instead: nobody may choose keys that make the search slow. */
const GUESSES = 8;

/**
 * The number of the row that begins with `key`, or -1. Interpolates: about log log n reads of one key,
 * as many for a key that is there as for one that is not.
 */
export function findRow({ count, rowBytes, read, from, to }: SortedRows, key: Uint8Array): number {
  const target = shareOf(key);
  const found = new Uint8Array(key.length);
  let [low, high] = [0, count]; // the row is in [low, high) if anywhere
  let [lowShare, highShare] = [from, to];
  for (let step = 0; low < high; step++) {
    const width = highShare - lowShare;
    const guess = low + Math.floor(((target - lowShare) / width) * (high - low));
    const middle = (low + high) >> 1;
    const at = step < GUESSES && width > 0 ? Math.min(high - 1, Math.max(low, guess)) : middle;
    read(found, at * rowBytes);
    const order = Buffer.compare(found, key);
    if (order === 0) return at;
    if (order < 0) [low, lowShare] = [at + 1, shareOf(found)];
    else [high, highShare] = [at, shareOf(found)];
  }
  return -1;
}
