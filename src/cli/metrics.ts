/**
 * What Prometheus may ask of a worker. Labels are names of parties, tables, protocol phases, states and error codes:
 * never an id of a job or customer, so that their number stays small and nothing of a row is in them.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { asSottoError } from '../base/errors.ts';
import type { Log, LogEvent } from '../base/events.ts';
import type { Transport } from '../channel/transport.ts';
import type { Pool } from '../compute/pool.ts';
import type { Peers } from '../jobs/index.ts';
import { type HttpTls, openHttp } from '../rpc/index.ts';
import type { TagQuota, TagService } from '../tags/index.ts';

const STEP_SECONDS = [0.1, 0.3, 1, 3, 10, 30, 100, 300, 1_000, 3_000];
const QUERY_SECONDS = [0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5];
const NANOSECONDS = 1e9;

interface Running {
  readonly phase: string;
  readonly sinceMs: number;
}

export class Metrics implements Disposable {
  readonly #registry = new Registry();
  readonly #delay = monitorEventLoopDelay({ resolution: 20 });
  readonly #phases = new Map<string, Running>();
  readonly #states = new Map<string, string>();
  readonly #now: () => number;
  readonly #changes = this.#counter('sotto_job_changes_total', 'Jobs that came into a state', [
    'state',
  ]);
  readonly #errors = this.#counter('sotto_errors_total', 'Failures by where and code', [
    'where',
    'code',
  ]);
  readonly #bytes = this.#counter('sotto_peer_bytes_total', 'Bytes of frames, as they go', [
    'peer',
    'direction',
  ]);
  readonly #items = this.#counter('sotto_tag_items_total', 'Ids that peers asked for', [
    'table',
    'peer',
  ]);
  readonly #spans = this.#counter('sotto_spans_dropped_total', 'Spans that no collector got', []);
  readonly #steps = this.#histogram(
    'sotto_job_step_seconds',
    'Steps of jobs',
    ['phase'],
    STEP_SECONDS,
  );
  readonly #queries = this.#histogram(
    'sotto_tag_query_seconds',
    'Tag queries of peers',
    ['table', 'outcome'],
    QUERY_SECONDS,
  );

  constructor(pool: Pick<Pool, 'load' | 'replaced'>, now: () => number) {
    this.#now = now;
    this.#delay.enable();
    this.#gauge('sotto_jobs', 'Jobs that have not ended, by state', ['state'], (gauge) => {
      gauge.reset();
      for (const state of this.#states.values()) gauge.inc({ state });
    });
    this.#gauge('sotto_pool_tasks', 'Tasks on threads and before them', ['state'], (gauge) => {
      gauge.set({ state: 'waiting' }, pool.load.waiting);
      gauge.set({ state: 'running' }, pool.load.running);
    });
    this.#gauge('sotto_pool_threads_replaced', 'Threads that were ended', [], (gauge) =>
      gauge.set(pool.replaced),
    );
    this.#gauge('process_resident_memory_bytes', 'Resident memory', [], (gauge) =>
      gauge.set(process.memoryUsage.rss()),
    );
    this.#gauge('sotto_event_loop_delay_seconds', 'Since the last look', ['quantile'], (gauge) => {
      for (const quantile of [50, 99]) {
        gauge.set(
          { quantile: String(quantile / 100) },
          this.#delay.percentile(quantile) / NANOSECONDS,
        );
      }
      this.#delay.reset();
    });
  }

  /** A log that is passed on, and counted. */
  counted(log: Log): Log {
    return (event) => {
      this.#hear(event);
      log(event);
    };
  }

  /** Peers whose conversations are counted, frame by frame: a job of hours shows that it moves. */
  countedPeers(peers: Peers): Peers {
    const counted = (peer: string, transport: Transport): Transport => ({
      write: async (frame) => {
        const { length } = frame;
        await transport.write(frame);
        this.#bytes.inc({ peer, direction: 'sent' }, length);
      },
      read: async () => {
        const frame = await transport.read();
        this.#bytes.inc({ peer, direction: 'received' }, frame?.length ?? 0);
        return frame;
      },
      close: () => transport.close(),
    });
    return {
      open: async (peer, signal) => counted(peer, await peers.open(peer, signal)),
      serve: (handler) => peers.serve((peer, transport) => handler(peer, counted(peer, transport))),
    };
  }

  droppedSpans(count: number): void {
    this.#spans.inc(count);
  }

  /** A service whose queries are counted, and whose quotas are shown when somebody looks. */
  countedTags(service: TagService, quotas: () => readonly TagQuota[]): TagService {
    const labels = ['table', 'peer', 'purpose', 'span'];
    const show = (name: string, help: string, of: (quota: TagQuota) => number | undefined): void =>
      this.#gauge(name, help, labels, (gauge) => {
        gauge.reset();
        for (const quota of quotas()) {
          const { table, peer, purpose, span } = quota;
          const items = of(quota);
          if (items !== undefined) gauge.set({ table, peer, purpose, span }, items);
        }
      });
    show('sotto_tag_quota_used', 'Ids debited; without a purpose: of all', ({ used }) => used);
    show('sotto_tag_quota_left', 'Ids that may still be asked for', ({ left }) => left);
    return {
      getManifest: (peer, request) => service.getManifest(peer, request),
      fetchBlob: (peer, request) => service.fetchBlob(peer, request),
      transfer: (peer, request) => service.transfer(peer, request),
      query: async (peer, request) => {
        const stop = this.#queries.startTimer();
        let table = 'refused';
        let outcome = 'answered';
        try {
          const response = await service.query(peer, request);
          // Only now: until it is answered the name is the caller's, and could be any text.
          table = request.datasetId;
          this.#items.inc({ table, peer }, request.blinded.length / 32);
          return response;
        } catch (thrown) {
          outcome = asSottoError(thrown).code;
          throw thrown;
        } finally {
          stop({ table, outcome });
        }
      },
    };
  }

  text(): Promise<string> {
    return this.#registry.metrics();
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  #hear(event: LogEvent): void {
    if (event.event === 'job-phase') this.#enter(event.job, event.phase);
    if (event.event === 'job-changed') this.#changed(event);
    if (event.event === 'proposal-refused') this.#failed('proposal', event.code);
    if (event.event === 'conversation-refused') this.#failed('conversation', event.code);
    if (event.event === 'peer-unreachable') this.#failed('link', event.code);
    if (event.event === 'failed-internally') this.#failed('worker', 'internal');
  }

  #failed(where: string, code: string): void {
    this.#errors.inc({ where, code });
  }

  #changed(event: Extract<LogEvent, { event: 'job-changed' }>): void {
    const { job, state, code } = event;
    this.#changes.inc({ state });
    if (code !== undefined) this.#failed('job', code);
    if (state !== 'RUNNING') this.#enter(job, undefined);
    if (isEnd(state)) this.#states.delete(job);
    else this.#states.set(job, state);
  }

  #enter(job: string, phase: string | undefined): void {
    const before = this.#phases.get(job);
    const nowMs = this.#now();
    if (before !== undefined) {
      this.#steps.observe({ phase: before.phase }, (nowMs - before.sinceMs) / 1000);
    }
    if (phase === undefined) this.#phases.delete(job);
    else this.#phases.set(job, { phase, sinceMs: nowMs });
  }

  #counter(name: string, help: string, labelNames: string[]): Counter {
    return new Counter({ name, help, labelNames, registers: [this.#registry] });
  }

  #histogram(name: string, help: string, labelNames: string[], buckets: number[]): Histogram {
    return new Histogram({ name, help, labelNames, buckets, registers: [this.#registry] });
  }

  #gauge(name: string, help: string, labelNames: string[], collect: (gauge: Gauge) => void): void {
    const options = { name, help, labelNames, registers: [this.#registry] };
    // The library calls it with itself as `this`, which is all that this function is for.
    new Gauge({
      ...options,
      collect(this: Gauge) {
        collect(this);
      },
    });
  }

  [Symbol.dispose](): void {
    this.#delay.disable();
  }
}

const isEnd = (state: string): boolean => /^(SUCCEEDED|FAILED|CANCELLED)$/.test(state);

/** GET /metrics, in Prometheus' text format 0.0.4. */
export async function serveMetrics(
  metrics: Metrics,
  { listen, tls }: { readonly listen: string; readonly tls?: HttpTls | undefined },
): Promise<{ readonly address: string } & AsyncDisposable> {
  const http = await openHttp({
    listen,
    tls,
    field: 'metrics.listen',
    answer: (request, response) => {
      if (request.method !== 'GET' || request.url !== '/metrics') {
        response.writeHead(404).end();
        return;
      }
      metrics.text().then(
        (text) => response.writeHead(200, { 'content-type': metrics.contentType }).end(text),
        () => response.writeHead(500).end(),
      );
    },
  });
  return { address: http.address, [Symbol.asyncDispose]: () => http.close() };
}
