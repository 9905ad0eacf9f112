/** The port for operators: jobs, models, health, and reflection where it is wanted. */
import { HealthImplementation } from 'grpc-health-check';
import type { SottoError } from '../base/errors.ts';
import type { Log } from '../base/events.ts';
import { JobService, ModelService } from '../gen/sotto/job/v1/job_pb.ts';
import type { Operator } from '../jobs/peers.ts';
import { PinnedServerCredentials } from './credentials.ts';
import { type Call, handlersOf, serviceDefinition } from './grpc.ts';
import { jobService, modelService } from './job-service.ts';
import type { PartyKeys } from './keys.ts';
import {
  DEFAULT_RPC_LIMITS,
  MAX_REQUEST_BYTES,
  MAX_RESPONSE_BYTES,
  type RpcLimits,
  serverOptions,
} from './limits.ts';
import { addReflection } from './reflection.ts';
import { type OperatorConfig, Operators } from './roles.ts';
import { GrpcServer } from './server.ts';

export interface OperatorsOptions {
  /** "host:port"; port 0 takes any free one. Other than loopback is as safe: there is no way in without a certificate. */
  readonly listen: string;
  readonly operator: Operator;
  /** The party's own: operators check it against the party's public file. */
  readonly keys: PartyKeys;
  readonly operators: readonly OperatorConfig[];
  /** Whether any operator may ask for the schema. */
  readonly reflection?: boolean;
  readonly log?: Log;
  readonly limits?: Partial<RpcLimits>;
}

export interface OperatorServer extends AsyncDisposable {
  /** "host:port" as bound. */
  readonly address: string;
}

/** Listens; disposing ends watches, lets calls finish for `drainMs`, then cuts them. */
export async function serveOperators(options: OperatorsOptions): Promise<OperatorServer> {
  const limits = { ...DEFAULT_RPC_LIMITS, ...options.limits };
  const log = options.log ?? (() => undefined);
  const operators = new Operators(options.operators);
  const closing = new AbortController();
  const health = new HealthImplementation({
    '': 'SERVING',
    [JobService.typeName]: 'SERVING',
    [ModelService.typeName]: 'SERVING',
  });
  const failed = (_: SottoError): void =>
    log({ event: 'failed-internally', where: 'operator call' });
  const nameOf = (call: Call): string => operators.pinned.identify(call.certificate).name;
  const jobs = jobService(options.operator, nameOf, closing.signal);
  const server = await GrpcServer.open({
    listen: options.listen,
    credentials: new PinnedServerCredentials(options.keys, operators.pinned, limits.handshakeMs),
    options: {
      ...serverOptions(limits, { sent: MAX_RESPONSE_BYTES, received: MAX_REQUEST_BYTES }),
      interceptors: [operators.interceptor],
    },
    connections: limits.connections,
    connectionsPerCaller: limits.connectionsPerCaller,
    handshakesPerAddress: limits.handshakesPerAddress,
    refused: () =>
      log({ event: 'conversation-refused', peer: 'operator', code: 'unauthenticated' }),
    register: (grpc) => {
      grpc.addService(serviceDefinition(JobService), handlersOf(JobService, jobs, failed));
      const models = modelService(options.operator, nameOf);
      grpc.addService(serviceDefinition(ModelService), handlersOf(ModelService, models, failed));
      health.addToServer(grpc);
      if (options.reflection === true) addReflection(grpc, [JobService, ModelService]);
    },
  });
  return {
    address: server.address,
    async [Symbol.asyncDispose]() {
      for (const name of ['', JobService.typeName, ModelService.typeName]) {
        health.setStatus(name, 'NOT_SERVING');
      }
      closing.abort();
      await server.close(limits.drainMs);
    },
  };
}
