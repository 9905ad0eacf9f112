/** Metrics: what was logged and asked is counted, and nothing of a job or a row is in a label. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { create } from '@bufbuild/protobuf';
import { expect, onTestFinished, test } from 'vitest';
import { parse, stringify } from 'yaml';
import type { Transport } from '../../src/channel/transport.ts';
import { withOperator } from '../../src/cli/connection.ts';
import { freePorts } from '../../src/cli/demo/processes.ts';
import { loadJobFile } from '../../src/cli/job-file.ts';
import { Metrics, serveMetrics } from '../../src/cli/metrics.ts';
import { QueryRequestSchema } from '../../src/gen/sotto/tag/v1/tag_pb.ts';
import { memoryPair } from '../support/memory-pair.ts';
import { members } from '../support/tag-parts.ts';
import { TagWorld } from '../support/tag-world.ts';
import { isOver, jobWhen, setUpSites } from '../support/two-workers.ts';

const pool = { load: { waiting: 3, running: 2 }, replaced: 1 };
const job = 'f00dfacecafe';
const changed = {
  event: 'job-changed',
  job,
  peer: 'telco',
  bytesSent: 5,
  bytesReceived: 7,
} as const;

test('a job is counted by its states and steps', async () => {
  let time = 0;
  using metrics = new Metrics(pool, () => time);
  const log = metrics.counted(() => undefined);
  log({ ...changed, state: 'RUNNING' });
  expect(await metrics.text()).toContain('sotto_jobs{state="RUNNING"} 1');
  log({ event: 'job-phase', job, phase: 'align', bytesSent: 0, bytesReceived: 0 });
  time = 2_000;
  log({ event: 'job-phase', job, phase: 'train', bytesSent: 0, bytesReceived: 0 });
  time = 9_000;
  log({ ...changed, state: 'FAILED', code: 'peer-unavailable' });
  const text = await metrics.text();
  for (const line of [
    'sotto_job_step_seconds_sum{phase="align"} 2',
    'sotto_job_step_seconds_sum{phase="train"} 7',
    'sotto_job_changes_total{state="FAILED"} 1',
    'sotto_errors_total{where="job",code="peer-unavailable"} 1',
    'sotto_pool_tasks{state="waiting"} 3',
    'sotto_pool_threads_replaced 1',
  ]) {
    expect(text).toContain(line);
  }
  expect(text).not.toContain('sotto_jobs{');
  expect(text).not.toContain(job);
});

test('an event of any kind passes on to the log', () => {
  using metrics = new Metrics(pool, () => 0);
  const heard: unknown[] = [];
  const event = { event: 'worker-stopped', party: 'bank' } as const;
  metrics.counted((each) => heard.push(each))(event);
  expect(heard).toEqual([event]);
});

test('without TLS they are served on loopback only', async () => {
  using metrics = new Metrics(pool, () => 0);
  await expect(serveMetrics(metrics, { listen: '0.0.0.0:0' })).rejects.toMatchObject({
    code: 'invalid-argument',
    facts: { field: 'metrics.listen' },
  });
  const served = await serveMetrics(metrics, { listen: '127.0.0.1:0' });
  onTestFinished(() => served[Symbol.asyncDispose]());
  const answer = await fetch(`http://${served.address}/metrics`);
  expect(answer.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
  expect(await answer.text()).toMatch(/^process_resident_memory_bytes \d{7,}/m);
  expect((await fetch(`http://${served.address}/`)).status).toBe(404);
});

test('bytes are counted frame by frame, in conversations that either side opened', async () => {
  using metrics = new Metrics(pool, () => 0);
  const [own, theirs] = memoryPair();
  let heard: Transport | undefined;
  const peers = metrics.countedPeers({
    open: async () => own,
    serve: (handler) => void handler('telco', theirs),
  });
  peers.serve(async (_, transport) => {
    heard = transport;
  });
  const opened = await peers.open('shop', new AbortController().signal);
  await Promise.all([opened.write(new Uint8Array(30)), heard!.read()]);
  const text = await metrics.text();
  expect(text).toContain('sotto_peer_bytes_total{peer="shop",direction="sent"} 30');
  expect(text).toContain('sotto_peer_bytes_total{peer="telco",direction="received"} 30');
});

test('queries are counted by their outcome and quotas shown, without hit or miss', async () => {
  using world = new TagWorld();
  using metrics = new Metrics(pool, () => 0);
  world.quota = { perSecond: 0, perDay: 5, perEpoch: 0 };
  world.write(members(20));
  const server = world.server();
  const service = metrics.countedTags(server, () => server.quotas());
  expect(await metrics.text()).not.toContain('sotto_tag_quota_used{');
  const { versionId } = await world.seal('v1');
  const query = (items: number, key: number) =>
    create(QueryRequestSchema, {
      datasetId: 'members',
      versionId,
      idempotencyKey: new Uint8Array(16).fill(key),
      purpose: 'marketing',
      blinded: new Uint8Array(32 * items),
      fetch: { case: 'mirror', value: {} },
    });
  // Of the right length and no points: debited all the same.
  await expect(service.query('bank', query(3, 1))).rejects.toThrow();
  await expect(service.query('bank', query(4, 2))).rejects.toThrow(/quota/);
  await expect(service.query('shop', query(1, 3))).rejects.toThrow(/no such table/);
  const text = await metrics.text();
  const all = 'table="members",peer="bank",purpose="",span="day"';
  const own = 'table="members",peer="bank",purpose="marketing",span="day"';
  for (const line of [
    `sotto_tag_quota_used{${all}} 3`,
    `sotto_tag_quota_left{${all}} 2`,
    `sotto_tag_quota_used{${own}} 3`,
    'sotto_tag_query_seconds_count{table="refused",outcome="budget-exhausted"} 1',
    'sotto_tag_query_seconds_count{table="refused",outcome="not-found"} 1',
  ]) {
    expect(text).toContain(line);
  }
  expect(text).not.toContain(`sotto_tag_quota_left{${own}}`);
  expect(text).not.toMatch(/hit|miss/);
});

test('a real worker tells of a real job, and of no customer', async () => {
  await using sites = await setUpSites({ rows: 60, autoApprove: true });
  const [port] = await freePorts(1);
  const config = parse(readFileSync(sites.bank.config, 'utf8')) as object;
  const metrics = { listen: `127.0.0.1:${port}` };
  writeFileSync(sites.bank.config, stringify({ ...config, metrics }));
  await sites.start('bank');
  await sites.start('company');
  const file = join(sites.folder, 'align.yaml');
  const side = (party: string) => ({ party, dataset: 'rows' });
  writeFileSync(
    file,
    stringify({ purpose: 'test', active: side('bank'), passive: side('company'), align: {} }),
  );
  const { id } = await withOperator({ config: sites.bank.config }, (operator) =>
    operator.submit(loadJobFile(file), ''),
  );
  await jobWhen(sites.bank, id, isOver);
  const text = await (await fetch(`http://${metrics.listen}/metrics`)).text();
  expect(text).toContain('sotto_job_changes_total{state="SUCCEEDED"} 1');
  expect(text).toMatch(/sotto_peer_bytes_total\{peer="company",direction="sent"\} [1-9]/);
  expect(text).not.toMatch(/C\d+/);
  expect(text).not.toContain(id);
}, 120_000);
