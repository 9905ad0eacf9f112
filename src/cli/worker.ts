/** The composition root: where a worker's coins, clock, threads, network and log are made and joined. */
import { readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import type { Log } from '../base/events.ts';
import { openPool } from '../compute/pool.ts';
import {
  DEFAULT_LIMITS,
  jobsShareOf,
  type Limits,
  openWorker,
  systemClock,
  systemDisk,
  systemRandom,
  type Worker,
  type WorkerOptions,
} from '../jobs/index.ts';
import { openPeers, readOperator, serveOperators } from '../rpc/index.ts';
import { type Config, tablesOf } from './config.ts';
import { type Keyring, readKeyring, watchKeys } from './key-watch.ts';
import { openLog } from './log.ts';
import { Metrics, serveMetrics } from './metrics.ts';
import { peerOf } from './peer-files.ts';
import { countStrangers } from './strangers.ts';
import { openTagServices } from './tags.ts';
import type { Traces } from './traces.ts';
import { openVault } from './vault.ts';

/** What has not stopped by then is cut off, a little before whoever asked loses patience (15 s). */
const STOP_MS = 14_000;

/** Runs a worker until SIGTERM, SIGINT, or the end of the process that started it. */
export async function runWorker(config: Config): Promise<void> {
  const { log, flush } = openLog(config.log.level);
  const stopped = untilStopped();
  try {
    // From the signal on, also while services still open: a key service or a large log may take its time.
    void stopped.then(() => {
      const late = setTimeout(() => {
        log({ event: 'failed-internally', where: 'shutdown' });
        flush();
        process.exit(1);
      }, STOP_MS);
      late.unref();
    });
    const services = await openServices(config, log);
    // A supervisor that gave us a channel is told that calls are answered from now on.
    process.send?.('ready');
    await stopped;
    await close(services);
  } finally {
    flush();
    if (process.connected) process.disconnect();
  }
}

function untilStopped(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => resolve());
    // A channel to a process that is gone: nobody is left to stop us.
    if (process.connected) process.once('disconnect', () => resolve());
  });
}

/** What runs, each made of those before it. */
interface Services {
  pool?: AsyncDisposable;
  peers?: AsyncDisposable;
  worker?: Worker;
  strangers?: Disposable;
  watch?: Disposable;
  metrics?: AsyncDisposable;
  traces?: Traces;
  operators?: AsyncDisposable;
  tags?: AsyncDisposable;
}

