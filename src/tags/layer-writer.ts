/** Rows on their way into a layer: sealed, dealt out to files, padded, sorted, and written as segments. */
import { createHash } from 'node:crypto';
import { create } from '@bufbuild/protobuf';
import { equalBytes } from '../base/bytes.ts';
import { SottoError } from '../base/errors.ts';
import type { Random } from '../base/random.ts';
import { type Segment, SegmentSchema } from '../gen/sotto/tag/v1/tag_pb.ts';
import { writeWhole } from './files.ts';
import type { TableFolder } from './folder.ts';
import { type RowPlace, rowKey, sealRow } from './row.ts';
import { type RowShape, rowBytes } from './shape.ts';
import { Spill } from './spill.ts';

/** Behind each row while it is sorted, the number that it has in the source: to name two that are the same. */
const NUMBER_BYTES = 8;
/** A row that comes from no row of the source. */
export const NOBODY = 0;

export class LayerWriter implements Disposable {
  readonly #place: RowPlace;
  readonly #shape: RowShape;
  readonly #spill: Spill;
  readonly #entry: Uint8Array;
  readonly #parts: number;
  rows: number;

  constructor(
    folder: string,
    place: RowPlace,
    shape: RowShape,
    from: { readonly lengths: readonly number[]; readonly rows: number },
  ) {
    this.#place = place;
    this.#shape = shape;
    this.#parts = from.lengths.length;
    this.rows = from.rows;
    this.#entry = new Uint8Array(rowBytes(shape) + NUMBER_BYTES);
    this.#spill = new Spill(folder, 'rows', this.#entry.length, from.lengths);
  }

  /** Seals a record under the value of its id; `row` is its number in the source, or NOBODY. */
  seal(secret: Uint8Array, record: Uint8Array, row: number): void {
    const key = rowKey(secret, this.#place, this.#shape);
    sealRow(key, record, this.#entry.subarray(0, -NUMBER_BYTES));
    this.#append(row);
  }

  /** A row of random bytes: nobody without its key, which does not exist, can tell it from a sealed one. */
  pad(random: Random): void {
    this.#entry.set(random.bytes(rowBytes(this.#shape)));
    this.#append(NOBODY);
  }

  #append(row: number): void {
    new DataView(this.#entry.buffer).setFloat64(this.#entry.length - NUMBER_BYTES, row);
    this.#spill.append(this.#entry);
    this.rows += 1;
  }

  sync(): number[] {
    return this.#spill.sync();
  }

  /** Sorts and writes segment `index` of `count`; twice gives the same file. */
  segment(folder: TableFolder, index: number, count: number): Segment {
    const perSegment = this.#parts / count;
    const size = rowBytes(this.#shape);
    const parts = Array.from({ length: perSegment }, (_, at) =>
      this.#spill.sorted(index * perSegment + at),
    );
    const rows = parts.reduce((sum, part) => sum + part.length, 0);
    const bytes = new Uint8Array(rows * size);
    let at = 0;
    let before: Uint8Array | undefined;
    for (const entry of parts.flat()) {
      if (before !== undefined) this.#checkDistinct(before, entry);
      bytes.set(entry.subarray(0, size), at);
      at += size;
      before = entry;
    }
    const sha256 = Uint8Array.from(createHash('sha256').update(bytes).digest());
    writeWhole(folder.segment(sha256), bytes);
    return create(SegmentSchema, { sha256, rows: BigInt(rows) });
  }

  #checkDistinct(a: Uint8Array, b: Uint8Array): void {
    const { fingerprintBytes } = this.#shape;
    if (!equalBytes(a.subarray(0, fingerprintBytes), b.subarray(0, fingerprintBytes))) return;
    const numbers = [a, b].map((entry) =>
      new DataView(entry.buffer, entry.byteOffset).getFloat64(entry.length - NUMBER_BYTES),
    );
    const [firstRow, row] = numbers.sort((left, right) => left - right) as [number, number];
    throw new SottoError('invalid-argument', `rows ${firstRow} and ${row} have the same id`, {
      firstRow,
      row,
    });
  }

  [Symbol.dispose](): void {
    this.#spill[Symbol.dispose]();
  }
}
