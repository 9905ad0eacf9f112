/** Rows on their way into buckets: sealed under keys of their own, dealt out by the hash of the id, padded to one size. */
import { create } from '@bufbuild/protobuf';
import { type Bytes, concat } from '../base/bytes.ts';
import { SottoError } from '../base/errors.ts';
import type { Random } from '../base/random.ts';
import { type Buckets, BucketsSchema } from '../gen/sotto/tag/v1/tag_pb.ts';
import { bucketHash, leafOf, MOST_BUCKETS, mostBucketItems, recordSet, treeOf } from './buckets.ts';
import { writeChunks, writeWhole } from './files.ts';
import type { TableFolder } from './folder.ts';
import { type RowPlace, rowKey, sealRow } from './row.ts';
import { type RowShape, rowBytes, segmentOf, sizeClass } from './shape.ts';
import { Spill } from './spill.ts';

/** Of the hash of the id, kept while rows are dealt out: as many bits as there can be buckets, and more. */
const HASH_BYTES = 4;

export class BucketWriter implements Disposable {
  readonly #place: RowPlace;
  readonly #shape: RowShape;
  readonly #spill: Spill;
  readonly #entry: Uint8Array;
  readonly #parts: number;

  /** `place.salt` is that of the buckets: also of the hash. */
  constructor(folder: string, place: RowPlace, shape: RowShape, lengths: readonly number[]) {
    this.#place = place;
    this.#shape = shape;
    this.#parts = lengths.length;
    this.#entry = new Uint8Array(HASH_BYTES + rowBytes(shape));
    this.#spill = new Spill(folder, 'buckets', this.#entry.length, lengths);
  }

  /** `input` is that of the oblivious function, and `secret` its value. */
  seal(input: Uint8Array, secret: Uint8Array, record: Uint8Array): void {
    const key = rowKey(secret, this.#place, this.#shape);
    this.#entry.set(bucketHash(this.#place.salt, input).subarray(0, HASH_BYTES));
    sealRow(key, record, this.#entry.subarray(HASH_BYTES));
    this.#spill.append(this.#entry);
  }

  sync(): number[] {
    return this.#spill.sync();
  }

  /** Writes as many buckets as still hold at least `anonymity` rows each. To be called after `sync`. */
  write(folder: TableFolder, anonymity: number, random: Random): Buckets {
    const { count, most } = this.#divide(anonymity);
    const rows = sizeClass(most);
    if (mostBucketItems(rows, this.#shape) < 1) {
      const { width } = recordSet(rows, this.#shape);
      const facts = { field: 'bucketAnonymity', anonymity, rows, bytes: rows * width };
      throw new SottoError(
        'invalid-argument',
        'so large a bucket does not fit into an answer',
        facts,
      );
    }
    const leaves: Bytes[] = [];
    const { versionId } = this.#place;
    writeChunks(folder.buckets(versionId, 'rows'), this.#filled({ count, rows }, random, leaves));
    writeWhole(folder.buckets(versionId, 'leaves'), concat(...leaves));
    const root = treeOf(leaves).at(-1)![0]!;
    return create(BucketsSchema, { salt: this.#place.salt, count, rows, root });
  }

  /** The largest power of two of buckets of which none is too empty, and the rows of the fullest. */
  #divide(anonymity: number): { count: number; most: number } {
    let loads = new Array<number>(MOST_BUCKETS).fill(0);
    for (const entry of this.#entries()) loads[segmentOf(entry, MOST_BUCKETS)]! += 1;
    const least = (): number => loads.reduce((a, b) => Math.min(a, b));
    while (loads.length > 1 && least() < anonymity) {
      const finer = loads;
      loads = Array.from(
        { length: finer.length / 2 },
        (_, at) => finer[2 * at]! + finer[2 * at + 1]!,
      );
    }
    if (least() < anonymity) {
      const facts = { field: 'bucketAnonymity', anonymity, rows: least() };
      throw new SottoError(
        'invalid-argument',
        'a bucket is to hide more rows than there are',
        facts,
      );
    }
    return { count: loads.length, most: loads.reduce((a, b) => Math.max(a, b)) };
  }

  *#entries(): Generator<Uint8Array, void, void> {
    for (let part = 0; part < this.#parts; part += 1) yield* this.#spill.sorted(part);
  }

  /** The buckets in order, each of `rows` rows; their leaves are added to `leaves`. */
  *#filled(
    { count, rows }: { readonly count: number; readonly rows: number },
    random: Random,
    leaves: Bytes[],
  ): Generator<Uint8Array, void, void> {
    const full = (own: Uint8Array[]): Bytes => {
      const padding = Array.from({ length: rows - own.length }, () =>
        random.bytes(rowBytes(this.#shape)),
      );
      const sorted = [...own, ...padding].sort(Buffer.compare);
      const { fingerprintBytes } = this.#shape;
      const fingerprints = sorted.map((row) => row.subarray(0, fingerprintBytes));
      leaves.push(leafOf(leaves.length, concat(...fingerprints)));
      return concat(...sorted);
    };
    let own: Uint8Array[] = [];
    for (const entry of this.#entries()) {
      while (segmentOf(entry, count) > leaves.length) {
        yield full(own);
        own = [];
      }
      own.push(entry.subarray(HASH_BYTES));
    }
    for (; leaves.length < count; own = []) yield full(own);
  }

  [Symbol.dispose](): void {
    this.#spill[Symbol.dispose]();
  }
}