/** Opens everything; if one part fails to open, those before it are closed. */
async function openServices(config: Config, plainLog: Log): Promise<Services> {
  const services: Services = {};
  const strangers = countStrangers(plainLog, (count) => {
    services.worker?.audit.note({ event: 'strangers-refused', count });
  });
  services.strangers = strangers;
  try {
    const vault = await openVault(config);
    const ring = await readKeyring(config, vault);
    const { keys } = ring;
    const renewals: ((ring: Keyring) => void)[] = [];
    const publics = await Promise.all(config.peers.map(peerOf));
    const operators = await Promise.all(config.operators.certificates.map(operatorOf));
    const compute = openPool({
      threads: config.limits.threads ?? availableParallelism(),
      engine: config.he.engine,
    });
    services.pool = compute;
    const metrics = new Metrics(compute, () => Date.now());
    const log = metrics.counted(strangers.log);
    const peers = await openPeers({
      keys,
      ...(config.listen === undefined ? {} : { listen: config.listen }),
      peers: config.peers.map(({ name, address }, index) => ({
        name,
        public: publics[index]!,
        ...(address === undefined ? {} : { address }),
      })),
      limits: { connectMs: 1000 * config.limits.connectSeconds },
      log,
    });
    services.peers = peers;
    renewals.push((renewed) => peers.renew(renewed.keys, renewed.peers));
    if (config.traces !== undefined) {
      // Loaded by those alone who want it: the library takes its time to load.
      const { openTraces } = await import('./traces.ts');
      services.traces = openTraces(config.traces.endpoint, config.party, {
        dropped: (count) => metrics.droppedSpans(count),
        log,
      });
    }
    const worker = await openWorker({
      ...dataOf(config),
      party: config.party,
      stateDir: config.state,
      keys: {
        own: keys.signingKey,
        peers: Object.fromEntries(publics.map((peer) => [peer.name, peer.signingKey])),
      },
      vault,
      disk: systemDisk,
      peers: metrics.countedPeers(peers),
      compute,
      random: systemRandom,
      clock: systemClock,
      limits: limitsOf(config),
      log,
      tracer: services.traces,
    });
    services.worker = worker;
    const { listen, reflection } = config.operators;
    services.operators = await serveOperators({
      listen,
      operator: worker,
      keys,
      operators,
      reflection,
      log,
    });
    if (config.tags !== undefined) {
      services.tags = await openTagServices(config, {
        keys,
        publics,
        operators,
        compute,
        vault,
        log,
        note: (debited) => worker.audit.note({ event: 'tags-debited', ...debited }),
        counted: (service, quotas) => metrics.countedTags(service, quotas),
        renewable: (renew) => renewals.push(renew),
      });
    }
    if (config.metrics !== undefined) {
      const callers = operators.map((operator) => operator.public);
      const tls = config.metrics.tls === 'none' ? undefined : { keys, callers };
      services.metrics = await serveMetrics(metrics, { listen: config.metrics.listen, tls });
    }
    const take = (renewed: Keyring): void => {
      for (const renew of renewals) renew(renewed);
    };
    if (ring.peers.length < publics.length) take(ring);
    services.watch = watchKeys(config, vault, ring, take, log);
    return services;
  } catch (error) {
    await close(services);
    throw error;
  }
}

/** No new calls, and the jobs let go of what they hold; then what they held it by. */
async function close({
  strangers,
  watch,
  operators,
  worker,
  tags,
  metrics,
  traces,
  peers,
  pool,
}: Services): Promise<void> {
  watch?.[Symbol.dispose]();
  strangers?.[Symbol.dispose]();
  await tags?.[Symbol.asyncDispose](); // notes its last debits in the worker's audit log
  // Together: calls that watch a job end when the worker does.
  await Promise.all(
    [operators, worker, metrics].map((service) => service?.[Symbol.asyncDispose]()),
  );
  // The last spans are of the jobs that have just been let go.
  await Promise.all([traces, peers].map((service) => service?.[Symbol.asyncDispose]()));
  await pool?.[Symbol.asyncDispose]();
}

function limitsOf({ limits }: Config): Limits {
  const { maxJobMemoryMiB = 0, maxMemoryMiB } = limits;
  const ofOne = maxJobMemoryMiB * 2 ** 20;
  const ofAll =
    maxMemoryMiB === undefined
      ? Math.max(jobsShareOf(process.availableMemory()), ofOne)
      : maxMemoryMiB * 2 ** 19; // half for jobs submitted here
  return {
    ...DEFAULT_LIMITS,
    maxRows: limits.maxRows,
    maxJobs: limits.maxJobs,
    maxQueued: limits.maxQueued,
    maxJobBytes: ofOne === 0 ? ofAll : Math.min(ofOne, ofAll),
    maxJobsBytes: ofAll,
    keptBytes: 2 ** 20 * limits.transformsMiB,
    unavailableAfterMs: 1000 * limits.unavailableAfterSeconds,
    messageTimeoutMs: 1000 * limits.messageTimeoutSeconds,
  };
}

function dataOf(config: Config): Pick<WorkerOptions, 'datasets' | 'offers' | 'rules'> {
  return {
    datasets: tablesOf(config),
    offers: Object.entries(config.datasets).flatMap(([dataset, { offeredTo }]) =>
      offeredTo.map((offer) => ({ dataset, ...offer })),
    ),
    rules: config.autoApprove,
  };
}

async function operatorOf(entry: Config['operators']['certificates'][number]) {
  return { public: readOperator(await readFile(entry.file, 'utf8')), role: entry.role };
}
