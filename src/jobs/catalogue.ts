/** Protocol x role -> what this party does. */
import { SottoError } from '../base/errors.ts';
import { alignJob } from './align.ts';
import type { JobRole } from './role.ts';
import type { ProtocolName, Role } from './spec.ts';

const catalogue: Partial<Record<ProtocolName, Readonly<Record<Role, JobRole>>>> = {
  align: { active: alignJob, passive: alignJob },
};

export function jobRole(protocol: ProtocolName, role: Role): JobRole {
  const roles = catalogue[protocol];
  if (roles === undefined) {
    throw new SottoError('invalid-argument', 'this version cannot run the protocol', { protocol });
  }
  return roles[role];
}
