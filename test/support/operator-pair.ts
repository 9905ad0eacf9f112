/** A worker's port for operators and clients of each role, over real sockets. */
import type { Operator } from '../../src/jobs/peers.ts';
import { connectOperator, type OperatorClient } from '../../src/rpc/operator-client.ts';
import {
  type OperatorServer,
  type OperatorsOptions,
  serveOperators,
} from '../../src/rpc/operators.ts';
import { ROLES, type Role } from '../../src/rpc/roles.ts';
import type { KeyFolder } from './certificates.ts';
import { QUICK } from './peer-pair.ts';

/** Serves as "bank", and admits "a-viewer", "a-submitter" and "a-approver". */
export async function serveAll(
  keys: KeyFolder,
  operator: Operator,
  options: Partial<OperatorsOptions> = {},
): Promise<OperatorServer> {
  const operators = await Promise.all(
    ROLES.map(async (role) => ({ role, public: (await keys.operator(`a-${role}`)).public })),
  );
  const bank = await keys.party('bank');
  const listen = '127.0.0.1:0';
  return await serveOperators({
    listen,
    operator,
    keys: bank,
    operators,
    limits: QUICK,
    ...options,
  });
}

export async function connectAs(
  keys: KeyFolder,
  server: OperatorServer,
  role: Role,
  callMs = 10_000,
): Promise<OperatorClient> {
  return await connectOperator({
    address: server.address,
    server: (await keys.party('bank')).public,
    keys: await keys.operator(`a-${role}`),
    limits: { ...QUICK, callMs },
  });
}
