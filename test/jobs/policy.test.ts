import { expect, test } from 'vitest';
import type { SottoError } from '../../src/base/errors.ts';
import type { Offer, Rule } from '../../src/jobs/options.ts';
import { admittedByRule, checkNormalization, checkOffered } from '../../src/jobs/policy.ts';
import { agreementOf, trainSpec } from '../support/jobs.ts';

const dataset = {
  rows: 10,
  columns: ['id', 'minutes', 'trips', 'nights', 'calls', 'region', 'name'],
  idNormalization: ['trim', 'nfc'],
};
const request = { spec: trainSpec(), role: 'passive' as const, peer: 'bank' };
const offer = (change: Partial<Offer> = {}): Offer => ({
  peer: 'bank',
  dataset: 'calls',
  columns: ['minutes', 'trips', 'nights', 'calls', 'region'],
  purposes: ['credit-risk'],
  ...change,
});

function fieldOf(step: () => void): unknown {
  try {
    step();
  } catch (error) {
    return (error as SottoError).facts.field;
  }
  return undefined;
}

test.each<readonly [string, readonly Offer[], unknown]>([
  ['an exact offer', [offer()], undefined],
  ['all columns', [offer({ columns: 'all' })], undefined],
  ['two offers that complete each other', [offer({ columns: ['region'] }), offer()], undefined],
  ['no offer', [], 'spec.passive.dataset'],
  ['an offer to another peer', [offer({ peer: 'shop' })], 'spec.passive.dataset'],
  ['an offer of another dataset', [offer({ dataset: 'masts' })], 'spec.passive.dataset'],
  ['an offer for another purpose', [offer({ purposes: ['marketing'] })], 'spec.purpose'],
  ['an offer for any purpose', [offer({ purposes: ['*'] })], undefined],
  ['a column short', [offer({ columns: ['minutes', 'trips'] })], 'spec.passive.columns[2].name'],
])('%s', (_, offers, field) => {
  expect(fieldOf(() => checkOffered(offers, dataset, request))).toBe(field);
});

test('a dataset that does not exist is refused like one that is not offered', () => {
  const errorOf = (offers: readonly Offer[], found: typeof dataset | undefined): unknown => {
    try {
      checkOffered(offers, found, request);
    } catch (error) {
      return (error as SottoError).toRecord();
    }
    return undefined;
  };
  expect(errorOf([offer()], undefined)).toEqual(errorOf([], dataset));
});

test('a column that does not exist is refused like one that is not offered', () => {
  const smaller = { ...dataset, columns: ['minutes', 'trips'] };
  expect(fieldOf(() => checkOffered([offer()], smaller, request))).toBe(
    'spec.passive.columns[2].name',
  );
});

test('the label needs an offer like any column', () => {
  const loans = { ...dataset, columns: ['income', 'age', 'bad'] };
  const offers = [offer({ peer: 'telco', dataset: 'loans', columns: ['income', 'age'] })];
  const mine = { spec: trainSpec(), role: 'active' as const, peer: 'telco' };
  expect(fieldOf(() => checkOffered(offers, loans, mine))).toBe('spec.active.label.column');
});

test('ids must be brought to the same form on both sides', () => {
  expect(fieldOf(() => checkNormalization(agreementOf(), dataset))).toBeUndefined();
  const other = { ...dataset, idNormalization: ['trim'] };
  expect(fieldOf(() => checkNormalization(agreementOf(), other))).toBe('id_normalization');
});

test('a rule admits what it names in all four, and nothing else', () => {
  const rule: Rule = {
    peer: 'bank',
    protocol: 'train',
    dataset: 'calls',
    purpose: 'credit-risk',
  };
  expect(admittedByRule([rule], request)).toBe(true);
  const changes: Partial<Rule>[] = [
    { peer: 'shop' },
    { protocol: 'align' },
    { dataset: 'masts' },
    { purpose: 'marketing' },
  ];
  for (const change of changes) {
    expect(admittedByRule([{ ...rule, ...change }], request)).toBe(false);
  }
  expect(admittedByRule([{ ...rule, purpose: '*' }], request)).toBe(true);
});
