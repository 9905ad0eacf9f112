/** Specs, keys and agreements for tests of the jobs layer. */
import { generateKeyPairSync } from 'node:crypto';
import { create, type MessageInitShape } from '@bufbuild/protobuf';
import {
  type Agreement,
  type JobSpec,
  JobSpecSchema,
} from '../../src/gen/sotto/job/v1/agreement_pb.ts';
import { draftAgreement } from '../../src/jobs/agreement.ts';
import { normaliseSpec } from '../../src/jobs/spec.ts';

export type SpecInit = Exclude<MessageInitShape<typeof JobSpecSchema>, JobSpec>;

export const keyOf = {
  bank: generateKeyPairSync('ed25519'),
  telco: generateKeyPairSync('ed25519'),
  mallory: generateKeyPairSync('ed25519'),
};

export const alignSpec = (change: SpecInit = {}) =>
  create(JobSpecSchema, {
    purpose: 'credit-risk',
    active: { party: 'bank', dataset: 'loans' },
    passive: { party: 'telco', dataset: 'calls' },
    protocol: { case: 'align', value: {} },
    ...change,
  });

export const trainSpec = (change: SpecInit = {}) =>
  alignSpec({
    active: {
      party: 'bank',
      dataset: 'loans',
      columns: [{ name: 'income' }, { name: 'age' }],
      label: { column: 'bad', positive: '1' },
    },
    passive: {
      party: 'telco',
      dataset: 'calls',
      columns: ['minutes', 'trips', 'nights', 'calls', 'region'].map((name) => ({ name })),
    },
    protocol: { case: 'train', value: {} },
    ...change,
  });

export const NOW_MS = Date.UTC(2026, 0, 15);

export const agreementOf = (spec = trainSpec(), change: { nowMs?: number } = {}): Agreement =>
  draftAgreement({
    jobId: '0123456789abcdef0123',
    spec: normaliseSpec(spec),
    initiator: 'bank',
    nowMs: change.nowMs ?? NOW_MS,
    seed: new Uint8Array(32).fill(7),
    idNormalization: ['trim', 'nfc'],
    maxRows: 100_000,
  });
