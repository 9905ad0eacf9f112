/**
 * Sets of rows as sorted keyed digests of their ids: enough to compare two of them, useless to who
 * finds them without the key.
 */
import { createHash, createHmac } from 'node:crypto';
import type { DatabaseSync } from 'node:sqlite';
import { type Bytes, lengthPrefixed } from '../base/bytes.ts';
import type { Random } from '../base/random.ts';
import type { Place, Vault } from '../base/sealed.ts';

/** Two of 100 million rows meet with probability 2^-76. */
const DIGEST_BYTES = 16;
const LEDGER_KEY: Place = { purpose: 'ledger-key' };

/** Digests laid back to back in ascending order. */
export type RowSet = Uint8Array;

export const rowsIn = (set: RowSet): number => set.length / DIGEST_BYTES;

/** This worker's own names for rows and questions: the same for the same content, for ever. */
export class RowNames {
  readonly #key: Uint8Array;

  /** The key is made once and kept in the state folder, sealed. */
  constructor(database: DatabaseSync, random: Random, vault: Vault) {
    const fresh = vault.seal(random.bytes(32), LEDGER_KEY);
    database.prepare("INSERT OR IGNORE INTO secrets VALUES ('ledger', ?)").run(fresh);
    const row = database.prepare("SELECT value FROM secrets WHERE name = 'ledger'").get();
    this.#key = vault.open((row as unknown as { value: Uint8Array }).value, LEDGER_KEY);
  }

  row(id: string): Uint8Array {
    return createHmac('sha256', this.#key).update(id).digest().subarray(0, DIGEST_BYTES);
  }

  set(ids: readonly string[]): RowSet {
    const digests = ids.map((id) => this.row(id));
    return Uint8Array.from(Buffer.concat(digests.sort(Buffer.compare)));
  }

  /** 32 bytes that are uniform to everybody else; of one purpose they say nothing of another. */
  derive(purpose: string, ...parts: readonly (Uint8Array | string)[]): Bytes {
    const hmac = createHmac('sha256', this.#key);
    return Uint8Array.from(hmac.update(lengthPrefixed('derived', purpose, ...parts)).digest());
  }
}

export const hashOfSet = (set: RowSet): Bytes =>
  Uint8Array.from(createHash('sha256').update(set).digest());

/** How many rows are in one of the two sets only. */
export function symmetricDifference(a: RowSet, b: RowSet): number {
  const [left, right] = [Buffer.from(a.buffer, a.byteOffset, a.length), b];
  let [i, j, same] = [0, 0, 0];
  while (i < a.length && j < b.length) {
    const order = left.compare(right, j, j + DIGEST_BYTES, i, i + DIGEST_BYTES);
    if (order === 0) same += 1;
    if (order <= 0) i += DIGEST_BYTES;
    if (order >= 0) j += DIGEST_BYTES;
  }
  return rowsIn(a) + rowsIn(b) - 2 * same;
}
