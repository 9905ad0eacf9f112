/**
 * `npm run -s test:foreign -- --json`: a client that shares no code with ours (`buf curl`, in Go) finds
 * the services of a real worker process by reflection and calls every method over mutual TLS, with
 * each role and without any. Exits 1 unless every answer is the one that is due.
 */
import { randomUUID } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { stringify } from 'yaml';
import { freePorts, startWorker } from '../../src/cli/demo/processes.ts';
import { type KeyFolder, keyFolder } from '../support/certificates.ts';
import { BufCurl } from './buf-curl.ts';

interface Call {
  readonly method: string;
  readonly code: string;
  readonly as: string;
}

const OPERATORS = { vera: 'viewer', sam: 'submitter', ann: 'approver' } as const;
const JOBS = 'sotto.job.v1.JobService';
const MODELS = 'sotto.job.v1.ModelService';
const HEALTH = 'grpc.health.v1.Health';

/** A worker of "bank" on disk, whose peer "data" is never there; returns its configuration file. */
async function setUp(keys: KeyFolder, port: number): Promise<string> {
  await Promise.all([keys.party('bank'), keys.party('data'), keys.operator('stranger')]);
  for (const name of Object.keys(OPERATORS)) await keys.operator(name);
  const rows = Array.from(
    { length: 50 },
    (_, i) => `id${i},${i % 7},${i % 2 === 0 ? 'yes' : 'no'}`,
  );
  await writeFile(join(keys.folder, 'customers.csv'), ['id,age,bad', ...rows, ''].join('\n'));
  const config = {
    party: 'bank',
    keys: '.',
    peers: [{ name: 'data', publicKey: 'data.public.pem', address: '127.0.0.1:9' }],
    operators: {
      listen: `127.0.0.1:${port}`,
      reflection: true,
      certificates: Object.entries(OPERATORS).map(([name, role]) => ({
        file: `${name}.public.pem`,
        role,
      })),
    },
    datasets: {
      customers: {
        path: 'customers.csv',
        idColumn: 'id',
        idNormalization: ['trim'],
        offeredTo: [{ peer: 'data', purposes: ['credit-risk'], columns: ['age', 'bad'] }],
      },
    },
  };
  const file = join(keys.folder, 'bank.yaml');
  await writeFile(file, stringify(config));
  await mkdir(join(keys.folder, 'logs'));
  return file;
}

const SPEC = {
  purpose: 'credit-risk',
  active: { party: 'bank', dataset: 'customers' },
  passive: { party: 'data', dataset: 'accounts' },
  align: {},
};

/** Every method as `buf curl` calls it: who asks, what, and the codes that are due. */
async function* conversation(
  curl: BufCurl,
): AsyncGenerator<Call & { readonly due: readonly string[] }> {
  let job = '';
  const ask = async (as: string, method: string, request: object, ...due: readonly string[]) => {
    const { code, response } = await curl.call(as, method, request);
    const asked = response as { readonly job?: { readonly id?: string } } | undefined;
    if (method.endsWith('/SubmitJob') && asked?.job?.id !== undefined) job = asked.job.id;
    return { method, code, as, due };
  };
  const requestId = randomUUID();
  yield ask('vera', `${HEALTH}/Check`, {}, 'ok');
  yield ask('vera', `${HEALTH}/List`, {}, 'ok');
  yield ask('vera', `${HEALTH}/Check`, { service: 'none' }, 'not_found');
  yield ask('sam', `${JOBS}/PlanJob`, { spec: SPEC }, 'ok');
  yield ask('sam', `${JOBS}/PlanJob`, {}, 'invalid_argument');
  yield ask('sam', `${JOBS}/SubmitJob`, { spec: SPEC, requestId }, 'ok');
  yield ask('sam', `${JOBS}/SubmitJob`, { spec: SPEC, requestId }, 'ok');
  yield ask('vera', `${JOBS}/GetJob`, { id: job }, 'ok');
  yield ask('vera', `${JOBS}/GetJob`, { id: 'none' }, 'not_found');
  yield ask('vera', `${JOBS}/ListJobs`, { pageSize: 1 }, 'ok');
  // Nothing of this job waits for approval: it was submitted here.
  yield ask('ann', `${JOBS}/ApproveJob`, { id: job }, 'invalid_argument');
  yield ask('vera', `${JOBS}/ReadArtifact`, { jobId: job, name: 'report.html' }, 'not_found');
  yield ask(
    'vera',
    `${JOBS}/ReadArtifact`,
    { jobId: job, name: '../bank.key.pem' },
    'invalid_argument',
  );
  yield ask('sam', `${JOBS}/CancelJob`, { id: job }, 'ok');
  yield ask('vera', `${JOBS}/WatchJob`, { id: job }, 'ok');
  yield ask('vera', `${MODELS}/ListModels`, {}, 'ok');
  yield ask('sam', `${MODELS}/GetModel`, { id: 'none' }, 'not_found');
  yield ask('ann', `${MODELS}/DeleteModel`, { id: 'none' }, 'not_found');

  // What a role does not allow.
  for (const method of ['PlanJob', 'SubmitJob', 'CancelJob', 'ApproveJob']) {
    yield ask('vera', `${JOBS}/${method}`, {}, 'permission_denied');
  }
  yield ask('sam', `${JOBS}/ApproveJob`, { id: job }, 'permission_denied');
  yield ask('vera', `${MODELS}/GetModel`, { id: 'none' }, 'permission_denied');
  yield ask('sam', `${MODELS}/DeleteModel`, { id: 'none' }, 'permission_denied');

  // Who has no certificate that the worker knows does not get past TLS; how a client names a
  // connection that was closed on it depends on how far it had come.
  for (const as of ['nobody', 'stranger', 'data', 'bank']) {
    yield ask(as, `${JOBS}/ListJobs`, {}, 'unavailable', 'cancelled');
  }
}

const { values: flags } = parseArgs({ options: { json: { type: 'boolean', default: false } } });
await using keys = await keyFolder();
const [port] = await freePorts(1);
const config = await setUp(keys, port!);
await using _worker = await startWorker({
  name: 'bank',
  config,
  logFile: join(keys.folder, 'logs', 'bank.log'),
  threads: 1,
});
const curl = new BufCurl({ keys, party: 'bank', address: `127.0.0.1:${port}` });
const services = await curl.services('vera');
const calls: Call[] = [];
const wrong: string[] = [JOBS, MODELS, HEALTH]
  .filter((service) => !services.includes(service))
  .map((service) => `reflection does not list ${service}`);
for await (const { due, ...call } of conversation(curl)) {
  calls.push(call);
  if (!due.includes(call.code))
    wrong.push(`${call.method} as ${call.as}: ${call.code}, not ${due.join(' or ')}`);
  if (!flags.json) console.log(`${call.code.padEnd(20)} ${call.as.padEnd(10)} ${call.method}`);
}
const methods = await curl.methods('vera');
const called = new Set(calls.map((call) => call.method));
wrong.push(
  ...methods
    .filter((method) => !called.has(method) && !method.endsWith('/Watch'))
    .map((method) => `${method} was not called`),
);
if (flags.json) console.log(JSON.stringify({ tool: curl.tool, services, calls }));
for (const line of wrong) console.error(line);
if (wrong.length > 0) process.exitCode = 1;
