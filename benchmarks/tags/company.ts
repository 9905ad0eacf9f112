/** A company whose sealed table is asked over mutual TLS, as a process: `node company.ts <folder>`, says its address. */
import { openPool } from '../../src/compute/pool.ts';
import { serveTags } from '../../src/rpc/tag-service.ts';
import { tagService } from '../../test/support/tag-company.ts';

const company = await tagService(process.argv[2] ?? '', openPool({ threads: 1 }));
const open = await serveTags({ listen: '127.0.0.1:0', ...company });
process.send?.(open.address);
process.once('disconnect', () => process.exit());
