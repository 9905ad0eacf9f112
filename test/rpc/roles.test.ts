/** Goal: who may call what on the operators' port. Method: every method with every role, and strangers. */
import { randomBytes, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { JobState } from '../../src/gen/sotto/job/v1/job_pb.ts';
import type { Operator } from '../../src/jobs/peers.ts';
import { connectOperator, type OperatorClient } from '../../src/rpc/operator-client.ts';
import type { OperatorServer, OperatorsOptions } from '../../src/rpc/operators.ts';
import { ROLES, type Role } from '../../src/rpc/roles.ts';
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

const CALLS: Readonly<
  Record<
    string,
    { readonly least: Role; readonly call: (client: OperatorClient) => Promise<unknown> }
  >
> = {
  get: { least: 'viewer', call: (client) => client.get('job-1') },
  list: { least: 'viewer', call: (client) => client.list(10, '') },
  watch: {
    least: 'viewer',
    call: async (client) => {
      for await (const _ of client.watch('job-1', soon()));
    },
  },
  artifact: { least: 'viewer', call: (client) => client.artifact('job-1', 'report.html') },
  'models.list': { least: 'viewer', call: (client) => client.models.list(10, '') },
  plan: { least: 'submitter', call: (client) => client.plan({ purpose: 'credit-risk' }) },
  submit: { least: 'submitter', call: (client) => client.submit({ purpose: 'credit-risk' }, '') },
  cancel: { least: 'submitter', call: (client) => client.cancel('job-1') },
  'models.get': { least: 'submitter', call: (client) => client.models.get('model-1') },
  approve: { least: 'approver', call: (client) => client.approve('job-1', undefined) },
  'models.delete': { least: 'approver', call: (client) => client.models.delete('model-2') },
};

for (const role of ROLES) {
  test(`a ${role} may call what its role allows and nothing else`, async () => {
    const operator = new MemoryOperator();
    operator.put('job-1', JobState.SUCCEEDED, { 'report.html': randomBytes(10) });
    await using server = await serve(operator);
    await using client = await connect(server, role);
    const refused: string[] = [];
    for (const [name, { call }] of Object.entries(CALLS)) {
      const code = await codeOf(call(client));
      if (code === 'permission-denied') refused.push(name);
      else expect([name, code]).toEqual([name, 'no error']);
    }
    const above = ROLES.slice(ROLES.indexOf(role) + 1);
    const expected = Object.entries(CALLS).filter(([, { least }]) => above.includes(least));
    expect(refused).toEqual(expected.map(([name]) => name));
  });
}

test('what is asked is recorded under the name in the certificate', async () => {
  const operator = new MemoryOperator();
  operator.put('job-1', JobState.RUNNING);
  await using server = await serve(operator);
  await using submitter = await connect(server, 'submitter');
  await using approver = await connect(server, 'approver');
  await submitter.submit({ purpose: 'x' }, randomUUID());
  await approver.approve('job-1', { purpose: 'x' });
  await approver.cancel('job-1');
  expect(operator.asked).toEqual([
    'submit by a-submitter',
    'approve by a-approver',
    'cancel by a-approver',
  ]);
});

test('nobody without a configured certificate gets in', async () => {
  await using server = await serve(new MemoryOperator());
  const bank = (await keys.party('bank')).public;
  const strangers = [
    await keys.operator('stranger'),
    await keys.party('data'),
    await keys.party('bank'),
  ];
  for (const stranger of strangers) {
    const connecting = connectOperator({
      address: server.address,
      server: bank,
      keys: stranger as Awaited<ReturnType<KeyFolder['operator']>>,
      limits: { connectMs: 10_000, backoffFirstMs: 20 },
    });
    expect(await codeOf(connecting)).toBe('unauthenticated');
  }
});

test('an operator that is shown another worker’s certificate does not talk to it', async () => {
  await using server = await serve(new MemoryOperator());
  const connecting = connectOperator({
    address: server.address,
    server: (await keys.party('data')).public,
    keys: await keys.operator('a-viewer'),
    limits: QUICK,
  });
  expect(await codeOf(connecting)).toBe('unauthenticated');
});
