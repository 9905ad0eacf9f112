/** Who may call what on the operators' port: one table, and everything that is not in it is refused. */
import {
  ServerInterceptingCall,
  type ServerInterceptor,
  ServerListenerBuilder,
} from '@grpc/grpc-js';
import { asSottoError, SottoError } from '../base/errors.ts';
import { JobService, ModelService } from '../gen/sotto/job/v1/job_pb.ts';
import { Pinned } from './credentials.ts';
import type { OperatorPublic } from './keys.ts';
import { toStatus } from './status.ts';

/** Each may do what those before it may. */
export const ROLES = ['viewer', 'submitter', 'approver'] as const;
export type Role = (typeof ROLES)[number];

export interface OperatorConfig {
  /** From the file that the operator gave us. */
  readonly public: OperatorPublic;
  readonly role: Role;
}

type Least<S extends { readonly method: object }> = Readonly<Record<keyof S['method'], Role>>;

/** The least role for each method; a method that is added without one does not compile. */
const JOBS: Least<typeof JobService> = {
  getJob: 'viewer',
  listJobs: 'viewer',
  watchJob: 'viewer',
  readArtifact: 'viewer',
  listExposures: 'viewer',
  planJob: 'submitter',
  submitJob: 'submitter',
  cancelJob: 'submitter',
  approveJob: 'approver',
};

const MODELS: Least<typeof ModelService> = {
  listModels: 'viewer',
  getModel: 'submitter', // with the weights of this party's half
  deleteModel: 'approver', // cannot be undone
};

const OPEN_TO_ALL = /^\/grpc\.(health\.v1\.Health|reflection\.(v1|v1alpha)\.ServerReflection)\//;

const least = new Map<string, Role>();
for (const [service, roles] of [
  [JobService, JOBS],
  [ModelService, MODELS],
] as const) {
  for (const method of service.methods) {
    const role = (roles as Readonly<Record<string, Role>>)[method.localName];
    if (role !== undefined) least.set(`/${service.typeName}/${method.name}`, role);
  }
}

/** Operators by certificate. */
export class Operators {
  readonly pinned: Pinned;
  readonly #roles: ReadonlyMap<string, Role>;

  /** Fails on two entries of one name or one key. */
  constructor(operators: readonly OperatorConfig[]) {
    this.pinned = new Pinned(
      'operator',
      operators.map((each) => each.public),
    );
    this.#roles = new Map(operators.map((each) => [each.public.name, each.role]));
    if (this.#roles.size === operators.length) return;
    throw new SottoError('invalid-argument', 'two operators have the same name', {
      field: 'operators',
    });
  }

  /** The caller's name; fails `unauthenticated` or `permission-denied`, which names role and method. */
  authorise(path: string, certificate: Buffer | undefined): string {
    const { name } = this.pinned.identify(certificate);
    if (OPEN_TO_ALL.test(path)) return name;
    const role = this.#roles.get(name) ?? 'viewer';
    const needed = least.get(path);
    if (needed !== undefined && ROLES.indexOf(role) >= ROLES.indexOf(needed)) return name;
    const method = path.slice(path.lastIndexOf('/') + 1);
    const facts = { method, role, needed: needed ?? 'nobody' };
    throw new SottoError('permission-denied', 'the role does not allow this method', facts);
  }

  /** Refuses before a request is even read: for every service of the port, whoever wrote it. */
  get interceptor(): ServerInterceptor {
    return (method, call) =>
      new ServerInterceptingCall(call, {
        start: (next) => {
          const listener = new ServerListenerBuilder().withOnReceiveMetadata((metadata, pass) => {
            try {
              this.authorise(method.path, call.getAuthContext().sslPeerCertificate?.raw);
              pass(metadata);
            } catch (thrown) {
              call.sendStatus(toStatus(asSottoError(thrown), 'operator'));
            }
          });
          next(listener.build());
        },
      });
  }
}
