/** What two workers settle before a protocol begins: one agreement, canonical bytes, both signatures. */
import { createHash, type KeyObject, sign, verify } from 'node:crypto';
import {
  create,
  type DescMessage,
  fromBinary,
  type JsonValue,
  type MessageShape,
  toBinary,
  toJson,
} from '@bufbuild/protobuf';
import { type Timestamp, timestampFromMs, timestampMs } from '@bufbuild/protobuf/wkt';
import { type Bytes, equalBytes, lengthPrefixed, toHex } from '../base/bytes.ts';
import { SottoError } from '../base/errors.ts';
import { type Agreement, AgreementSchema, type JobSpec } from '../gen/sotto/job/v1/agreement_pb.ts';
import { disclosuresOf } from './disclosure.ts';
import { normaliseSpec } from './spec.ts';
import { termsOf } from './terms/index.ts';

/** Of the agreement's form, of every protocol's messages, and of the wording of disclosures. */
const AGREEMENT_VERSION = 'sotto/1';
/** A spec of 2 x 1,000 columns with long names fits; nobody makes us hold more. */
export const MAX_AGREEMENT_BYTES = 512 * 1024;
/** Clocks of two companies differ; an agreement from this far in the future may begin now. */
const CLOCK_SKEW_MS = 120_000;
const SEED_BYTES = 32;
const LAST_INSTANT_MS = Date.UTC(9999, 0);

export interface Draft {
  readonly jobId: string;
  /** Normalised. */
  readonly spec: JobSpec;
  readonly initiator: string;
  readonly nowMs: number;
  readonly seed: Uint8Array;
  readonly idNormalization: readonly string[];
  readonly maxRows: number;
}

export function draftAgreement(draft: Draft): Agreement {
  return create(AgreementSchema, {
    version: AGREEMENT_VERSION,
    jobId: draft.jobId,
    spec: draft.spec,
    notBefore: timestampFromMs(draft.nowMs),
    notAfter: timestampFromMs(draft.nowMs + draft.spec.validForSeconds * 1000),
    seed: Uint8Array.from(draft.seed),
    idNormalization: [...draft.idNormalization],
    disclosures: disclosuresOf(draft.spec),
    maxRows: BigInt(draft.maxRows),
    minRows: BigInt(termsOf(draft.spec).minRows(draft.spec)),
    initiator: draft.initiator,
  });
}

/** Field order is ascending and there are no maps, so that a message has exactly one encoding by us. */
export const canonicalBytes = (agreement: Agreement): Bytes =>
  Uint8Array.from(toBinary(AgreementSchema, agreement, { writeUnknownFields: false }));

export const agreementHash = (bytes: Uint8Array): Bytes =>
  Uint8Array.from(createHash('sha256').update(lengthPrefixed('sotto agreement', bytes)).digest());

/** Bound into the transcript of an attempt, so that frames of one never count in another. */
export const attemptContext = (bytes: Uint8Array, attempt: number): Bytes =>
  lengthPrefixed('sotto attempt', agreementHash(bytes), String(attempt));

/** Both halves of a model have this id, as both parties hold the same agreement. */
export const modelIdOf = (bytes: Uint8Array): string => toHex(agreementHash(bytes)).slice(0, 20);

const signed = (bytes: Uint8Array, party: string): Bytes =>
  lengthPrefixed('sotto agreement signature', party, agreementHash(bytes));

/** Ed25519 (RFC 8032) over the domain, the signer's name and the agreement's hash. */
export const signAgreement = (bytes: Uint8Array, party: string, key: KeyObject): Bytes =>
  Uint8Array.from(sign(null, signed(bytes, party), key));

export function checkSignature(
  bytes: Uint8Array,
  party: string,
  key: KeyObject,
  signature: Uint8Array,
): void {
  if (signature.length !== 64 || !verify(null, signed(bytes, party), key, signature)) {
    throw new SottoError('verification-failed', 'the agreement is not signed by the peer', {
      field: 'signature',
      peer: party,
    });
  }
}

export const rejected = (field: string, expected: string): SottoError =>
  new SottoError('parameters-rejected', `the parties do not agree on ${field}`, {
    field,
    expected,
  });

/** The agreement in these bytes, which must be its canonical form: one meaning, one hash. */
export function parseAgreement(bytes: Uint8Array): Agreement {
  let agreement: Agreement;
  try {
    agreement = fromBinary(AgreementSchema, bytes);
  } catch (cause) {
    throw new SottoError(
      'protocol-violation',
      'not an agreement',
      { bytes: bytes.length },
      { cause },
    );
  }
  if (agreement.version !== AGREEMENT_VERSION) throw rejected('version', AGREEMENT_VERSION);
  if (!equalBytes(canonicalBytes(agreement), bytes)) {
    throw new SottoError('protocol-violation', 'an agreement that is not in canonical form', {
      bytes: bytes.length,
    });
  }
  return agreement;
}

