/** The transfer of rows out of buckets: what names it, and how the company answers it. */
import { createHmac } from 'node:crypto';
import type { Bytes } from '../base/bytes.ts';
import { asSottoError, SottoError } from '../base/errors.ts';
import type { Compute } from '../compute/compute.ts';
import type {
  Buckets,
  Manifest,
  QueryRequest,
  TransferRequest,
} from '../gen/sotto/tag/v1/tag_pb.ts';
import { sha256 } from '../primitives/hashing/index.ts';
import { directCoins, directPointBytes, type RecordSets } from '../primitives/ot/index.ts';
import { expand, SEED_BYTES } from '../primitives/prg/index.ts';
import type { BucketRows } from './bucket-rows.ts';
import { mostBucketItems, recordSet } from './buckets.ts';
import { requestDigest } from './receipts.ts';

const SESSION_DOMAIN = 'sotto tag transfer session 1';
const REQUEST_DOMAIN = 'sotto tag transfer 1';

/** The buckets that a query asks for; empty for any other engine. */
export const bucketsOf = ({ fetch }: QueryRequest): readonly number[] =>
  fetch.case === 'bucket' ? fetch.value.buckets : [];

/** What is transferred for a query: one row of each of its buckets. A query is debited once, so its name is fresh. */
export const setsOf = (manifest: Manifest, { rows }: Buckets, query: QueryRequest): RecordSets => ({
  ...recordSet(rows, manifest),
  sets: bucketsOf(query).length,
  session: sha256(SESSION_DOMAIN, requestDigest(query)),
});

/** Of everything in the request: the same bytes are the same transfer. */
export const transferDigest = (query: QueryRequest, choices: Uint8Array): Bytes =>
  sha256(REQUEST_DOMAIN, requestDigest(query), choices);

/** Refuses buckets that are none, or too many for one answer. */
export function checkBuckets(manifest: Manifest, query: QueryRequest, items: number): void {
  const asked = bucketsOf(query);
  const { count = 0, rows = 0 } = manifest.buckets ?? {};
  const refuse = (why: string, facts: Record<string, number>): SottoError =>
    new SottoError('invalid-argument', `buckets ${why}`, { field: 'buckets', ...facts });
  if (asked.length !== items) {
    throw refuse('must be one for each id', { expected: items, received: asked.length });
  }
  const most = mostBucketItems(rows, manifest);
  if (items > most) throw refuse('are too many for one query', { most, received: items });
  const index = asked.findIndex((bucket) => bucket >= count);
  if (index >= 0) throw refuse('must be below their number', { index, count });
}

/**
 * Fixed by the request, so that a retry gets the same bytes: coins come from the epoch's `transferKey`, and another
 * request has others.
 */
export async function answerTransfer(
  request: TransferRequest & { readonly query: QueryRequest },
  shape: { readonly manifest: Manifest; readonly buckets: Buckets; readonly rows: BucketRows },
  { compute, transferKey }: { readonly compute: Compute; readonly transferKey: Uint8Array },
): Promise<{ answers: Bytes; sealed: Bytes }> {
  const { query, choices } = request;
  const sets = setsOf(shape.manifest, shape.buckets, query);
  const digest = transferDigest(query, choices);
  const seed = createHmac('sha256', transferKey).update(digest).digest().subarray(0, SEED_BYTES);
  const coins = expand(seed, 0, directCoins(sets).sender);
  const records = await shape.rows.records(bucketsOf(query));
  const input = { ...sets, offered: choices, records, coins };
  const { answered, sealed } = await compute.run('otDirectSend', input).catch(refusePoint);
  coins.fill(0);
  return { answers: answered, sealed };
}

/** Called before anything is kept of the request. */
export function checkChoices(
  { choices }: TransferRequest,
  sets: Omit<RecordSets, 'session'>,
): void {
  const expected = directPointBytes(sets);
  if (choices.length === expected) return;
  const facts = { field: 'choices', expected, received: choices.length };
  throw new SottoError('invalid-argument', 'choices must be two points for each id and bit', facts);
}

function refusePoint(thrown: unknown): never {
  const error = asSottoError(thrown);
  if (error.code !== 'protocol-violation') throw error;
  throw new SottoError('invalid-argument', 'choices hold what is no usable group element', {
    field: 'choices',
    index: Number(error.facts.position ?? 0),
  });
}
