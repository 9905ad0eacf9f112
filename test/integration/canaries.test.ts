/**
 * Goal: ids, labels, feature values and keys are found nowhere but in the party's own tables and key files.
 * Method: real workers on tables with planted values do every kind of work, well and badly; then every file they
 * wrote, every line they logged and what their metrics say is searched, in each form a value could take.
 */
import { createPrivateKey } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { create } from '@bufbuild/protobuf';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { withOperator } from '../../src/cli/connection.ts';
import { freePorts, type WorkerProcess } from '../../src/cli/demo/processes.ts';
import { loadJobFile } from '../../src/cli/job-file.ts';
import { type JobSpec, JobSpecSchema } from '../../src/gen/sotto/job/v1/agreement_pb.ts';
import { type Job, JobState } from '../../src/gen/sotto/job/v1/job_pb.ts';
import {
  isOver,
  jobWhen,
  type Site,
  type Sites,
  setUpSites,
  trainJob,
} from '../support/two-workers.ts';

/** Every id begins with the one, the label is the other, and the number stands in a feature of each row. */
const ID = 'CANARYID';
const LABEL = 'canarylabel';
const VALUE = '0.7351926';

let sites: Sites;
let metricsUrl: string;
let workers: readonly WorkerProcess[];

beforeAll(async () => {
  sites = await setUpSites({ rows: 1_600, autoApprove: true, unavailableAfterSeconds: 20 });
  for (const { folder } of [sites.bank, sites.company]) plant(join(folder, 'table.csv'));
  metricsUrl = await withMetrics(sites.bank);
  // What they leave in temporary files is searched as well.
  process.env.TMPDIR = join(sites.folder, 'tmp');
  mkdirSync(process.env.TMPDIR);
  workers = await Promise.all([sites.start('bank'), sites.start('company')]);
}, 60_000);
afterAll(async () => sites[Symbol.asyncDispose]());

function plant(path: string): void {
  const [header, ...rows] = readFileSync(path, 'utf8').trimEnd().split('\n');
  const planted = rows.map((row, i) => {
    const cells = row.replace(/^C/, ID).replace(/,yes$/, `,${LABEL}`).split(',');
    if (i % 7 === 0) cells[1] = `${VALUE}${i % 10}`;
    return cells.join(',');
  });
  writeFileSync(path, `${[header, ...planted].join('\n')}\n`);
}

async function withMetrics({ config }: Site): Promise<string> {
  const [port] = await freePorts(1);
  const settings = parse(readFileSync(config, 'utf8'));
  writeFileSync(config, stringify({ ...settings, metrics: { listen: `127.0.0.1:${port}` } }));
  return `http://127.0.0.1:${port}/metrics`;
}

async function run(spec: JobSpec): Promise<Job> {
  const { id } = await withOperator({ config: sites.bank.config }, (operator) =>
    operator.submit(spec, ''),
  );
  return jobWhen(sites.bank, id, isOver);
}

function jobOf(yaml: string): JobSpec {
  const file = join(sites.folder, 'job.yaml');
  writeFileSync(file, yaml);
  return loadJobFile(file);
}

const between = (protocol: JobSpec['protocol']): JobSpec =>
  create(JobSpecSchema, {
    purpose: 'test',
    active: { party: 'bank', dataset: 'rows' },
    passive: { party: 'company', dataset: 'rows' },
    protocol,
  } as never);

const training = (changes: object = {}): JobSpec => {
  const job = parse(trainJob(changes));
  // What counts as positive is part of the agreement: it is written with a value that is not planted.
  return jobOf(
    stringify({ ...job, active: { ...job.active, label: { column: 'bad', positive: 'no' } } }),
  );
};

/** Whatever is neither a table, nor a key, nor asked for by this test. */
function written(): string[] {
  return readdirSync(sites.folder, { recursive: true, encoding: 'utf8', withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(sites.folder, join(entry.parentPath, entry.name)))
    .filter((path) => !/(^|\/)table\.csv$|\/keys\/|^job\.yaml$/.test(path));
}

/** The secret numbers of the key files: their bytes, in hex and in base64. */
function keyForms(): Buffer[] {
  return [sites.bank, sites.company].flatMap(({ folder }) =>
    readdirSync(join(folder, 'keys'))
      .filter((name) => name.includes('.key'))
      .flatMap((name) => secretsOf(readFileSync(join(folder, 'keys', name))))
      .flatMap((key) => [
        key,
        Buffer.from(key.toString('hex')),
        Buffer.from(key.toString('base64').slice(0, 40)),
      ]),
  );
}

/** Of a file of PEM blocks each private number; another file is the key itself. */
function secretsOf(file: Buffer): Buffer[] {
  const blocks = file
    .toString('latin1')
    .match(/-----BEGIN [^-]*PRIVATE KEY-----[^-]+-----END[^\n]+/g);
  if (blocks === null) return [file.subarray(0, 32)];
  return blocks.map((pem) =>
    Buffer.from(createPrivateKey(pem).export({ format: 'jwk' }).d!, 'base64url'),
  );
}

const double = (value: number): Buffer => {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleLE(value);
  return bytes;
};

const PLANTED: readonly Buffer[] = [
  Buffer.from(ID),
  Buffer.from(ID, 'utf16le'),
  Buffer.from(Buffer.from(ID).toString('hex')),
  Buffer.from(LABEL),
  Buffer.from(VALUE),
  ...Array.from({ length: 10 }, (_, digit) => double(Number(`${VALUE}${digit}`))),
];

test('work of every kind leaves no planted value in any file, log or metric', async () => {
  const trained = await run(training());
  expect(trained.state).toBe(JobState.SUCCEEDED);
  const aligned = await run(between({ case: 'align', value: {} } as never));
  expect(aligned.state).toBe(JobState.SUCCEEDED);
  const value = { modelId: String(trained.result?.modelId) };
  const scored = await run(between({ case: 'predict', value } as never));
  expect(scored.state).toBe(JobState.SUCCEEDED);
  // A value where a number should be, and a column of ids where features should be: errors name columns and rows.
  const refused = await run(training({ train: { passes: 3, ridge: 0.002 } })).catch(
    () => undefined,
  );
  expect(refused === undefined || isOver(refused)).toBe(true);

  const metrics = Buffer.from(await (await fetch(metricsUrl)).arrayBuffer());
  expect(metrics.length).toBeGreaterThan(500);
  await Promise.all(workers.map((worker) => worker[Symbol.asyncDispose]()));
  const files = written();
  expect(files.some((path) => path.includes('jobs.sqlite'))).toBe(true);
  expect(files.some((path) => path.endsWith('.log'))).toBe(true);
  const forms = [...PLANTED, ...keyForms()];
  expect(forms.length).toBeGreaterThan(PLANTED.length + 10);
  const found = files.filter((path) => {
    const content = readFileSync(join(sites.folder, path));
    return forms.some((form) => content.includes(form));
  });
  expect(found).toEqual([]);
  expect(forms.filter((form) => metrics.includes(form))).toEqual([]);
}, 180_000);

test('the search finds what it looks for where it may be', () => {
  const table = readFileSync(join(sites.bank.folder, 'table.csv'));
  expect([ID, LABEL, VALUE].map((text) => table.includes(text))).toEqual([true, true, true]);
});
