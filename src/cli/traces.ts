/**
 * Spans for an OpenTelemetry collector, over OTLP with HTTP and JSON. Written behind the jobs' backs:
 * a collector that is slow or gone costs spans, never a job.
 */
import { type Context, ROOT_CONTEXT, SpanStatusCode, trace } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { BatchSpanProcessor, type SpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import type { Log } from '../base/events.ts';
import type { Span, SpanFacts, SpanKind, Tracer } from '../base/tracing.ts';

/** Spans that wait for the collector, about 1 KB each; further ones are dropped. */
const MOST_WAITING = 2048;
const EVERY_MS = 2_000;
const EXPORT_MS = 3_000;
/** For the last spans: well within what a worker has for its end. */
const FLUSH_MS = 4_000;
const LONGEST_TEXT = 200;
/** `ExportResultCode.SUCCESS` of the library's core, which we do not import for it. */
const SENT = 0;

/** The attribute of each fact: all that a span can say. A new fact does not compile without a name here. */
const ATTRIBUTES: { readonly [F in keyof SpanFacts]-?: string } = {
  job: 'sotto.job',
  protocol: 'sotto.protocol',
  role: 'sotto.role',
  peer: 'sotto.peer',
  attempt: 'sotto.attempt',
  phase: 'sotto.phase',
  pass: 'sotto.pass',
  task: 'sotto.task',
  count: 'sotto.tasks',
  failed: 'sotto.tasks.failed',
  sumMs: 'sotto.tasks.sum_ms',
  sentBytes: 'sotto.bytes.sent',
  receivedBytes: 'sotto.bytes.received',
  code: 'error.type',
};

export interface Traces extends Tracer, AsyncDisposable {}

/** Who hears of spans that no collector got. */
export interface Losses {
  readonly dropped: (count: number) => void;
  readonly log: Log;
}

/** Disposed of, it has sent what there was, or has given up on the collector. */
export function openTraces(endpoint: string, party: string, losses: Losses): Traces {
  const batches = countedExport(endpoint, losses);
  const provider = new TracerProvider({
    resource: resourceOf({ 'service.name': 'sotto', 'service.instance.id': party }),
    spanLimits: { attributeValueLengthLimit: LONGEST_TEXT },
    spanProcessors: [batches.processor],
  });
  const tracer = provider.getTracer('sotto');
  const begin = (within: Context, kind: SpanKind, facts: SpanFacts, atMs: number): Span => {
    const options = { attributes: attributesOf(facts), startTime: atMs };
    const span = tracer.startSpan(kind, options, within);
    const inside = trace.setSpan(within, span);
    return {
      begin: (child, about, sinceMs) => begin(inside, child, about, sinceMs),
      end: (about, endMs) => {
        span.setAttributes(attributesOf(about));
        if (about.code !== undefined) span.setStatus({ code: SpanStatusCode.ERROR });
        span.end(endMs);
      },
    };
  };
  return {
    begin: (kind, facts, atMs) => begin(ROOT_CONTEXT, kind, facts, atMs),
    [Symbol.asyncDispose]: async () => {
      await flushed(provider);
      batches.giveUp();
    },
  };
}

/** Spans in batches to the collector. The library drops in silence what it cannot send, so each is counted here. */
function countedExport(
  endpoint: string,
  { dropped, log }: Losses,
): { readonly processor: SpanProcessor; readonly giveUp: () => void } {
  let waiting = 0;
  let isLosing = false;
  let isOver = false;
  const lose = (count: number): void => {
    dropped(count);
    if (!isLosing) log({ event: 'spans-dropped' });
    isLosing = true;
  };
  const exporter = new OTLPTraceExporter({ url: endpoint, timeoutMillis: EXPORT_MS });
  const batches = new BatchSpanProcessor({
    exporter: {
      export: (spans, done) =>
        exporter.export(spans, (result) => {
          done(result);
          if (isOver) return;
          waiting -= spans.length;
          if (result.code === SENT) isLosing = false;
          else lose(spans.length);
        }),
      shutdown: () => exporter.shutdown(),
      forceFlush: () => exporter.forceFlush(),
    },
    maxQueueSize: MOST_WAITING,
    scheduledDelayMillis: EVERY_MS,
    exportTimeoutMillis: EXPORT_MS,
  });
  const processor: SpanProcessor = {
    onStart: (span, context) => batches.onStart(span, context),
    onEnd: (span) => {
      if (waiting === MOST_WAITING) return lose(1);
      waiting += 1;
      batches.onEnd(span);
    },
    forceFlush: () => batches.forceFlush(),
    shutdown: () => batches.shutdown(),
  };
  const giveUp = (): void => {
    isOver = true;
    if (waiting > 0) lose(waiting);
  };
  return { processor, giveUp };
}

function attributesOf(facts: SpanFacts): Record<string, string | number> {
  const attributes: Record<string, string | number> = {};
  for (const [fact, name] of Object.entries(ATTRIBUTES)) {
    const value = facts[fact as keyof SpanFacts];
    if (value !== undefined) attributes[name] = value;
  }
  return attributes;
}

/** Nothing of the machine or the command line, which the library would add by itself. */
function resourceOf(attributes: Readonly<Record<string, string>>) {
  const resource = {
    attributes,
    getRawAttributes: () => Object.entries(attributes),
    merge: () => resource,
  };
  return resource;
}

async function flushed(provider: TracerProvider): Promise<void> {
  const { promise: late, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, FLUSH_MS);
  await Promise.race([provider.shutdown().catch(() => {}), late]);
  clearTimeout(timer);
}
