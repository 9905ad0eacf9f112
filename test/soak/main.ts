/**
 * `npm run test:soak -- [--minutes 10] [--every 10] [--json]`: two real workers do one alignment after another
 * while something goes wrong every few seconds. No job may end wrong, and the worker that is never killed must not grow.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { parse, stringify } from 'yaml';
import { withOperator } from '../../src/cli/connection.ts';
import type { WorkerProcess } from '../../src/cli/demo/processes.ts';
import { type Job, JobState } from '../../src/gen/sotto/job/v1/job_pb.ts';
import { alignSpec } from '../support/jobs.ts';
import { TcpProxy } from '../support/proxy.ts';
import { isOver, jobWhen, type Sites, setUpSites } from '../support/two-workers.ts';

const { values: flags } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    every: { type: 'string', default: '10' },
    json: { type: 'boolean', default: false },
  },
});
const ROWS = 400;
const endsAt = performance.now() + 60_000 * Number(flags.minutes);
/** Heaps grow to their working size in the first third. */
const WARM_SHARE = 1 / 3;

const sites = await setUpSites({ rows: ROWS, autoApprove: true, unavailableAfterSeconds: 120 });
const proxy = await behindProxy(sites);
const bank = await sites.start('bank');
let company: WorkerProcess = await sites.start('company');
let restarts = 0;

/** The company reaches the bank through a proxy of ours. */
async function behindProxy({ company: { config } }: Sites): Promise<TcpProxy> {
  const settings = parse(readFileSync(config, 'utf8'));
  const opened = await TcpProxy.open({ target: settings.peers[0].address });
  settings.peers[0].address = opened.address;
  writeFileSync(config, stringify(settings));
  return opened;
}

const FAULTS: readonly (readonly [string, () => Promise<void>])[] = [
  ['reset', async () => proxy.reset()],
  [
    'company killed',
    async () => {
      company.process.kill('SIGKILL');
      restarts += 1;
      company = await sites.start('company', `-${restarts}`);
    },
  ],
  [
    'bank stopped for a second',
    async () => {
      bank.process.kill('SIGSTOP');
      await pause(1_000);
      bank.process.kill('SIGCONT');
    },
  ],
  [
    'noise on the port',
    async () => {
      const [host = '', port = ''] = proxy.address.split(':');
      const socket = connect({ host, port: Number(port) });
      socket.on('error', () => {});
      socket.end(Buffer.alloc(4_096, 0x16));
      await pause(200);
      socket.destroy();
    },
  ],
  [
    'company told to stop',
    async () => {
      company.process.kill('SIGTERM');
      await new Promise((resolve) => company.process.once('close', resolve));
      restarts += 1;
      company = await sites.start('company', `-${restarts}`);
    },
  ],
];

/** MiB of the bank's process. */
const residentMiB = (): number => {
  const status = readFileSync(`/proc/${bank.process.pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1]) / 1024;
};

const tally = { runs: 0, same: 0, sameAbort: 0, wrong: 0, hung: 0 };
const resident: { readonly atMs: number; readonly mib: number }[] = [];
let faults = 0;

async function oneJob(number: number): Promise<void> {
  const spec = alignSpec({
    purpose: 'test',
    active: { party: 'bank', dataset: 'rows' },
    passive: { party: 'company', dataset: 'rows' },
    // Another request each time: the same one would be answered from the books.
    validForSeconds: 3_600 + number,
  });
  const { id } = await withOperator({ config: sites.bank.config }, (operator) =>
    operator.submit(spec, ''),
  );
  tally.runs += 1;
  tally[verdict(await jobWhen(sites.bank, id, isOver).catch(() => undefined))] += 1;
  resident.push({ atMs: performance.now(), mib: residentMiB() });
}

/** One in sixteen customers is the bank's alone, and one the company's. */
const COMMON = ROWS - ROWS / 8;

function verdict(job: Job | undefined): 'same' | 'sameAbort' | 'wrong' | 'hung' {
  if (job === undefined) return 'hung';
  if (job.state !== JobState.SUCCEEDED) return 'sameAbort';
  return job.result?.rows === COMMON ? 'same' : 'wrong';
}

async function disturb(): Promise<void> {
  for (;;) {
    await pause(1_000 * Number(flags.every));
    if (performance.now() >= endsAt) return;
    await FAULTS[faults % FAULTS.length]![1]();
    faults += 1;
  }
}

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

const startedMs = performance.now();
const disturbed = disturb();
for (let number = 0; performance.now() < endsAt; number++) {
  await oneJob(number);
  if (number % 20 === 0) {
    const left = Math.max(0, Math.round((endsAt - performance.now()) / 1000));
    console.error(
      `${tally.runs} jobs, ${faults} faults, ${residentMiB().toFixed(1)} MiB, ${left} s left`,
    );
  }
}
await disturbed;

const warm = resident.filter(({ atMs }) => atMs > startedMs + WARM_SHARE * (endsAt - startedMs));
const half = Math.floor(warm.length / 2);
const mib = warm.map((sample) => sample.mib);
const growth = median(mib.slice(half)) - median(mib.slice(0, half));
const row = {
  fault: 'soak',
  protocol: 'align',
  ...tally,
  faults,
  minutes: Number(flags.minutes),
  growthMiB: Math.round(100 * growth) / 100,
};
if (flags.json) console.log(JSON.stringify(row));
else {
  console.log(
    `${tally.runs} jobs, ${faults} faults: ${tally.same} same, ${tally.sameAbort} same abort, ${tally.wrong} wrong, ${tally.hung} hung; resident memory changed by ${row.growthMiB} MiB after warm-up`,
  );
}
if (tally.wrong + tally.hung > 0 || !(faults > 0)) process.exitCode = 1;
await proxy[Symbol.asyncDispose]();
await sites[Symbol.asyncDispose]();
