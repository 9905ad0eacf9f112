/** Goal: an operator gets what it asks for, and hears clearly what went wrong. */
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { equalBytes } from '../../src/base/bytes.ts';
import { SottoError } from '../../src/base/errors.ts';
import type { LogEvent } from '../../src/base/events.ts';
import { JobState } from '../../src/gen/sotto/job/v1/job_pb.ts';
import type { Operator } from '../../src/jobs/peers.ts';
import { connectOperator, type OperatorClient } from '../../src/rpc/operator-client.ts';
import type { OperatorServer, OperatorsOptions } from '../../src/rpc/operators.ts';
import type { Role } from '../../src/rpc/roles.ts';
import { type KeyFolder, keyFolder } from '../support/certificates.ts';
import { MemoryOperator } from '../support/memory-operator.ts';
import { connectAs, serveAll } from '../support/operator-pair.ts';
import { codeOf, QUICK, soon } from '../support/peer-pair.ts';

let keys: KeyFolder;
beforeAll(async () => {
  keys = await keyFolder();
});
afterAll(() => keys[Symbol.asyncDispose]());

const serve = (
  operator: Operator,
  options: Partial<OperatorsOptions> = {},
): Promise<OperatorServer> => serveAll(keys, operator, options);
const connect = (server: OperatorServer, role: Role, callMs?: number): Promise<OperatorClient> =>
  connectAs(keys, server, role, callMs);

test('a worker that is down is peer-unavailable', async () => {
  const server = await serve(new MemoryOperator());
  await server[Symbol.asyncDispose]();
  const connecting = connectOperator({
    address: server.address,
    server: (await keys.party('bank')).public,
    keys: await keys.operator('a-viewer'),
    limits: { ...QUICK, connectMs: 300 },
  });
  expect(await codeOf(connecting)).toBe('peer-unavailable');
});

test('a watch follows the job to its end', async () => {
  const operator = new MemoryOperator();
  operator.put('job-1', JobState.RUNNING);
  await using server = await serve(operator);
  await using client = await connect(server, 'viewer');
  const states: JobState[] = [];
  for await (const job of client.watch('job-1', soon())) {
    states.push(job.state);
    if (job.state === JobState.RUNNING) operator.put('job-1', JobState.INTERRUPTED);
    if (job.state === JobState.INTERRUPTED) operator.put('job-1', JobState.SUCCEEDED);
  }
  expect(states).toEqual([JobState.RUNNING, JobState.INTERRUPTED, JobState.SUCCEEDED]);
});

test('a watch that its caller leaves, or aborts, ends at the worker too', async () => {
  const operator = new MemoryOperator();
  operator.put('job-1', JobState.RUNNING);
  await using server = await serve(operator);
  await using client = await connect(server, 'viewer');
  for await (const _ of client.watch('job-1', soon())) break;
  await expect.poll(() => operator.watching).toBe(0);
  const stop = new AbortController();
  const watching = (async () => {
    for await (const _ of client.watch('job-1', stop.signal)) stop.abort();
  })();
  expect(await codeOf(watching)).toBe('cancelled');
  await expect.poll(() => operator.watching).toBe(0);
});

test('a worker that stops ends its watches at once, and says why', async () => {
  const operator = new MemoryOperator();
  operator.put('job-1', JobState.RUNNING);
  const server = await serve(operator, { limits: { drainMs: 10_000 } });
  await using client = await connect(server, 'viewer');
  const since = performance.now();
  const watching = (async () => {
    for await (const _ of client.watch('job-1', soon())) void server[Symbol.asyncDispose]();
  })();
  expect(await codeOf(watching)).toBe('peer-unavailable');
  await server[Symbol.asyncDispose]();
  expect(performance.now() - since).toBeLessThan(5_000);
});

test('a worker that stops lets a call finish', async () => {
  const operator = new MemoryOperator();
  const { promise: asked, resolve: ask } = Promise.withResolvers<void>();
  const { promise: answered, resolve: answer } = Promise.withResolvers<void>();
  const { plan } = operator;
  operator.plan = async (spec) => {
    ask();
    await answered;
    return await plan.call(operator, spec);
  };
  const server = await serve(operator, { limits: { drainMs: 10_000 } });
  await using client = await connect(server, 'submitter');
  const planning = client.plan({ purpose: 'x' });
  await asked;
  const closing = server[Symbol.asyncDispose]();
  answer();
  expect((await planning).rows).toBe(7n);
  await closing;
});

