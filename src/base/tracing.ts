/**
 * How a worker tells where its time went: spans within spans, with a closed list of facts, so that a
 * new one is a decision. The names are ours and those of peers; ids of customers, labels, column
 * names and values have no field to go into.
 */
import type { ErrorCode } from './errors.ts';

/** An attempt at a job, a stretch of it, and all tasks of one kind in that stretch. */
export type SpanKind = 'job' | 'step' | 'task';

export interface SpanFacts {
  /** The job's id, never a customer's. */
  readonly job?: string;
  readonly protocol?: string;
  readonly role?: string;
  readonly peer?: string;
  readonly attempt?: number;
  readonly phase?: string;
  readonly pass?: number;
  /** Name of a function that runs on threads. */
  readonly task?: string;
  /** Tasks, and those of them that failed or were called off. */
  readonly count?: number;
  readonly failed?: number;
  /** From being asked for to being answered, added up over tasks that may run side by side. */
  readonly sumMs?: number;
  readonly sentBytes?: number;
  readonly receivedBytes?: number;
  readonly code?: ErrorCode;
}

/** Begins spans; must not throw and must not block. Times are milliseconds since 1970. */
export interface Tracer {
  begin(kind: SpanKind, facts: SpanFacts, atMs: number): Span;
}

/** Is over before the span that it was begun in. */
export interface Span extends Tracer {
  end(facts: SpanFacts, atMs: number): void;
}
