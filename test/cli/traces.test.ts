/** Spans: a real job told step by step to a collector, without a customer; and no collector that matters. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { withOperator } from '../../src/cli/connection.ts';
import { freePorts } from '../../src/cli/demo/processes.ts';
import { loadJobFile } from '../../src/cli/job-file.ts';
import { openTraces } from '../../src/cli/traces.ts';
import { JobState } from '../../src/gen/sotto/job/v1/job_pb.ts';
import { type CollectedSpan, openCollector } from '../support/collector.ts';
import { isOver, jobWhen, type Site, type Sites, setUpSites } from '../support/two-workers.ts';

function traceTo(site: Site, endpoint: string): void {
  const config = parse(readFileSync(site.config, 'utf8')) as object;
  writeFileSync(site.config, stringify({ ...config, traces: { endpoint } }));
}

async function align(sites: Sites): Promise<string> {
  const file = join(sites.folder, 'align.yaml');
  const side = (party: string) => ({ party, dataset: 'rows' });
  writeFileSync(
    file,
    stringify({ purpose: 'test', active: side('bank'), passive: side('company'), align: {} }),
  );
  const { id } = await withOperator({ config: sites.bank.config }, (operator) =>
    operator.submit(loadJobFile(file), ''),
  );
  const { state } = await jobWhen(sites.bank, id, isOver);
  expect(state).toBe(JobState.SUCCEEDED);
  return id;
}

const byKind = (spans: readonly CollectedSpan[], kind: string): CollectedSpan[] =>
  spans.filter((span) => span.kind === kind);

test('a real job is told as job, steps and tasks, one within the other, and no customer', async () => {
  await using collector = await openCollector();
  await using sites = await setUpSites({ rows: 60, autoApprove: true });
  traceTo(sites.bank, collector.endpoint);
  const bank = await sites.start('bank');
  await sites.start('company');
  const id = await align(sites);
  await bank[Symbol.asyncDispose]();
  expect(bank.process.exitCode).toBe(0);

  const { spans } = collector;
  const [job, ...others] = byKind(spans, 'job');
  expect(others).toEqual([]);
  expect(job!.parent).toBeUndefined();
  expect(job!.attributes).toEqual({
    'sotto.job': id,
    'sotto.protocol': 'align',
    'sotto.role': 'active',
    'sotto.peer': 'company',
    'sotto.attempt': 1,
    'sotto.bytes.sent': expect.any(Number),
    'sotto.bytes.received': expect.any(Number),
  });
  const steps = byKind(spans, 'step');
  const phases = steps.map(({ attributes }) => attributes['sotto.phase']);
  expect(phases).toEqual(expect.arrayContaining(['resume', 'read ids', 'blind', 'finish']));
  expect(steps.every(({ parent }) => parent === job!.id)).toBe(true);
  const sent = steps.map(({ attributes }) => attributes['sotto.bytes.sent'] as number);
  expect(sent.reduce((sum, each) => sum + each, 0)).toBe(job!.attributes['sotto.bytes.sent']);

  const tasks = byKind(spans, 'task');
  expect(tasks.length).toBeGreaterThan(0);
  expect(tasks.every(({ attributes }) => (attributes['sotto.tasks'] as number) > 0)).toBe(true);
  expect(tasks.every(({ attributes }) => attributes['sotto.tasks.failed'] === 0)).toBe(true);
  for (const span of [...steps, ...tasks]) {
    const around = spans.find((each) => each.id === span.parent)!;
    expect(around.kind).toBe(span.kind === 'task' ? 'step' : 'job');
    expect(span.trace).toBe(job!.trace);
    expect(span.from >= around.from && span.to <= around.to).toBe(true);
  }
  const customers = readFileSync(join(sites.bank.folder, 'table.csv'), 'utf8');
  for (const row of customers.trim().split('\n').slice(1)) {
    const [customer, ...values] = row.split(',');
    for (const planted of [customer!, ...values.slice(0, 2)]) {
      expect(collector.text).not.toContain(`"${planted}"`);
    }
  }
  expect(collector.text).not.toMatch(/\bC\d+\b|income|debt|table\.csv|sotto-two-|hostname|argv/);
}, 120_000);

test('collectors that hang or are not there cost neither a job nor an orderly end', async () => {
  await using collector = await openCollector('hangs');
  await using sites = await setUpSites({ rows: 60, autoApprove: true });
  const [nobody] = await freePorts(1);
  traceTo(sites.bank, collector.endpoint);
  traceTo(sites.company, `http://127.0.0.1:${nobody}/v1/traces`);
  const workers = [await sites.start('bank'), await sites.start('company')];
  await align(sites);
  await Promise.all(workers.map((worker) => worker[Symbol.asyncDispose]()));
  expect(workers.map((worker) => worker.process.exitCode)).toEqual([0, 0]);
  expect(collector.requests).toBeGreaterThan(0);
}, 120_000);

test('a span has the facts it may have and no others, and no long text', async () => {
  await using collector = await openCollector();
  await using traces = openTraces(collector.endpoint, 'bank', { dropped: () => {}, log: () => {} });
  const planted = { peer: 'p'.repeat(1_000), id: 'C4711', label: 'default' };
  const began = Date.now(); // the library takes a number below the age of the process for an age
  traces.begin('job', planted, began).end({ code: 'protocol-violation' }, began + 1_500);
  await traces[Symbol.asyncDispose]();
  const [span] = collector.spans;
  expect(span!.attributes).toEqual({
    'sotto.peer': 'p'.repeat(200),
    'error.type': 'protocol-violation',
  });
  expect(span!.to - span!.from).toBe(1_500_000_000n);
  expect(collector.text).not.toMatch(/C4711|default/);
});

test('spans that no collector got are counted to the last one, and said once', async () => {
  const [nobody] = await freePorts(1);
  let lost = 0;
  const events: string[] = [];
  const traces = openTraces(`http://127.0.0.1:${nobody}/v1/traces`, 'bank', {
    dropped: (count) => {
      lost += count;
    },
    log: ({ event }) => void events.push(event),
  });
  const spans = 2_500; // more than wait for a collector
  for (let at = 0; at < spans; at++) traces.begin('job', {}, at).end({}, at + 1);
  expect(lost).toBe(spans - 2_048);
  await traces[Symbol.asyncDispose]();
  expect(lost).toBe(spans);
  expect(events).toEqual(['spans-dropped']);
});

test('spans that arrive are not counted as lost', async () => {
  await using collector = await openCollector();
  let lost = 0;
  const traces = openTraces(collector.endpoint, 'bank', {
    dropped: (count) => {
      lost += count;
    },
    log: () => {},
  });
  for (let at = 0; at < 600; at++) traces.begin('job', {}, at).end({}, at + 1);
  await traces[Symbol.asyncDispose]();
  expect([collector.spans.length, lost]).toEqual([600, 0]);
});