export interface View {
  /** The authenticated peer, who proposes. */
  readonly peer: string;
  readonly party: string;
  readonly nowMs: number;
  readonly maxRows: number;
}

/**
 * Checks what this party would have written into the same agreement, but for its own dataset (see
 * policy.ts). @throws SottoError parameters-rejected with `field` and `expected`.
 */
export function checkAgreement(agreement: Agreement, view: View): void {
  const { notBefore, notAfter, spec, seed } = agreement;
  if (!/^[0-9a-f]{20}$/.test(agreement.jobId)) throw rejected('job_id', '20 hexadecimal digits');
  if (agreement.initiator !== view.peer) throw rejected('initiator', view.peer);
  if (spec === undefined) throw rejected('spec', 'present');
  const normal = normalisedOrRejected(spec);
  const parties = [normal.active!.party, normal.passive!.party];
  if (!parties.includes(view.peer)) throw rejected('spec.active.party', view.peer);
  if (!parties.includes(view.party)) throw rejected('spec.passive.party', view.party);
  if (seed.length !== SEED_BYTES) throw rejected('seed', `${SEED_BYTES} bytes`);
  if (agreement.maxRows < 1n || agreement.maxRows > BigInt(view.maxRows)) {
    throw rejected('max_rows', `1..${view.maxRows}`);
  }
  const begins = instantOf('not_before', notBefore);
  instantOf('not_after', notAfter);
  const mine = draftAgreement({
    jobId: agreement.jobId,
    spec: normal,
    initiator: view.peer,
    nowMs: begins,
    seed,
    idNormalization: agreement.idNormalization,
    maxRows: Number(agreement.maxRows),
  });
  requireEqual(AgreementSchema, agreement, mine, '');
  checkValidity(agreement, view.nowMs);
}

/** Milliseconds; only what a calendar has, since nothing else can be compared or shown. */
function instantOf(field: string, time: Timestamp | undefined): number {
  const ms = time === undefined ? Number.NaN : timestampMs(time);
  const wellFormed = time !== undefined && time.nanos >= 0 && time.nanos < 1e9;
  if (wellFormed && ms >= 0 && ms <= LAST_INSTANT_MS) return ms;
  throw rejected(field, 'a time between the years 1970 and 9999');
}

export function checkValidity(agreement: Agreement, nowMs: number): void {
  if (timestampMs(agreement.notBefore!) > nowMs + CLOCK_SKEW_MS) {
    throw rejected('not_before', 'a time that has come');
  }
  if (timestampMs(agreement.notAfter!) <= nowMs) throw rejected('not_after', 'a time to come');
}

function normalisedOrRejected(spec: JobSpec): JobSpec {
  try {
    return normaliseSpec(spec);
  } catch (error) {
    if (!(error instanceof SottoError)) throw error;
    const { field } = error.facts;
    throw typeof field === 'string' ? rejected(field, error.message) : error;
  }
}

/**
 * @param prefix The path before the message's own fields, e.g. 'spec'.
 * @throws SottoError parameters-rejected naming the first field that differs, and our value of it.
 */
export function requireEqual<D extends DescMessage>(
  schema: D,
  theirs: MessageShape<D>,
  ours: MessageShape<D>,
  prefix: string,
): void {
  const plain = (message: MessageShape<D>): JsonValue =>
    toJson(schema, message, { useProtoFieldName: true, alwaysEmitImplicit: true });
  const difference = firstDifference(plain(theirs), plain(ours), prefix);
  if (difference !== undefined) throw rejected(difference.field, difference.ours);
}

function firstDifference(
  theirs: JsonValue | undefined,
  ours: JsonValue | undefined,
  field: string,
): { field: string; ours: string } | undefined {
  if (isObject(theirs) && isObject(ours)) {
    const names = new Set([...Object.keys(ours), ...Object.keys(theirs)]);
    for (const key of names) {
      const path = field === '' ? key : `${field}.${key}`;
      const difference = firstDifference(theirs[key], ours[key], path);
      if (difference !== undefined) return difference;
    }
    return undefined;
  }
  if (Array.isArray(theirs) && Array.isArray(ours)) {
    for (let index = 0; index < Math.max(theirs.length, ours.length); index++) {
      const difference = firstDifference(theirs[index], ours[index], `${field}[${index}]`);
      if (difference !== undefined) return difference;
    }
    return undefined;
  }
  if (theirs === ours) return undefined;
  return { field, ours: ours === undefined ? 'absent' : shown(ours) };
}

const isObject = (value: JsonValue | undefined): value is { [name: string]: JsonValue } =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const shown = (value: JsonValue): string =>
  typeof value === 'object' ? 'present' : String(value).slice(0, 200);
