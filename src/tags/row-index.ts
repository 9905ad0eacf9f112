/**
 * What the company keeps of the rows that are sealed now, to seal the next version from: for each id a keyed
 * digest, one of its record, and the function's value, which costs a scalar multiplication to compute again.
 * Values are as secret as the epoch's key, so they lie masked, each under a mask that only that key gives. A code under
 * the same key ends the file: a row sealed from a changed value would never be found, and nobody would be told.
 */
import { createHmac, createSecretKey, type KeyObject } from 'node:crypto';
import { closeSync, existsSync, fstatSync, openSync, readSync } from 'node:fs';
import { type Bytes, equalBytes } from '../base/bytes.ts';
import { SottoError } from '../base/errors.ts';
import { findRow } from './sorted-rows.ts';

/** At the end of the file. */
const CODE_BYTES = 32;
const CHUNK_BYTES = 1 << 20;
/** Two of 100 million meet with probability 2^-76. */
const DIGEST_BYTES = 16;
export const SECRET_BYTES = 64;
export const INDEX_ENTRY_BYTES = 2 * DIGEST_BYTES + SECRET_BYTES;

export interface IndexEntry {
  /** Its place in the index. */
  readonly at: number;
  readonly sameRecord: boolean;
  readonly secret: Bytes;
}

export class RowIndex implements Disposable {
  readonly count: number;
  readonly #key: KeyObject;
  readonly #file: number | undefined;

  /** The index in that file; empty where there is none. @throws verification-failed for one that was changed or cut. */
  constructor(path: string, key: Uint8Array) {
    this.#key = createSecretKey(key);
    this.#file = existsSync(path) ? openSync(path, 'r') : undefined;
    if (this.#file === undefined) {
      this.count = 0;
      return;
    }
    const bytes = fstatSync(this.#file).size - CODE_BYTES;
    this.count = bytes / INDEX_ENTRY_BYTES;
    if (Number.isInteger(this.count) && bytes >= 0 && this.#isWhole(bytes)) return;
    closeSync(this.#file);
    const message = 'the index of sealed rows is damaged: remove it, and seal a whole version';
    throw new SottoError('verification-failed', message, { path });
  }

  /** All entries, ascending, as they are to be written: with the code behind them. */
  *whole(entries: Iterable<Uint8Array>): Generator<Uint8Array, void, void> {
    const code = createHmac('sha256', this.#key).update('index\0');
    for (const chunk of entries) {
      code.update(chunk);
      yield chunk;
    }
    yield code.digest();
  }

  #isWhole(bytes: number): boolean {
    const code = createHmac('sha256', this.#key).update('index\0');
    const chunk = new Uint8Array(CHUNK_BYTES);
    for (let at = 0; at < bytes; at += CHUNK_BYTES) {
      const part = chunk.subarray(0, Math.min(CHUNK_BYTES, bytes - at));
      this.#read(part, at);
      code.update(part);
    }
    const written = new Uint8Array(CODE_BYTES);
    this.#read(written, bytes);
    return equalBytes(code.digest(), written);
  }

  get isThere(): boolean {
    return this.#file !== undefined;
  }

  entry(id: string, record: Uint8Array, secret: Uint8Array): Bytes {
    const entry = new Uint8Array(INDEX_ENTRY_BYTES);
    entry.set(this.#digest('id', id));
    entry.set(this.#digest('record', id, record), DIGEST_BYTES);
    entry.set(this.#masked(entry, secret), 2 * DIGEST_BYTES);
    return entry;
  }

  /**
   * A value masked, or a masked one plain: XOR with a pseudorandom function of the entry's two digests. The same id
   * has the same value as long as the key lasts, so no mask ever hides two.
   */
  #masked(entry: Uint8Array, value: Uint8Array): Bytes {
    const digests = entry.subarray(0, 2 * DIGEST_BYTES);
    const mask = createHmac('sha512', this.#key).update('mask\0').update(digests).digest();
    const masked = new Uint8Array(value.length);
    for (let at = 0; at < value.length; at += 1) masked[at] = value[at]! ^ mask[at]!;
    return masked;
  }

  find(id: string, record: Uint8Array): IndexEntry | undefined {
    const { count } = this;
    const read = (target: Uint8Array, position: number): void => this.#read(target, position);
    const rows = { count, rowBytes: INDEX_ENTRY_BYTES, read, from: 0, to: 1 };
    const at = count === 0 ? -1 : findRow(rows, this.#digest('id', id));
    if (at < 0) return undefined;
    const entry = this.#entryAt(at);
    const digest = entry.subarray(DIGEST_BYTES, 2 * DIGEST_BYTES);
    const sameRecord = equalBytes(digest, this.#digest('record', id, record));
    return { at, sameRecord, secret: this.#secretOf(entry) };
  }

  /** The function's value for the row at that place. */
  secretAt(at: number): Bytes {
    return this.#secretOf(this.#entryAt(at));
  }

  #secretOf(entry: Uint8Array): Bytes {
    return this.#masked(entry, entry.subarray(2 * DIGEST_BYTES));
  }

  #entryAt(at: number): Bytes {
    const entry = new Uint8Array(INDEX_ENTRY_BYTES);
    this.#read(entry, at * INDEX_ENTRY_BYTES);
    return entry;
  }

  #read(target: Uint8Array, position: number): void {
    if (readSync(this.#file!, target, 0, target.length, position) === target.length) return;
    throw new SottoError('verification-failed', 'the index of sealed rows was cut short', {});
  }

  #digest(of: 'id' | 'record', id: string, record?: Uint8Array): Uint8Array {
    const mac = createHmac('sha256', this.#key).update(`${of}\0${Buffer.byteLength(id)}\0${id}`);
    if (record !== undefined) mac.update(record);
    return mac.digest().subarray(0, DIGEST_BYTES);
  }

  [Symbol.dispose](): void {
    if (this.#file !== undefined) closeSync(this.#file);
  }
}
