/** A real worker whose peer is revoked on disk while it runs: no restart, and no word more. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readPublic } from '../../src/rpc/index.ts';
import { setUpSites } from '../support/two-workers.ts';

test('a fingerprint written to keys/revoked cuts that peer, a bad line revokes nobody and says so', async () => {
  await using sites = await setUpSites({ rows: 40, autoApprove: true });
  const bank = await sites.start('bank');
  await sites.start('company');
  const log = (): string => readFileSync(join(sites.folder, 'bank.log'), 'utf8');
  const file = join(sites.bank.folder, 'keys', 'revoked');
  writeFileSync(file, 'not a fingerprint\n');
  bank.process.kill('SIGHUP');
  await expect.poll(log, { timeout: 10_000 }).toContain('keys-not-renewed');
  const company = readPublic(readFileSync(join(sites.bank.folder, 'company.public.pem'), 'utf8'));
  writeFileSync(file, `# left by phone\n${company.fingerprint}\n`);
  bank.process.kill('SIGHUP');
  await expect.poll(log, { timeout: 10_000 }).toContain('"event":"keys-renewed","peers":0');
  const companyLog = (): string => readFileSync(join(sites.folder, 'company.log'), 'utf8');
  await expect.poll(companyLog, { timeout: 15_000 }).toContain('"code":"unauthenticated"');
}, 60_000);
