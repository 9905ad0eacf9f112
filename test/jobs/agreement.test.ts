import { clone, create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import { expect, test } from 'vitest';
import { SottoError } from '../../src/base/errors.ts';
import {
  type Agreement,
  AgreementSchema,
  JobSpecSchema,
  Kind,
  Missing,
} from '../../src/gen/sotto/job/v1/agreement_pb.ts';
import {
  canonicalBytes,
  checkAgreement,
  checkSignature,
  parseAgreement,
  requireEqual,
  signAgreement,
} from '../../src/jobs/agreement.ts';
import { normaliseSpec } from '../../src/jobs/spec.ts';
import { agreementOf, alignSpec, keyOf, NOW_MS, trainSpec } from '../support/jobs.ts';

const view = { peer: 'bank', party: 'telco', nowMs: NOW_MS + 1000, maxRows: 100_000 };

function refusal(step: () => unknown): { code: string; field: unknown } {
  try {
    step();
  } catch (error) {
    if (error instanceof SottoError) return { code: error.code, field: error.facts.field };
    throw error;
  }
  return { code: 'none', field: undefined };
}

/** Sets the field at a path of generated names, e.g. 'spec.active.columns.1.kind'. */
function put(agreement: Agreement, path: string, value: unknown): void {
  const names = path.split('.');
  let target: unknown = agreement;
  for (const name of names.slice(0, -1)) target = (target as Record<string, unknown>)[name];
  (target as Record<string, unknown>)[names.at(-1)!] = value;
}

/** Each field of the agreement, changed by one party alone: as refusals name it, where it is, its other value. */
const FLIPS: readonly (readonly [string, string, unknown])[] = [
  ['version', 'version', 'sotto/2'],
  ['spec.purpose', 'spec.purpose', 'marketing'],
  ['spec.active.party', 'spec.active.party', 'shop'],
  ['spec.active.dataset', 'spec.active.dataset', 'cards'],
  ['spec.active.columns[0].name', 'spec.active.columns.0.name', 'wealth'],
  ['spec.active.columns[1].missing', 'spec.active.columns.1.missing', Missing.REFUSE],
  ['spec.active.columns[1].kind', 'spec.active.columns.1.kind', Kind.NUMERIC],
  ['spec.active.columns[1].max_categories', 'spec.active.columns.1.maxCategories', 3],
  ['spec.active.label.column', 'spec.active.label.column', 'good'],
  ['spec.active.label.positive', 'spec.active.label.positive', '0'],
  ['spec.passive.party', 'spec.passive.party', 'shop'],
  ['spec.passive.dataset', 'spec.passive.dataset', 'masts'],
  ['spec.passive.columns[0]', 'spec.passive.columns', []],
  ['spec.valid_for_seconds', 'spec.validForSeconds', 60],
  ['spec.train.passes', 'spec.protocol.value.passes', 11],
  ['spec.train.ridge', 'spec.protocol.value.ridge', 0.1],
  ['spec.train.held_out_fraction', 'spec.protocol.value.heldOutFraction', 0.3],
  ['spec.train.harmonics', 'spec.protocol.value.harmonics', 4],
  ['spec.train.model_days', 'spec.protocol.value.modelDays', 7],
  ['spec.passive.where', 'spec.passive.where', 'age = 3'],
  ['job_id', 'jobId', 'ffff456789abcdef0123'],
  ['not_before', 'notBefore', timestampFromMs(NOW_MS + 5)],
  ['not_after', 'notAfter', timestampFromMs(NOW_MS + 5)],
  ['seed', 'seed', new Uint8Array(32).fill(8)],
  ['id_normalization[1]', 'idNormalization', ['trim']],
  ['disclosures[0].party', 'disclosures.0.party', 'telco'],
  ['disclosures[0].learns', 'disclosures.0.learns', 'nothing'],
  ['max_rows', 'maxRows', 5n],
  ['min_rows', 'minRows', 1n],
  ['initiator', 'initiator', 'telco'],
];

test.each(FLIPS)('%s changed on one side is found and named', (field, path, value) => {
  const theirs = agreementOf();
  put(theirs, path, value);
  expect(refusal(() => requireEqual(AgreementSchema, theirs, agreementOf(), ''))).toEqual({
    code: 'parameters-rejected',
    field,
  });
});

test('every field of the agreement is flipped above', () => {
  const named = FLIPS.map(([field]) => field.replace(/\[\d+\]/g, ''));
  for (const { name } of AgreementSchema.fields) {
    expect(named.some((field) => field.split('.')[0] === name)).toBe(true);
  }
  const others = (field: { readonly oneof?: unknown; readonly name: string }): boolean =>
    field.oneof !== undefined && field.name !== 'train';
  const specFields = JobSpecSchema.fields.filter((field) => !others(field));
  const reached = new Set(named.map((field) => field.split('.')[1]));
  expect(specFields.map(({ name }) => name).filter((name) => !reached.has(name))).toEqual([]);
});

test('another protocol under the same name is refused', () => {
  const theirs = agreementOf();
  theirs.spec!.protocol = alignSpec().protocol;
  expect(refusal(() => requireEqual(AgreementSchema, theirs, agreementOf(), '')).field).toBe(
    'spec.train',
  );
});

test('a well-formed agreement passes', () => {
  expect(() => checkAgreement(agreementOf(), view)).not.toThrow();
  expect(() => parseAgreement(canonicalBytes(agreementOf()))).not.toThrow();
});

test.each<readonly [string, string, unknown]>([
  ['disclosures[0].learns', 'disclosures.0.learns', 'nothing'],
  ['disclosures[0]', 'disclosures', []],
  ['min_rows', 'minRows', 10n],
  ['max_rows', 'maxRows', 100_001n],
  ['initiator', 'initiator', 'telco'],
  ['job_id', 'jobId', '../../../etc/passwd'],
  ['seed', 'seed', new Uint8Array(16)],
  ['spec', 'spec', undefined],
  ['spec.train.passes', 'spec.protocol.value.passes', 0],
  ['spec.train.passes', 'spec.protocol.value.passes', 51],
  ['spec.train.harmonics', 'spec.protocol.value.harmonics', 5],
  ['spec.passive.party', 'spec.passive.party', 'shop'],
  ['not_after', 'notAfter', timestampFromMs(NOW_MS + 90_000)],
  ['not_after', 'notAfter', undefined],
  ['not_after', 'notAfter.seconds', 2n ** 62n],
  ['not_before', 'notBefore.seconds', -(2n ** 62n)],
  ['not_before', 'notBefore.nanos', -1],
])('a proposal with a wrong %s is refused by name', (field, path, value) => {
  const proposal = agreementOf();
  put(proposal, path, value);
  expect(refusal(() => checkAgreement(proposal, view))).toEqual({
    code: 'parameters-rejected',
    field,
  });
});

test('an agreement is refused when it has expired, and before its time has come', () => {
  const late = { ...view, nowMs: NOW_MS + 86_400_000 };
  expect(refusal(() => checkAgreement(agreementOf(), late)).field).toBe('not_after');
  const early = { ...view, nowMs: NOW_MS - 3_600_000 };
  expect(refusal(() => checkAgreement(agreementOf(), early)).field).toBe('not_before');
});

test('another version is refused by name before anything else is looked at', () => {
  const other = create(AgreementSchema, { version: 'sotto/2' });
  expect(refusal(() => parseAgreement(toBinary(AgreementSchema, other))).field).toBe('version');
});

test('bytes that mean the same in another order are refused', () => {
  const bytes = canonicalBytes(agreementOf());
  // The initiator is field 11: at the end in canonical order, here in front.
  const initiator = Uint8Array.of(0x5a, 4, ...Buffer.from('bank'));
  const body = bytes.subarray(0, bytes.length - initiator.length);
  const moved = Uint8Array.from(Buffer.concat([initiator, body]));
  expect(fromBinary(AgreementSchema, moved)).toEqual(fromBinary(AgreementSchema, bytes));
  expect(refusal(() => parseAgreement(moved)).code).toBe('protocol-violation');
});

test('only the peer itself signs for the peer, and only these bytes', () => {
  const bytes = canonicalBytes(agreementOf());
  const signature = signAgreement(bytes, 'bank', keyOf.bank.privateKey);
  const check = (party: string, key: keyof typeof keyOf, over = bytes, by = signature) =>
    refusal(() => checkSignature(over, party, keyOf[key].publicKey, by)).code;
  expect(check('bank', 'bank')).toBe('none');
  expect(check('bank', 'mallory')).toBe('verification-failed');
  expect(check('telco', 'bank')).toBe('verification-failed');
  expect(check('bank', 'bank', canonicalBytes(agreementOf(alignSpec())))).toBe(
    'verification-failed',
  );
  expect(check('bank', 'bank', bytes, new Uint8Array(0))).toBe('verification-failed');
});

test('a normalised spec stays as it is', () => {
  const once = normaliseSpec(trainSpec());
  expect(normaliseSpec(clone(JobSpecSchema, once))).toEqual(once);
  expect(once.protocol.value).toMatchObject({
    passes: 12,
    ridge: 0.001,
    heldOutFraction: 0.2,
    harmonics: 3,
    modelDays: 365,
  });
});

test.each<readonly [string, Parameters<typeof trainSpec>[0]]>([
  ['spec.purpose', { purpose: '' }],
  ['spec.active.columns', { active: { party: 'bank', dataset: 'loans' } }],
  ['spec.passive', { passive: undefined as never }],
  ['spec', { protocol: { case: undefined } }],
  ['spec.train.ridge', { protocol: { case: 'train', value: { ridge: -1 } } }],
  ['spec.train.ridge', { protocol: { case: 'train', value: { ridge: Number.NaN } } }],
  ['spec.train.held_out_fraction', { protocol: { case: 'train', value: { heldOutFraction: 1 } } }],
  ['spec.active.columns', { protocol: { case: 'predict', value: { modelId: 'm' } } }],
  ['spec.valid_for_seconds', { validForSeconds: 1e8 }],
])('a job file with a wrong %s is the caller’s to mend', (field, change) => {
  // A NaN is not "0, so the default": it is a mistake.
  expect(refusal(() => normaliseSpec(trainSpec(change)))).toEqual({
    code: 'invalid-argument',
    field,
  });
});
