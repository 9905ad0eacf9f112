/** What a worker sends its spans to: OTLP over HTTP with JSON, taken down as it came. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface CollectedSpan {
  readonly kind: string;
  readonly id: string;
  readonly parent: string | undefined;
  readonly trace: string;
  /** Nanoseconds since 1970. */
  readonly from: bigint;
  readonly to: bigint;
  readonly attributes: Readonly<Record<string, string | number>>;
}

export interface Collector extends AsyncDisposable {
  readonly endpoint: string;
  readonly spans: CollectedSpan[];
  /** All that came, headers too. */
  readonly text: string;
  readonly requests: number;
}

type Value = { readonly stringValue?: string; readonly intValue?: number; doubleValue?: number };

interface Sent {
  readonly resourceSpans: readonly {
    readonly scopeSpans: readonly {
      readonly spans: readonly {
        readonly name: string;
        readonly spanId: string;
        readonly parentSpanId?: string;
        readonly traceId: string;
        readonly startTimeUnixNano: string;
        readonly endTimeUnixNano: string;
        readonly attributes: readonly { readonly key: string; readonly value: Value }[];
      }[];
    }[];
  }[];
}

/** @param manner 'hangs': takes requests and never answers them. */
export async function openCollector(manner: 'answers' | 'hangs' = 'answers'): Promise<Collector> {
  const spans: CollectedSpan[] = [];
  let text = '';
  let requests = 0;
  const server = createServer(async (request, response) => {
    requests += 1;
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const body = Buffer.concat(parts).toString();
    text += `${request.rawHeaders.join(' ')}\n${body}\n`;
    spans.push(...spansOf(JSON.parse(body) as Sent));
    if (manner === 'answers') response.end('{}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    endpoint: `http://127.0.0.1:${port}/v1/traces`,
    spans,
    get text() {
      return text;
    },
    get requests() {
      return requests;
    },
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const spansOf = ({ resourceSpans }: Sent): CollectedSpan[] =>
  resourceSpans
    .flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans))
    .map((span) => ({
      kind: span.name,
      id: span.spanId,
      parent: span.parentSpanId || undefined,
      trace: span.traceId,
      from: BigInt(span.startTimeUnixNano),
      to: BigInt(span.endTimeUnixNano),
      attributes: Object.fromEntries(
        span.attributes.map(({ key, value }) => [key, Object.values(value)[0] as string | number]),
      ),
    }));
