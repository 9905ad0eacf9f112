/**
 * An attempt as spans: job > step > task. A step is a stretch of one phase, or of one pass of a
 * training. A training asks for thousands of tasks: each step has one span for each kind of task,
 * with their number and their time added up, so that the size of a trace does not grow with the rows.
 */
import type { ErrorCode } from '../base/errors.ts';
import type { Span, SpanFacts, Tracer } from '../base/tracing.ts';
import type { Compute, RunOptions, TaskInput, TaskName, TaskOutput } from '../compute/compute.ts';
import type { Progress } from '../protocols/party.ts';

/** Bytes of the attempt so far. */
interface Traffic {
  readonly sent: number;
  readonly received: number;
}

export interface TraceParts {
  readonly tracer: Tracer;
  readonly compute: Compute;
  readonly now: () => number;
  readonly traffic: () => Traffic;
}

interface Tasks {
  firstMs: number;
  lastMs: number;
  count: number;
  failed: number;
  sumMs: number;
}

interface Step {
  readonly span: Span;
  readonly sinceMs: number;
  readonly traffic: Traffic;
  readonly key: string;
  readonly tasks: Map<TaskName, Tasks>;
}

export class AttemptTrace {
  /** The compute whose tasks count for the step in which they end. */
  readonly compute: Compute;
  readonly #parts: TraceParts;
  readonly #job: Span;
  #step: Step;

  /** Begins with the step in which the parties find out where to go on. */
  constructor(parts: TraceParts, facts: SpanFacts) {
    this.#parts = parts;
    this.compute = this.#counted(parts.compute);
    this.#job = parts.tracer.begin('job', facts, parts.now());
    this.#step = this.#begin({ phase: 'resume' });
  }

  /** The attempt goes on with this phase; what is of the present step already changes nothing. */
  enter({ phase, facts: { pass } = {} }: Pick<Progress, 'phase' | 'facts'>): void {
    const facts = { phase, ...(pass !== undefined && { pass }) };
    if (keyOf(facts) === this.#step.key) return;
    this.#endStep();
    this.#step = this.#begin(facts);
  }

  /** @param code Why it failed; absent: it did not. */
  end(code?: ErrorCode): void {
    this.#endStep();
    const { sent, received } = this.#parts.traffic();
    const facts = { sentBytes: sent, receivedBytes: received, ...(code && { code }) };
    this.#job.end(facts, this.#parts.now());
  }

  #begin(facts: SpanFacts): Step {
    const sinceMs = this.#parts.now();
    return {
      span: this.#job.begin('step', facts, sinceMs),
      sinceMs,
      traffic: { ...this.#parts.traffic() },
      key: keyOf(facts),
      tasks: new Map(),
    };
  }

  #endStep(): void {
    const { span, sinceMs, traffic, tasks } = this.#step;
    for (const [task, { firstMs, lastMs, count, failed, sumMs }] of tasks) {
      const child = span.begin('task', { task }, Math.max(sinceMs, firstMs));
      child.end({ count, failed, sumMs }, lastMs);
    }
    const { sent, received } = this.#parts.traffic();
    const facts = {
      sentBytes: sent - traffic.sent,
      receivedBytes: received - traffic.received,
    };
    span.end(facts, this.#parts.now());
  }

  #counted(compute: Compute): Compute {
    const { now } = this.#parts;
    return {
      threads: compute.threads,
      run: async <N extends TaskName>(
        name: N,
        input: TaskInput<N>,
        options?: RunOptions,
      ): Promise<TaskOutput<N>> => {
        const askedMs = now();
        let failed = 1;
        try {
          const output = await compute.run(name, input, options);
          failed = 0;
          return output;
        } finally {
          this.#count(name, askedMs, failed);
        }
      },
    };
  }

  #count(name: TaskName, askedMs: number, failed: number): void {
    const nowMs = this.#parts.now();
    const { tasks } = this.#step;
    const before = tasks.get(name) ?? {
      firstMs: askedMs,
      lastMs: nowMs,
      count: 0,
      failed: 0,
      sumMs: 0,
    };
    tasks.set(name, {
      firstMs: Math.min(before.firstMs, askedMs),
      lastMs: nowMs,
      count: before.count + 1,
      failed: before.failed + failed,
      sumMs: before.sumMs + nowMs - askedMs,
    });
  }
}

const keyOf = ({ phase, pass }: SpanFacts): string => `${phase} ${pass ?? ''}`;
