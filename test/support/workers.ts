/** Two workers in one process: real agreements, files, state and protocols, with a network in memory. */
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SottoError } from '../../src/base/errors.ts';
import type { LogEvent } from '../../src/base/events.ts';
import { freshKey, Vault } from '../../src/base/sealed.ts';
import type { Transport } from '../../src/channel/transport.ts';
import type { Compute } from '../../src/compute/compute.ts';
import { inlineCompute } from '../../src/compute/inline.ts';
import { type Job, JobState } from '../../src/gen/sotto/job/v1/job_pb.ts';
import {
  DEFAULT_LIMITS,
  type Limits,
  openWorker,
  type Peers,
  systemClock,
  systemDisk,
  systemRandom,
  type Worker,
  type WorkerOptions,
} from '../../src/jobs/index.ts';
import { keyOf } from './jobs.ts';
import { memoryPair } from './memory-pair.ts';

export type Name = 'bank' | 'telco';
const NAMES: readonly Name[] = ['bank', 'telco'];
/** A test may start a worker again on the same folder. */
const VAULTS = { bank: new Vault(freshKey()), telco: new Vault(freshKey()) };
type Handler = (peer: string, transport: Transport) => Promise<void>;

/** Opens conversations between whoever serves; can be cut, slowed to nothing, and made up. */
export class Network {
  readonly handlers = new Map<string, Handler>();
  readonly open = new Set<Transport>();
  down = false;
  /** Wraps the opener's end of each new conversation. */
  wrap: (transport: Transport) => Transport = (transport) => transport;

  peersOf(name: string): Peers {
    return {
      open: async (peer, signal) => {
        const handler = this.handlers.get(peer);
        if (this.down || handler === undefined || signal.aborted) {
          throw new SottoError('peer-unavailable', 'nobody answers', { peer });
        }
        return this.connect(name, handler);
      },
      serve: (handler) => void this.handlers.set(name, handler),
    };
  }

  connect(from: string, handler: Handler): Transport {
    const [near, far] = memoryPair();
    this.open.add(near);
    void handler(from, far);
    return this.wrap(near);
  }

  async cut(): Promise<void> {
    for (const transport of this.open) await transport.close();
    this.open.clear();
  }
}

export interface Settings {
  readonly limits?: Partial<Limits>;
  readonly compute?: Compute;
  readonly change?: (options: WorkerOptions) => WorkerOptions;
  readonly files?: Readonly<Record<string, string>>;
  /** A state folder of this party to begin with a copy of; nobody may be using it. */
  readonly state?: string;
}

/** Everything of one test, taken down in order. */
export class Pair implements AsyncDisposable {
  readonly network = new Network();
  readonly events: LogEvent[] = [];
  readonly folder = mkdtempSync(join(tmpdir(), 'sotto-jobs-'));
  readonly workers = new Map<Name, Worker>();
  readonly #settings: Partial<Record<Name, Settings>>;

  constructor(settings: Partial<Record<Name, Settings>>) {
    this.#settings = settings;
  }

  get bank(): Worker {
    return this.workers.get('bank')!;
  }

  get telco(): Worker {
    return this.workers.get('telco')!;
  }

  async start(name: Name): Promise<Worker> {
    const worker = await openWorker(this.optionsOf(name));
    this.workers.set(name, worker);
    return worker;
  }

  async stop(name: Name): Promise<void> {
    this.network.handlers.delete(name);
    await this.workers.get(name)?.[Symbol.asyncDispose]();
    this.workers.delete(name);
  }

  file(name: string, content: string): string {
    const path = join(this.folder, name);
    writeFileSync(path, content);
    return path;
  }

  optionsOf(name: Name): WorkerOptions {
    const peer = name === 'bank' ? 'telco' : 'bank';
    const {
      limits,
      compute,
      change = (options: WorkerOptions) => options,
    } = this.#settings[name] ?? {};
    const dataset = name === 'bank' ? 'loans' : 'calls';
    const config = (file: string) => ({
      path: join(this.folder, file),
      idColumn: 'id',
      idNormalization: ['trim', 'nfc'],
    });
    return change({
      party: name,
      stateDir: join(this.folder, name),
      keys: { own: keyOf[name].privateKey, peers: { [peer]: keyOf[peer].publicKey } },
      disk: systemDisk,
      peers: this.network.peersOf(name),
      compute: compute ?? inlineCompute(),
      vault: VAULTS[name],
      random: systemRandom,
      clock: systemClock,
      datasets: { [dataset]: config(`${dataset}.csv`), other: config('other.csv') },
      offers: [
        { peer, dataset, columns: 'all', purposes: ['credit-risk'] },
        { peer, dataset: 'other', columns: 'all', purposes: ['*'] },
      ],
      rules: [{ peer, protocol: '*', dataset: '*', purpose: '*' }],
      limits: {
        ...DEFAULT_LIMITS,
        retryFirstMs: 10,
        retryMostMs: 20,
        unavailableAfterMs: 2_000,
        ...limits,
      },
      log: (event) => void this.events.push(event),
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(NAMES.map((name) => this.stop(name)));
    rmSync(this.folder, { recursive: true });
  }
}

/** Ids a1.. at the bank and from a<skip + 1> at the telco. */
export const idTable = (from: number, to: number): string =>
  ['id', ...Array.from({ length: to - from }, (_, row) => `a${from + row}`)].join('\n');

export async function openPair(settings: Partial<Record<Name, Settings>> = {}): Promise<Pair> {
  const pair = new Pair(settings);
  pair.file('loans.csv', idTable(0, 12));
  pair.file('calls.csv', idTable(8, 24));
  pair.file('other.csv', idTable(100, 103));
  for (const name of NAMES) {
    const { state } = settings[name] ?? {};
    if (state !== undefined) cpSync(state, join(pair.folder, name), { recursive: true });
    for (const [file, content] of Object.entries(settings[name]?.files ?? {})) {
      pair.file(file, content);
    }
    await pair.start(name);
  }
  return pair;
}

const ENDS: readonly JobState[] = [JobState.SUCCEEDED, JobState.FAILED, JobState.CANCELLED];

/** The job as soon as it is in one of these states; by default when it has ended. */
export async function reaches(
  worker: Worker,
  id: string,
  states: readonly JobState[] = ENDS,
): Promise<Job> {
  for await (const job of worker.watch(id, AbortSignal.timeout(50_000))) {
    if (states.includes(job.state)) return job;
    if (ENDS.includes(job.state)) throw new Error(`ended: ${JSON.stringify(job.error)}`);
  }
  throw new Error('did not get there');
}

/** The newest job of a worker, as soon as there is one. */
export async function arrives(worker: Worker): Promise<Job> {
  const { promise, resolve } = Promise.withResolvers<Job>();
  const look = async (): Promise<void> => {
    const { jobs } = await worker.list(1, '');
    if (jobs[0] !== undefined) resolve(jobs[0]);
    else setImmediate(() => void look());
  };
  await look();
  return promise;
}

export const errorOf = (job: Job) => ({
  state: job.state,
  code: job.error?.code,
  field: job.error?.facts?.field,
});
