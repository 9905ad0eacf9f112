/**
 * Goal: what a person does works between two real processes, and what goes wrong is told by its name at both.
 * Method: two workers over mutually authenticated gRPC on loopback, small tables, the program's own commands.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { WorkerProcess } from '../../src/cli/demo/processes.ts';
import { EXIT_CODES } from '../../src/cli/exit-codes.ts';
import { type Job, JobState } from '../../src/gen/sotto/job/v1/job_pb.ts';
import { auc } from '../../src/model/ranking.ts';
import { lastObject, sotto } from '../support/program.ts';
import { isOver, jobWhen, type Sites, setUpSites, trainJob } from '../support/two-workers.ts';

let sites: Sites;
let company: WorkerProcess;
const at = (party: 'bank' | 'company'): string[] => ['--config', sites[party].config];
const inBank = (name: string): string => join(sites.bank.folder, name);

beforeAll(async () => {
  sites = await setUpSites({ rows: 2_400, autoApprove: false });
  [, company] = await Promise.all([sites.start('bank'), sites.start('company')]);
  writeFileSync(inBank('train.yaml'), trainJob());
});
afterAll(async () => sites[Symbol.asyncDispose]());

/** The fields of each row of a table at the bank, without the header. */
const records = (name: string): string[][] =>
  readFileSync(inBank(name), 'utf8')
    .trimEnd()
    .split('\n')
    .slice(1)
    .map((line) => line.split(','));

async function submit(file: string): Promise<string> {
  const submitted = await sotto(['job', 'submit', file, ...at('bank'), '--json']);
  expect(submitted.code, submitted.stdout + submitted.stderr).toBe(0);
  return String(lastObject(submitted).id);
}

describe('a training and a scoring', () => {
  let id = '';
  let model = '';

  test('a plan tells rows, cost and who learns what, and starts nothing', async () => {
    const planned = await sotto(['job', 'plan', inBank('train.yaml'), ...at('bank'), '--json']);
    const plan = lastObject(planned) as { rows: string; disclosures: object[] };
    expect(Number(plan.rows)).toBe(2_250);
    expect(plan.disclosures.length).toBeGreaterThan(4);
    expect(lastObject(await sotto(['job', 'list', ...at('bank'), '--json']))).toEqual({});
  });

  test('a training that no rule admits waits until the company approves its own copy of it', async () => {
    id = await submit(inBank('train.yaml'));
    await jobWhen(sites.bank, id, (job) => job.state === JobState.AWAITING_APPROVAL);
    writeFileSync(inBank('other.yaml'), trainJob({ purpose: 'else' }));
    const refused = await sotto([
      'job',
      'approve',
      id,
      '--expect',
      inBank('other.yaml'),
      ...at('company'),
    ]);
    expect(refused.code).toBe(EXIT_CODES['parameters-rejected']);
    expect(refused.stderr).toContain('purpose');
    const approved = await sotto([
      'job',
      'approve',
      id,
      '--expect',
      inBank('train.yaml'),
      ...at('company'),
    ]);
    expect(approved.code, approved.stderr).toBe(0);
  });

  test('both parties succeed, and the bank learns how good the model is', async () => {
    const watched = await sotto(['job', 'watch', id, ...at('bank'), '--json']);
    expect(watched.code, watched.stdout).toBe(0);
    const job = lastObject(watched) as { result: Record<string, unknown>; artifacts: string[] };
    expect(job.artifacts).toEqual(expect.arrayContaining(['report.html', 'report.json']));
    const other = await jobWhen(sites.company, id, isOver);
    expect(other.state).toBe(JobState.SUCCEEDED);
  });

  test('the report is fetched, and the joint model is far better than chance', async () => {
    const saved = await sotto(['job', 'get', id, '--save', inBank('results'), ...at('bank')]);
    expect(saved.code, saved.stderr).toBe(0);
    const report = JSON.parse(readFileSync(inBank('results/report.json'), 'utf8'));
    expect(report.rows.aligned).toBe(2_100);
    expect(report.metrics.joint.auc).toBeGreaterThan(0.75);
    expect(existsSync(inBank('results/report.html'))).toBe(true);
  });

  test('each party holds its own half of the same model', async () => {
    for (const [party, role] of [
      ['bank', 'active'],
      ['company', 'passive'],
    ] as const) {
      const { models } = lastObject(await sotto(['models', 'list', ...at(party), '--json'])) as {
        models: { id: string; role: string }[];
      };
      expect(models.map((entry) => entry.role)).toEqual([role]);
      model = models[0]!.id;
    }
  });

  test('predict gives the bank a score for each common row', async () => {
    const scored = await sotto([
      ...['predict', '--model', model, '--dataset', 'rows', '--peer-dataset', 'rows'],
      ...['--out', inBank('scores.csv'), ...at('bank'), '--json'],
    ]);
    expect(scored.code, scored.stdout + scored.stderr).toBe(0);
    const bad = new Map(
      records('table.csv').map(([id, , , label]) => [id, label === 'yes' ? 1 : 0]),
    );
    const scores = records('scores.csv');
    expect(scores.length).toBe(2_100);
    const labels = Uint8Array.from(scores, ([id]) => bad.get(id!)!);
    const probabilities = Float64Array.from(scores, ([, probability]) => Number(probability));
    expect(auc(labels, probabilities)).toBeGreaterThan(0.75);
  });

  test('only the party that receives the scores can ask for them', async () => {
    const asked = await sotto([
      ...['predict', '--model', model, '--dataset', 'rows', '--peer-dataset', 'rows'],
      ...at('company'),
    ]);
    expect(asked.code).toBe(EXIT_CODES['invalid-argument']);
    expect(asked.stderr).toMatch(/go to the other party/);
  });

  test('a deleted model is gone', async () => {
    expect((await sotto(['models', 'delete', model, ...at('bank')])).code).toBe(0);
    const shown = await sotto(['models', 'show', model, ...at('bank')]);
    expect(shown.code).toBe(EXIT_CODES['not-found']);
  });
});

