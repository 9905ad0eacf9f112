/**
 * Buckets: all rows of a version dealt out by a public hash of the id, for a bank that cannot hold a mirror or is
 * not to. It names a bucket, which says log2(buckets) bits of that hash, learns where in it the row lies by the
 * function's value, and gets that one row by oblivious transfer.
 *
 * The fingerprints of each bucket are bound by the manifest, as leaves of a Merkle tree (R. Merkle, CRYPTO 1987),
 * so that the company cannot leave a row out for one query and not for another.
 */
import { type Bytes, equalBytes } from '../base/bytes.ts';
import type { Buckets, Manifest } from '../gen/sotto/tag/v1/tag_pb.ts';
import { DIGEST_BYTES, sha256 } from '../primitives/hashing/index.ts';
import { directPointBytes, RECORDS_MAX, type RecordSet } from '../primitives/ot/index.ts';
import { AEAD_TAG_BYTES, type RowShape, segmentOf } from './shape.ts';

const HASH_DOMAIN = 'sotto tag bucket 1';
const LEAF_DOMAIN = 'sotto tag bucket leaf 1';
const NODE_DOMAIN = 'sotto tag bucket node 1';
export const BUCKET_SALT_BYTES = 32;
export const MOST_BUCKETS = 1 << 16;
/** Of the sealed rows in one answer, and of the points in one request: what a message may carry. */
const ANSWER_BYTES = 3 << 20;
const CHOICE_BYTES = 128 << 10;

/** Says nothing but its first bits to the company, and these only as far as there are buckets. */
export const bucketHash = (salt: Uint8Array, input: Uint8Array): Bytes =>
  sha256(HASH_DOMAIN, salt, input);

export const bucketOf = ({ salt, count }: Buckets, input: Uint8Array): number =>
  segmentOf(bucketHash(salt, input), count);

/** What is transferred of a bucket: each row without its fingerprint. */
export const recordSet = (rows: number, { recordBytes }: RowShape): RecordSet => ({
  count: rows,
  width: recordBytes + AEAD_TAG_BYTES,
});

/** Ids of one query, so that neither message grows too long; 0 if not even one fits. */
export function mostBucketItems(rows: number, shape: RowShape): number {
  const { count, width } = recordSet(rows, shape);
  if (count > RECORDS_MAX || count * width > ANSWER_BYTES) return 0;
  const points = directPointBytes({ count, width, sets: 1 });
  return Math.floor(Math.min(ANSWER_BYTES / (count * width), CHOICE_BYTES / points));
}

/** Whether a manifest's buckets have sizes that can be worked with. */
export function bucketsHold({ buckets, ...shape }: Manifest): boolean {
  if (buckets === undefined) return true;
  const { salt, count, rows, root } = buckets;
  const isPower = count >= 1 && count <= MOST_BUCKETS && Number.isInteger(Math.log2(count));
  const sizes = salt.length === BUCKET_SALT_BYTES && root.length === DIGEST_BYTES;
  return isPower && sizes && rows >= 2 && mostBucketItems(rows, shape) >= 1;
}

/** Of the fingerprints of bucket `index`, back to back. */
export const leafOf = (index: number, fingerprints: Uint8Array): Bytes =>
  sha256(LEAF_DOMAIN, String(index), fingerprints);

const nodeOf = (left: Uint8Array, right: Uint8Array): Bytes => sha256(NODE_DOMAIN, left, right);

/** A perfect tree over a power of two of leaves: its levels, the leaves first, the root last. */
export function treeOf(leaves: readonly Bytes[]): readonly (readonly Bytes[])[] {
  const levels: (readonly Bytes[])[] = [leaves];
  for (let level = leaves; level.length > 1; levels.push(level)) {
    const below = level;
    level = Array.from({ length: below.length / 2 }, (_, at) =>
      nodeOf(below[2 * at]!, below[2 * at + 1]!),
    );
  }
  return levels;
}

/** The neighbours of a leaf's ancestors, the lowest first. */
export const pathOf = (tree: readonly (readonly Bytes[])[], index: number): Bytes[] =>
  tree.slice(0, -1).map((level, height) => level[(index >> height) ^ 1]!);

/** Whether the leaf is where the root says. `path`: of one leaf, its hashes back to back. */
export function pathHolds(
  { root, count }: Buckets,
  index: number,
  leaf: Bytes,
  path: Uint8Array,
): boolean {
  if (path.length !== DIGEST_BYTES * Math.log2(count)) return false;
  let node = leaf;
  for (let height = 0; 1 << height < count; height += 1) {
    const beside = path.subarray(DIGEST_BYTES * height, DIGEST_BYTES * (height + 1));
    node = ((index >> height) & 1) === 0 ? nodeOf(node, beside) : nodeOf(beside, node);
  }
  return equalBytes(node, root);
}
