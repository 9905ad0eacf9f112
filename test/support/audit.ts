/** Audit logs for tests of what writes into them. */
import { freshKey, Vault } from '../../src/base/sealed.ts';
import { AuditLog } from '../../src/jobs/audit/log.ts';

/** A log in that folder under a key of its own. */
export const auditIn = (stateDir: string): AuditLog =>
  new AuditLog({ stateDir, vault: new Vault(freshKey()), now: () => Date.now() });