describe('what goes wrong', () => {
  test('a column that is not offered is refused with the field named', async () => {
    const passive = { party: 'company', dataset: 'rows', columns: [{ name: 'salary' }] };
    writeFileSync(inBank('greedy.yaml'), trainJob({ passive }));
    const job = await jobWhen(sites.bank, await submit(inBank('greedy.yaml')), isOver);
    expect(job.error?.code).toBe('parameters-rejected');
    expect(JSON.stringify(job.error)).toContain('spec.passive.columns[0].name');
  });

  test('a cancelled job ends at both parties', async () => {
    const id = await submit(inBank('again.yaml'));
    await jobWhen(sites.bank, id, (job) => job.state === JobState.AWAITING_APPROVAL);
    expect((await sotto(['job', 'cancel', id, ...at('bank')])).code).toBe(0);
    for (const party of ['bank', 'company'] as const) {
      expect((await jobWhen(sites[party], id, isOver)).error?.code).toBe('cancelled');
    }
  });

  test('when the peer is killed in the middle, the job ends with the right name and the worker goes on', async () => {
    const id = await submit(inBank('again.yaml'));
    await jobWhen(sites.bank, id, (job) => job.state === JobState.AWAITING_APPROVAL);
    expect((await sotto(['job', 'approve', id, ...at('company')])).code).toBe(0);
    await jobWhen(sites.bank, id, (job) => (job.progress?.bytesReceived ?? 0n) > 0n);
    company.process.kill('SIGKILL');
    const over: Job = await jobWhen(sites.bank, id, isOver);
    expect(over.error?.code).toBe('peer-unavailable');
    const health = await sotto(['health', ...at('bank')]);
    expect(health.stdout.trim()).toBe('SERVING');
  });

  beforeAll(() =>
    writeFileSync(inBank('again.yaml'), trainJob({ train: { passes: 5, harmonics: 2 } })),
  );
});
