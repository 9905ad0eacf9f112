/** Files that people write or were given: configurations, jobs, halves of models, public keys. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { loadConfig } from '../../../src/cli/config.ts';
import { jobSpec } from '../../../src/cli/job-file.ts';
import { parseYaml } from '../../../src/cli/yaml.ts';
import type { ColumnType } from '../../../src/data/dataset.ts';
import { compilePredicate } from '../../../src/data/predicate/compile.ts';
import { parsePredicate } from '../../../src/data/predicate/index.ts';
import { parseHalf, serializeHalf } from '../../../src/model/half.ts';
import { initKeys, publicFile, readPublic } from '../../../src/rpc/keys.ts';
import { sampleHalf } from '../../support/sample-half.ts';
import { fuzzFolder, type Target } from '../target.ts';
import { mutateJson, mutateText } from '../texts.ts';

const CONFIG = `party: bank
listen: 127.0.0.1:7001
peers:
  - name: company
    publicKey: company.public.pem
datasets:
  customers:
    path: bank.csv
    format: csv
    idColumn: id
    idNormalization: [trim, nfc]
    offeredTo:
      - peer: company
        purposes: [credit-risk]
        columns: [age]
autoApprove:
  - { peer: company, protocol: train, dataset: customers, purpose: credit-risk }
limits:
  maxRows: 10000
  threads: 2
log: { level: info }
`;

const JOB = `purpose: credit-risk
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
validForSeconds: 3600
train:
  passes: 10
  ridge: 0.01
`;

const configurations: Target = {
  name: 'configurations',
  weight: 35,
  async prepare() {
    const folder = fuzzFolder();
    mkdirSync(join(folder, 'keys'));
    writeFileSync(join(folder, 'company.public.pem'), '');
    writeFileSync(join(folder, 'bank.csv'), 'id,age\n');
    const file = join(folder, 'bank.yaml');
    const load = (text: string): 'accepted' => {
      writeFileSync(file, text);
      loadConfig(file);
      return 'accepted';
    };
    load(CONFIG);
    return (word) => load(mutateText(CONFIG, word));
  },
};

const jobs: Target = {
  name: 'job files',
  weight: 40,
  async prepare() {
    const read = (text: string): 'accepted' => {
      jobSpec(parseYaml('job.yaml', text));
      return 'accepted';
    };
    read(JOB);
    return (word) => read(mutateText(JOB, word));
  },
};

const halves: Target = {
  name: 'halves of models',
  weight: 50,
  async prepare() {
    const text = serializeHalf(sampleHalf());
    const honest: unknown = JSON.parse(text);
    return (word) => {
      const asText = word() % 4 === 0;
      parseHalf(asText ? mutateText(text, word) : JSON.stringify(mutateJson(honest, word)));
      return 'accepted';
    };
  },
};

const keys: Target = {
  name: 'public keys',
  weight: 20,
  async prepare() {
    const folder = fuzzFolder();
    await initKeys('company', folder);
    const honest = await readFile(publicFile(folder, 'company'), 'utf8');
    readPublic(honest);
    return (word) => {
      readPublic(mutateText(honest, word));
      return 'accepted';
    };
  },
};

const CONDITION =
  `(sex = 'F' and age between 20 and 35 or "how old" >= 1.5e3) and not city in ('Rome', 'Å') ` +
  `and card is not null and since within 30 days of '2026-03-31' and open <> true`;

/** Conditions stand in job files and in proposals: what is read is compiled as well, over a table that has the columns. */
const conditions: Target = {
  name: 'conditions',
  weight: 35,
  async prepare() {
    const types = new Map<string, ColumnType>([
      ...(['sex', 'city', 'card'] as const).map((name) => [name, 'category'] as const),
      ...(['age', 'how old', 'since', 'open'] as const).map((name) => [name, 'number'] as const),
    ]);
    types.set('since', 'date').set('open', 'bool');
    const stored = [...types.keys()].map((name) => ({ name, sqlType: 'VARCHAR' }));
    const compile = (text: string): 'accepted' => {
      const scope = { stored, types, missing: [''], today: 20_000, bound: 0 };
      const { sql, values } = compilePredicate(parsePredicate(text), scope);
      const bound = new Set(sql.match(/\$\d+/g) ?? []);
      if (bound.size !== values.length) throw new Error('a value is not bound');
      return 'accepted';
    };
    compile(CONDITION);
    return (word) => compile(mutateText(CONDITION, word));
  },
};

export const fileTargets: readonly Target[] = [configurations, jobs, halves, keys, conditions];
