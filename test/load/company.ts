/** A company that two banks ask, as a process: `node company.ts <folder> <host:port>` says its address, and its CPU time when asked. */
import { openPool } from '../../src/compute/pool.ts';
import { serveTags } from '../../src/rpc/tag-service.ts';
import { tagService } from '../support/tag-company.ts';

const pool = openPool({ threads: 1 });
const company = await tagService(process.argv[2] ?? '', pool, ['bank', 'second']);
const open = await serveTags({ listen: process.argv[3] ?? '127.0.0.1:0', ...company });
process.on('message', () => {
  const { user, system } = process.cpuUsage();
  process.send?.((user + system) / 1000);
});
process.once('disconnect', () => process.exit());
process.send?.(open.address);
