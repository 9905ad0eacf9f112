/**
 * Receipts: what the company signs for each request that it debits, each naming the one before.
 *
 * A blinded id hides the id and binds it, so the digest of the request in a receipt lets the bank show
 * later, for one id of its choice, what was asked, while the others stay hidden.
 */
import { type KeyObject, sign, verify } from 'node:crypto';
import { create, toBinary } from '@bufbuild/protobuf';
import { type Bytes, equalBytes, lengthPrefixed } from '../base/bytes.ts';
import { SottoError } from '../base/errors.ts';
import { decode } from '../channel/decode.ts';
import {
  type QueryRequest,
  type Receipt,
  ReceiptSchema,
  type SignedReceipt,
  SignedReceiptSchema,
} from '../gen/sotto/tag/v1/tag_pb.ts';
import { DIGEST_BYTES, sha256 } from '../primitives/hashing/index.ts';

const REQUEST_DOMAIN = 'sotto tag request 1';
const RECEIPT_DOMAIN = 'sotto tag receipt 1';
const SIGNATURE_DOMAIN = 'sotto tag receipt signature 1';

/** The receipt before the first. */
export const NO_RECEIPT = new Uint8Array(DIGEST_BYTES);
/** In a receipt: there is no such limit. */
export const UNLIMITED = 2n ** 64n - 1n;

/** What a receipt is for: everything of a request that has a meaning. */
export function requestDigest(request: QueryRequest): Bytes {
  const { datasetId, versionId, idempotencyKey, purpose, blinded, fetch } = request;
  const engine = fetch.case ?? 'mirror';
  const buckets = fetch.case === 'bucket' ? fetch.value.buckets : [];
  const what = [engine, buckets.join(' ')];
  return sha256(REQUEST_DOMAIN, datasetId, versionId, idempotencyKey, purpose, ...what, blinded);
}

export const receiptBytes = (receipt: Receipt): Bytes => toBinary(ReceiptSchema, receipt);

export const receiptHash = (receipt: Uint8Array): Bytes => sha256(RECEIPT_DOMAIN, receipt);

/** Ed25519 is deterministic: signed again, a receipt has the same bytes. */
export function signReceipt(receipt: Bytes, key: KeyObject): SignedReceipt {
  const signature = new Uint8Array(sign(null, lengthPrefixed(SIGNATURE_DOMAIN, receipt), key));
  return create(SignedReceiptSchema, { receipt, signature });
}

/** The receipt, if the company signed it. @throws verification-failed */
export function readReceipt({ receipt, signature }: SignedReceipt, signer: KeyObject): Receipt {
  if (!verify(null, lengthPrefixed(SIGNATURE_DOMAIN, receipt), signer, signature)) {
    throw refused('signature');
  }
  try {
    return decode(ReceiptSchema, receipt);
  } catch (cause) {
    throw new SottoError('verification-failed', 'a receipt does not hold', {}, { cause });
  }
}

/** The receipt, if the company signed it for exactly this request of that tenant. @throws verification-failed */
export function checkReceipt(
  signed: SignedReceipt | undefined,
  request: QueryRequest,
  expected: { readonly signer: KeyObject; readonly tenant: string },
): Receipt {
  if (signed === undefined) throw refused('missing');
  const receipt = readReceipt(signed, expected.signer);
  const checks: readonly (readonly [string, boolean])[] = [
    ['tenant', receipt.tenant === expected.tenant],
    ['dataset_id', receipt.datasetId === request.datasetId],
    ['version_id', receipt.versionId === request.versionId],
    ['purpose', receipt.purpose === request.purpose],
    ['idempotency_key', equalBytes(receipt.idempotencyKey, request.idempotencyKey)],
    ['request_digest', equalBytes(receipt.requestDigest, requestDigest(request))],
    ['items', receipt.items === request.blinded.length / 32],
    ['sequence', (receipt.sequence ?? 0n) >= 1n],
    ['previous', receipt.previous.length === DIGEST_BYTES],
  ];
  for (const [field, holds] of checks) if (!holds) throw refused(field);
  return receipt;
}

/**
 * Holds if these receipts, in any order, are links of one chain without a fork: equal numbers are equal
 * receipts, and neighbours name each other. Gaps are receipts that the bank lost. Gives their number.
 */
export function checkChain(
  receipts: readonly SignedReceipt[],
  signer: KeyObject,
): { readonly receipts: number; readonly gaps: number } {
  const links = receipts
    .map((signed) => ({ signed, receipt: readReceipt(signed, signer) }))
    .sort((a, b) => Number((a.receipt.sequence ?? 0n) - (b.receipt.sequence ?? 0n)));
  let gaps = 0;
  for (const [at, { signed, receipt }] of links.entries()) {
    const before = links[at - 1];
    if (before === undefined) continue;
    const step = (receipt.sequence ?? 0n) - (before.receipt.sequence ?? 0n);
    if (step === 0n && !equalBytes(signed.receipt, before.signed.receipt)) throw refused('fork');
    if (step === 1n && !equalBytes(receipt.previous, receiptHash(before.signed.receipt))) {
      throw refused('previous');
    }
    if (step > 1n) gaps += 1;
  }
  return { receipts: links.length, gaps };
}

const refused = (field: string): SottoError =>
  new SottoError('verification-failed', 'a receipt does not hold', { field });
