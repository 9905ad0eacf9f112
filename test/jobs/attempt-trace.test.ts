/** What an attempt tells of itself: steps in order, tasks by kind, and why it failed. */
import { expect, test } from 'vitest';
import { SottoError } from '../../src/base/errors.ts';
import type { Span, SpanFacts, SpanKind, Tracer } from '../../src/base/tracing.ts';
import type { TaskInput } from '../../src/compute/compute.ts';
import { inlineCompute } from '../../src/compute/inline.ts';
import { AttemptTrace } from '../../src/jobs/attempt-trace.ts';
import { alignSpec } from '../support/jobs.ts';
import { openPair, reaches } from '../support/workers.ts';

/** The task that is put in its place looks at nothing. */
const NOTHING = {} as TaskInput<'ownFold'>;

interface Told {
  readonly kind: SpanKind;
  readonly within: Told | undefined;
  readonly facts: SpanFacts;
  readonly fromMs: number;
  readonly toMs: number;
}

/** Spans in the order in which they begin; one that has not ended has no end. */
function recorded(): { readonly told: Told[]; readonly tracer: Tracer } {
  const told: Told[] = [];
  const begin =
    (within: Told | undefined) =>
    (kind: SpanKind, facts: SpanFacts, fromMs: number): Span => {
      const span = { kind, within, facts, fromMs, toMs: Number.NaN };
      told.push(span);
      return {
        begin: begin(span),
        end: (more, toMs) => void Object.assign(span, { facts: { ...facts, ...more }, toMs }),
      };
    };
  return { told, tracer: { begin: begin(undefined) } };
}

function stage() {
  const { told, tracer } = recorded();
  const time = { ms: 0 };
  const compute = inlineCompute({
    ownFold: () => {
      time.ms += 10;
      throw new SottoError('protocol-violation', 'refused');
    },
  });
  const traffic = { sent: 0, received: 0 };
  const trace = new AttemptTrace(
    { tracer, compute, now: () => time.ms, traffic: () => traffic },
    { job: 'f00d' },
  );
  return { told, time, trace, traffic };
}

test('a step lasts as long as its phase and pass, and has the bytes of that time', () => {
  const { told, time, trace, traffic } = stage();
  time.ms = 5;
  trace.enter({ phase: 'train', facts: { pass: 1, passes: 2 } });
  traffic.sent = 100;
  trace.enter({ phase: 'train', facts: { pass: 1, passes: 2 } });
  time.ms = 9;
  trace.enter({ phase: 'train', facts: { pass: 2, passes: 2 } });
  traffic.sent = 130;
  time.ms = 20;
  trace.end();
  const steps = told.filter(({ kind }) => kind === 'step');
  expect(steps.map(({ facts, fromMs, toMs }) => ({ ...facts, fromMs, toMs }))).toEqual([
    { phase: 'resume', sentBytes: 0, receivedBytes: 0, fromMs: 0, toMs: 5 },
    { phase: 'train', pass: 1, sentBytes: 100, receivedBytes: 0, fromMs: 5, toMs: 9 },
    { phase: 'train', pass: 2, sentBytes: 30, receivedBytes: 0, fromMs: 9, toMs: 20 },
  ]);
});

test('tasks of a kind are one span, failed ones counted', async () => {
  const { told, time, trace } = stage();
  for (const _ of [1, 2, 3]) {
    const run = trace.compute.run('ownFold', NOTHING);
    await expect(run).rejects.toMatchObject({ code: 'protocol-violation' });
  }
  time.ms = 50;
  trace.end('protocol-violation');
  const [task, ...others] = told.filter(({ kind }) => kind === 'task');
  expect(others).toEqual([]);
  expect(task).toMatchObject({
    fromMs: 0,
    toMs: 30,
    facts: { task: 'ownFold', count: 3, failed: 3, sumMs: 30 },
  });
  expect(told[0]!.facts).toMatchObject({ job: 'f00d', code: 'protocol-violation' });
});

test('two parties tell the same job, each its own role, and every span ends', async () => {
  const bank = recorded();
  const telco = recorded();
  await using pair = await openPair({
    bank: { change: (options) => ({ ...options, tracer: bank.tracer }) },
    telco: { change: (options) => ({ ...options, tracer: telco.tracer }) },
  });
  const { id } = await pair.bank.submit(alignSpec(), '', 'ada');
  await reaches(pair.bank, id);
  await reaches(pair.telco, id);
  await Promise.all((['bank', 'telco'] as const).map((name) => pair.stop(name)));
  for (const [{ told }, role, peer] of [
    [bank, 'active', 'telco'],
    [telco, 'passive', 'bank'],
  ] as const) {
    expect(told[0]!.facts).toMatchObject({ job: id, protocol: 'align', role, peer, attempt: 1 });
    expect(told.every(({ toMs }) => toMs >= 0)).toBe(true);
    expect(told.some(({ kind }) => kind === 'task')).toBe(true);
    expect(JSON.stringify(told)).not.toMatch(/\ba\d+\b/);
  }
});

test('an attempt that fails says by which code', async () => {
  const { told, tracer } = recorded();
  const files = { 'loans.csv': 'id\na1\na1\n' };
  await using pair = await openPair({
    bank: { files, change: (options) => ({ ...options, tracer }) },
  });
  const { id } = await pair.bank.submit(alignSpec(), '', 'ada');
  const { error } = await reaches(pair.bank, id);
  expect(told[0]).toMatchObject({ kind: 'job', facts: { code: error!.code } });
  expect(told.every(({ toMs }) => toMs >= 0)).toBe(true);
});
