/**
 * Sorting more rows than memory holds. Rows begin with uniform bytes, so their first 32 bits deal them
 * out to files of about equal size, each of which is then sorted by itself.
 */
import {
  closeSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { SottoError } from '../base/errors.ts';
import { writeAll, writing } from './files.ts';
import { segmentOf } from './shape.ts';

/** Of each file, collected before it is written. */
const BUFFER_BYTES = 64 << 10;

export class Spill implements Disposable {
  readonly #files: number[];
  readonly #paths: string[];
  readonly #entryBytes: number;
  readonly #buffers: Uint8Array[];
  readonly #filled: number[];
  readonly #written: number[];

  /**
   * Goes on behind the first `lengths` bytes of each file, and forgets what came after.
   * @throws verification-failed for a file that has lost some of them.
   */
  constructor(folder: string, name: string, entryBytes: number, lengths: readonly number[]) {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    this.#entryBytes = entryBytes;
    this.#paths = lengths.map((_, index) => join(folder, `${name}-${index}.part`));
    this.#files = this.#paths.map((path) => openSync(path, 'a+', 0o600));
    for (const [index, length] of lengths.entries()) {
      const found = fstatSync(this.#files[index]!).size;
      if (found < length) throw cut(folder, length, found);
      ftruncateSync(this.#files[index]!, length);
    }
    const capacity = Math.max(1, Math.floor(BUFFER_BYTES / entryBytes)) * entryBytes;
    this.#buffers = lengths.map(() => new Uint8Array(capacity));
    this.#filled = lengths.map(() => 0);
    this.#written = [...lengths];
  }

  append(entry: Uint8Array): void {
    const index = segmentOf(entry, this.#files.length);
    const buffer = this.#buffers[index]!;
    buffer.set(entry, this.#filled[index]);
    this.#filled[index]! += this.#entryBytes;
    if (this.#filled[index] === buffer.length) this.#write(index);
  }

  #write(index: number): void {
    const bytes = this.#buffers[index]!.subarray(0, this.#filled[index]);
    writing(() => writeAll(this.#files[index]!, bytes));
    this.#written[index]! += bytes.length;
    this.#filled[index] = 0;
  }

  /** Everything appended is on disk when it returns: the lengths to go on from. */
  sync(): number[] {
    for (const [index, file] of this.#files.entries()) {
      this.#write(index);
      writing(() => fsyncSync(file));
    }
    return [...this.#written];
  }

  /** The entries of one file in the order of their bytes. To be called after `sync`. */
  sorted(index: number): Uint8Array[] {
    const bytes = readFileSync(this.#paths[index]!);
    if (bytes.length !== this.#written[index]) {
      const facts = { expected: this.#written[index]!, found: bytes.length };
      throw new SottoError('internal', 'a file changed while it was sorted', facts);
    }
    const entries: Uint8Array[] = [];
    for (let at = 0; at < bytes.length; at += this.#entryBytes) {
      entries.push(bytes.subarray(at, at + this.#entryBytes));
    }
    return entries.sort(Buffer.compare); // so that a row's place says nothing of its id
  }

  /** All entries in order, in chunks. */
  inOrder(): Iterable<Uint8Array> {
    return this.#files.keys().map((index) => Buffer.concat(this.sorted(index)));
  }

  [Symbol.dispose](): void {
    for (const file of this.#files) closeSync(file);
  }
}

const cut = (folder: string, expected: number, found: number): SottoError =>
  new SottoError(
    'verification-failed',
    'a file of a sealing that was interrupted has lost bytes: remove its folder and seal again',
    { folder, expected, found },
  );
