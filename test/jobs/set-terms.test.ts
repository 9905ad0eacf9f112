/** What exclude, select and count agree on: defaults, ranges, and every field compared. */
import { create } from '@bufbuild/protobuf';
import { expect, test } from 'vitest';
import { AgreementSchema, type JobSpec } from '../../src/gen/sotto/job/v1/agreement_pb.ts';
import { ExcludeSpecSchema } from '../../src/gen/sotto/job/v1/sets_pb.ts';
import { requireEqual } from '../../src/jobs/agreement.ts';
import { disclosuresOf } from '../../src/jobs/disclosure.ts';
import { normaliseSpec } from '../../src/jobs/spec.ts';
import { agreementOf, type SpecInit } from '../support/jobs.ts';
import { setSpec } from '../support/set-jobs.ts';

type Protocol = NonNullable<SpecInit['protocol']>;

const exclude = (value: object): Protocol => ({ case: 'exclude', value });
const select = (value: object): Protocol => ({ case: 'select', value });
const count = (value: object): Protocol => ({ case: 'count', value });
const normal = (protocol: Protocol, change: SpecInit = {}): JobSpec =>
  normaliseSpec(setSpec(protocol, change));

test('defaults are filled in, and a filled-in spec stays as it is', () => {
  const first = normal(exclude({}));
  expect(first.protocol.value).toEqual(
    create(ExcludeSpecSchema, { holdout: 0.1, minRows: 50, maxCertainty: 0.95 }),
  );
  for (const spec of [
    first,
    normal(select({})),
    normal(count({})),
    normal(count({ exact: true })),
  ]) {
    expect(normaliseSpec(spec)).toEqual(spec);
  }
  expect(normal(exclude({ overlapDisclosed: true })).protocol.value).toMatchObject({ holdout: 0 });
});

test.each<[string, Protocol, SpecInit]>([
  ['spec.exclude.holdout', exclude({ holdout: 0.001 }), {}],
  ['spec.exclude.holdout', exclude({ holdout: 0.6 }), {}],
  ['spec.exclude.holdout', exclude({ holdout: 0.1, overlapDisclosed: true }), {}],
  ['spec.exclude.min_rows', exclude({ minRows: 49 }), {}],
  ['spec.exclude.max_certainty', exclude({ maxCertainty: 1 }), {}],
  ['spec.select.min_rows', select({ minRows: 1 }), {}],
  ['spec.count.floor', count({ floor: 10 }), {}],
  ['spec.count.epsilon', count({ epsilon: 6 }), {}],
  ['spec.count.epsilon', count({ epsilon: Number.NaN }), {}],
  ['spec.count.epsilon', count({ epsilon: 1, exact: true }), {}],
  ['spec.count.active[0].name', count({ active: [{ name: '', where: '' }] }), {}],
  ['spec.count.active[1].name', count({ active: [{ name: 'a' }, { name: 'a' }] }), {}],
  ['spec.count.passive[0].where', count({ passive: [{ name: 'a', where: 'age =' }] }), {}],
  [
    'spec.count.passive',
    count({ passive: Array.from({ length: 21 }, (_, i) => ({ name: `${i}` })) }),
    {},
  ],
  ['spec.active.where', exclude({}), { active: { party: 'bank', dataset: 'loans', where: 'a' } }],
  [
    'spec.active.columns',
    exclude({}),
    { active: { party: 'bank', dataset: 'loans', columns: [{ name: 'a' }] } },
  ],
  [
    'spec.active.columns[0].max_categories',
    select({}),
    { active: { party: 'bank', dataset: 'loans', columns: [{ name: 'a', maxCategories: 3 }] } },
  ],
  [
    'spec.passive.where',
    { case: 'align', value: {} },
    { passive: { party: 'telco', dataset: 'calls', where: 'a = 1' } },
  ],
])('%s out of its range is refused by name', (field, protocol, change) => {
  expect(() => normal(protocol, change)).toThrowError(
    expect.objectContaining({
      code: 'invalid-argument',
      facts: expect.objectContaining({ field }),
    }),
  );
});

test.each<[string, Protocol, Protocol]>([
  ['spec.exclude.holdout', exclude({}), exclude({ holdout: 0.2 })],
  ['spec.exclude.min_rows', exclude({}), exclude({ minRows: 60 })],
  ['spec.exclude.max_certainty', exclude({}), exclude({ maxCertainty: 0.9 })],
  ['spec.select.min_rows', select({}), select({ minRows: 60 })],
  ['spec.count.floor', count({}), count({ floor: 60 })],
  ['spec.count.epsilon', count({}), count({ epsilon: 1 })],
  ['spec.count.active[0]', count({}), count({ active: [{ name: 'a' }] })],
  [
    'spec.count.passive[0].where',
    count({ passive: [{ name: 'a', where: 'x = 1' }] }),
    count({ passive: [{ name: 'a', where: 'x = 2' }] }),
  ],
])('%s that differs is named', (field, ours, theirs) => {
  const [a, b] = [agreementOf(setSpec(ours)), agreementOf(setSpec(theirs))];
  expect(() => requireEqual(AgreementSchema, b, a, '')).toThrowError(
    expect.objectContaining({ facts: expect.objectContaining({ field }) }),
  );
});

test.each<[string, Protocol]>([
  ['exclude', exclude({})],
  ['select', select({})],
  ['count', count({})],
])('%s says to both that unchanged rows are recognised', (_, protocol) => {
  const told = disclosuresOf(normal(protocol)).filter(({ learns }) =>
    /the same rows as in an earlier job/.test(learns),
  );
  expect(told.map(({ party }) => party)).toEqual(['bank', 'telco']);
});