test('an artifact arrives whole, in chunks', async () => {
  const report = randomBytes(1_000_003);
  const operator = new MemoryOperator();
  operator.put('job-1', JobState.SUCCEEDED, { 'report.html': report, empty: new Uint8Array() });
  await using server = await serve(operator);
  await using client = await connect(server, 'viewer');
  expect(equalBytes(await client.artifact('job-1', 'report.html'), report)).toBe(true);
  expect(await client.artifact('job-1', 'empty')).toHaveLength(0);
  expect(await codeOf(client.artifact('job-1', 'none'))).toBe('not-found');
});

test('a name that leads out of the folder never reaches the worker', async () => {
  const operator = new MemoryOperator();
  await using server = await serve(operator);
  await using client = await connect(server, 'viewer');
  for (const name of [
    '',
    '..',
    '../keys',
    'a/b',
    '/etc/passwd',
    'a\0b',
    '.hidden',
    'a'.repeat(101),
  ]) {
    expect(await codeOf(client.artifact('job-1', name))).toBe('invalid-argument');
  }
  for (const id of ['', '../x', 'a b', 'a'.repeat(101)]) {
    expect(await codeOf(client.get(id))).toBe('invalid-argument');
    expect(await codeOf(client.artifact(id, 'report.html'))).toBe('invalid-argument');
  }
  expect(operator.asked).toEqual([]);
});

test('fields that are missing or out of range are named, and pages are cut to 100', async () => {
  const operator = new MemoryOperator();
  await using server = await serve(operator);
  await using client = await connect(server, 'submitter');
  await expect(client.list(-1, '')).rejects.toMatchObject({ facts: { field: 'page_size' } });
  await expect(client.submit({}, 'twice')).rejects.toMatchObject({
    facts: { field: 'request_id' },
  });
  for (const size of [0, 7, 1_000]) await client.list(size, '');
  expect(operator.asked).toEqual(['list 50', 'list 7', 'list 100']);
});

test('an answer that does not come ends with the deadline', async () => {
  const operator = new MemoryOperator();
  operator.plan = () => new Promise(() => undefined);
  await using server = await serve(operator);
  await using client = await connect(server, 'submitter', 200);
  expect(await codeOf(client.plan({ purpose: 'x' }))).toBe('deadline-exceeded');
});

test('a request above a megabyte is refused before it is read', async () => {
  const operator = new MemoryOperator();
  await using server = await serve(operator, { limits: QUICK });
  await using client = await connect(server, 'submitter');
  expect(await codeOf(client.plan({ purpose: 'x'.repeat((1 << 20) + 1) }))).toBe(
    'budget-exhausted',
  );
  expect(operator.asked).toEqual([]);
});

test('an error keeps code, words and facts; an unexpected one says nothing of itself but to the log', async () => {
  const operator = new MemoryOperator();
  const events: LogEvent[] = [];
  await using server = await serve(operator, { log: (event) => events.push(event) });
  await using client = await connect(server, 'submitter');
  const facts = { row: 3, column: 'age' };
  operator.plan = () => Promise.reject(new SottoError('invalid-argument', 'not a number', facts));
  await expect(client.plan({})).rejects.toMatchObject({
    code: 'invalid-argument',
    message: 'not a number',
    facts,
  });
  operator.plan = () => Promise.reject(new TypeError('row 17 holds secret'));
  const error = await client.plan({}).catch((thrown: SottoError) => thrown);
  expect(error).toMatchObject({ code: 'internal' });
  expect(JSON.stringify([error, String(error)])).not.toContain('secret');
  expect(events).toEqual([{ event: 'failed-internally', where: 'operator call' }]);
});

test('the worker says that it serves', async () => {
  await using server = await serve(new MemoryOperator());
  await using client = await connect(server, 'viewer');
  expect(await client.health()).toBe('SERVING');
});
