/** A job file is the YAML of a JobSpec, and says by line what in it is none. */
import { toJson } from '@bufbuild/protobuf';
import { expect, test } from 'vitest';
import { jobSpec } from '../../src/cli/job-file.ts';
import { nearest, parseYaml } from '../../src/cli/yaml.ts';
import { JobSpecSchema } from '../../src/gen/sotto/job/v1/agreement_pb.ts';

const GOOD = `purpose: credit-risk
active:
  party: bank
  dataset: customers
  columns:
    - name: Age
    - { name: Job, kind: KIND_CATEGORICAL, maxCategories: 5 }
  label: { column: Status, positive: bad }
passive:
  party: company
  dataset: accounts
  columns: [{ name: Amount }]
train:
  passes: 10
`;

const read = (text: string) => jobSpec(parseYaml('job.yaml', text));

test('a job file becomes the message, and the JSON of the message is a job file of it', () => {
  const spec = read(GOOD);
  expect(spec.protocol).toMatchObject({ case: 'train', value: { passes: 10 } });
  expect(spec.active?.columns.map((column) => column.name)).toEqual(['Age', 'Job']);
  expect(read(JSON.stringify(toJson(JobSpecSchema, spec)))).toEqual(spec);
});

test('field names may be written as in the .proto file', () => {
  expect(read(GOOD.replace('maxCategories', 'max_categories'))).toEqual(read(GOOD));
});

test.each([
  ['passes: 10', 'pases: 10', /job\.yaml:14:3: unknown key "pases"; did you mean "passes"\?/],
  ['passes: 10', 'passes: ten', /:14:11: "passes" must be a whole number .*, found "ten"/],
  ['passes: 10', 'passes: -1', /:14:11: "passes" must be a whole number .*, found -1/],
  ['KIND_CATEGORICAL', 'KIND_CATEGORIC', /:7:26: "kind" must be e\.g\. KIND_CATEGORICAL/],
  ['party: bank', 'party: 7', /:3:10: "party" must be a text .*, found 7/],
  ['columns: [{ name: Amount }]', 'columns: Amount', /"columns" must be a list, found "Amount"/],
  ['train:', 'tran:', /:13:1: unknown key "tran"; did you mean "train"\?/],
  ['train:\n  passes: 10', 'align: {}\ntrain: {}', /protocol/],
])('%j written as %j is refused', (right, wrong, message) => {
  expect(() => read(GOOD.replace(right, wrong))).toThrow(message);
});

test('the nearest word is one that differs little, or none', () => {
  expect(nearest('idColunm', ['path', 'idColumn'])).toBe('idColumn');
  expect(nearest('zebra', ['path', 'idColumn'])).toBeUndefined();
});
