/**
 * A worker in a process of its own, over mutual TLS, with a fault at a point: `node worker.ts <folder> <party>
 * <port>`. Says "loaded"; then does what it is asked over IPC. At the point it says "reached" and, if it is to die
 * there, has killed itself by SIGKILL.
 */
import { readFile } from 'node:fs/promises';
import { flushCompileCache } from 'node:module';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fromJson, type JsonValue } from '@bufbuild/protobuf';
import type { Random } from '../../src/base/random.ts';
import { Secret } from '../../src/base/secret.ts';
import { inlineCompute } from '../../src/compute/inline.ts';
import { JobSpecSchema } from '../../src/gen/sotto/job/v1/agreement_pb.ts';
import { type Exposure, type Job, JobState } from '../../src/gen/sotto/job/v1/job_pb.ts';
import {
  DEFAULT_LIMITS,
  openWorker,
  systemClock,
  systemDisk,
  systemRandom,
  type Worker,
} from '../../src/jobs/index.ts';
import { publicFile, readPrivate, readPublic } from '../../src/rpc/keys.ts';
import { openPeers } from '../../src/rpc/peers.ts';
import { cleartextTasks } from '../support/cleartext.ts';
import { QUICK } from '../support/peer-pair.ts';
import { fixedRandom, seededRandom } from '../support/random.ts';
import { type Point, Watch } from './injected.ts';

export type Party = 'bank' | 'telco';

/** A measurement that was cut is measured with other noise, which is paid for each time. */
const PLENTY = { epsilon: 100, exact: 100, rows: 20_000_000 };

const UNITS = ['epsilon', 'exact', 'rows'] as const;

export interface OpenRequest {
  readonly verb: 'open';
  readonly stateDir: string;
  readonly encrypted: boolean;
  readonly point?: Point;
  /** At the point: kill itself, or only say so and wait for whoever hears it. */
  readonly dies?: boolean;
}

export type Request =
  | OpenRequest
  /** The agreement's coins follow from the seed: the job's id, and which rows are held out. */
  | { readonly verb: 'submit'; readonly spec: JsonValue; readonly seed: string }
  | { readonly verb: 'wait'; readonly id: string; readonly files: readonly string[] };

/** How a job ended at this party, and what it left. */
export interface Ended {
  readonly succeeded: boolean;
  readonly code: string;
  readonly attempt: number;
  readonly files: readonly string[];
  /** In the inventory, whatever job they are of. */
  readonly models: number;
  /** What the peer has learnt of this party's dataset: answers, and what each of the budgets was debited. */
  readonly spent: readonly number[];
  /** This party's half of the model of the job, as its file says it. */
  readonly half: string;
}

const [folder = '', own = '', port = ''] = process.argv.slice(2);
const party = own as Party;
const peer = party === 'bank' ? 'telco' : 'bank';
const dataset = party === 'bank' ? 'loans' : 'calls';
const address = `127.0.0.1:${port}`;
let worker: Worker | undefined;
let isSubmitting = false;

/** What is drawn for an agreement is the same in every run, so that the same rows are held out. */
const random: Random = {
  bytes: (length) => (isSubmitting ? agreed : systemRandom).bytes(length),
};
let agreed: Random = systemRandom;

async function network() {
  const keys = await readPrivate(join(folder, 'keys'), party);
  const other = readPublic(await readFile(publicFile(join(folder, 'keys'), peer), 'utf8'));
  const dialled = party === 'bank' ? {} : { address };
  const peers = await openPeers({
    keys,
    ...(party === 'bank' ? { listen: address } : {}),
    peers: [{ name: peer, public: other, ...dialled }],
    limits: QUICK,
  });
  return { keys, other, peers };
}

async function open({ stateDir, encrypted, point, dies }: OpenRequest): Promise<void> {
  await worker?.[Symbol.asyncDispose]();
  const { keys, other, peers } = await joined!;
  const watch = new Watch(point, async () => {
    if (dies === true) process.kill(process.pid, 'SIGKILL');
    process.send?.({ event: 'reached' });
  });
  const config = {
    path: join(folder, `${dataset}.csv`),
    idColumn: 'id',
    idNormalization: ['trim'],
  };
  worker = await openWorker({
    party,
    stateDir,
    keys: { own: keys.signingKey, peers: { [peer]: other.signingKey } },
    vault: watch.vault(new Secret(new Uint8Array(32).fill(party === 'bank' ? 1 : 2))),
    disk: watch.disk(systemDisk),
    peers: watch.peers(peers),
    compute: inlineCompute(encrypted ? undefined : cleartextTasks(fixedRandom(party))),
    random,
    clock: systemClock,
    datasets: { [dataset]: config },
    offers: [{ peer, dataset, columns: 'all', purposes: ['*'], budget: PLENTY }],
    rules: [{ peer, protocol: '*', dataset: '*', purpose: '*' }],
    limits: { ...DEFAULT_LIMITS, retryFirstMs: 20, retryMostMs: 200, unavailableAfterMs: 60_000 },
    log: () => {},
  });
}

async function submit(spec: JsonValue, seed: string): Promise<string> {
  agreed = seededRandom(seed);
  isSubmitting = true;
  try {
    return (await worker!.submit(fromJson(JobSpecSchema, spec), '', 'test')).id;
  } finally {
    isSubmitting = false;
  }
}

async function wait(id: string, files: readonly string[]): Promise<Ended> {
  const { artifacts, state, error, attempt } = await ended(id);
  const names = files.filter((name) => artifacts.includes(name));
  const texts = await Promise.all(names.map((name) => worker!.artifact(id, name, 'test')));
  const { models } = await worker!.models.list(0, '');
  const half = models.find((model) => model.jobId === id);
  const content = half === undefined ? '' : (await worker!.models.get(half.id, 'test')).content;
  const [{ releases, left }] = (await worker!.exposures()) as [Exposure];
  flushCompileCache();
  return {
    succeeded: state === JobState.SUCCEEDED,
    code: error?.code ?? '',
    attempt,
    files: texts.map((bytes) => Buffer.from(bytes).toString()),
    models: models.length,
    spent: [releases, ...UNITS.map((unit) => PLENTY[unit] - left![unit])],
    half: Buffer.from(content).toString(),
  };
}

const ENDS: readonly JobState[] = [JobState.SUCCEEDED, JobState.FAILED, JobState.CANCELLED];

async function ended(id: string): Promise<Job> {
  const { signal } = new AbortController();
  for (;;) {
    try {
      for await (const job of worker!.watch(id, signal)) if (ENDS.includes(job.state)) return job;
    } catch {
      // The proposal has not come yet.
    }
    await setTimeout(20);
  }
}

async function answer(request: Request): Promise<unknown> {
  if (request.verb === 'open') return await open(request);
  if (request.verb === 'submit') return await submit(request.spec, request.seed);
  return await wait(request.id, request.files);
}

/** Listening begins with the first request: a spare that is loaded must not hold the port. */
let joined: ReturnType<typeof network> | undefined;
process.on('message', ({ call, ...request }: Request & { readonly call: number }) => {
  joined ??= network();
  answer(request as Request).then(
    (value) => process.send?.({ call, value }),
    (thrown: unknown) => process.send?.({ call, error: String(thrown) }),
  );
});
process.once('disconnect', () => process.exit());
process.on('SIGTERM', () => {
  const stopped = worker?.[Symbol.asyncDispose]() ?? Promise.resolve();
  void stopped.then(async () => {
    await (await joined)?.peers[Symbol.asyncDispose]();
    process.exit();
  });
});
flushCompileCache(); // the next process is killed as soon as this one, and has none of its own to leave
process.send?.('loaded');
