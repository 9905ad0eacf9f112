/** A company whose sealed table is asked over mutual TLS, as a process: `node company.ts <folder>`, says its address. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openPool } from '../../src/compute/pool.ts';
import { publicFile, readPrivate, readPublic } from '../../src/rpc/keys.ts';
import { serveTags } from '../../src/rpc/tag-service.ts';
import { Meter } from '../../src/tags/meter.ts';
import { TagServer } from '../../src/tags/server.ts';

const folder = process.argv[2] ?? '';
const keys = await readPrivate(join(folder, 'keys'), 'company');
const bank = readPublic(await readFile(publicFile(join(folder, 'keys'), 'bank'), 'utf8'));
const now = (): number => Date.now();
const compute = openPool({ threads: 1 });
const service = new TagServer({
  tables: [{ datasetId: 'members', tenant: 'bank', purposes: ['marketing'] }],
  sealed: join(folder, 'sealed'),
  secrets: join(folder, 'secrets'),
  signingKey: keys.signingKey,
  compute,
  meter: new Meter(join(folder, 'debits.sqlite'), now),
  now,
});
const open = await serveTags({ listen: '127.0.0.1:0', keys, peers: [bank], service });
process.send?.(open.address);
process.once('disconnect', () => process.exit());
