/**
 * `npm run test:faults -- simulate [--protocol align] [--schedules 100] [--seed 1] [--json]`: random faults at
 * random frames, and what became of the jobs.
 * One line a protocol; exits with 1 when any run was wrong or hung.
 */
import { parseArgs } from 'node:util';
import { SCENARIOS } from './scenarios.ts';
import { tally } from './schedules.ts';
import { report } from './tally.ts';

const { values: flags } = parseArgs({
  allowPositionals: true,
  options: {
    protocol: { type: 'string', multiple: true, default: Object.keys(SCENARIOS) },
    schedules: { type: 'string', default: '50' },
    seed: { type: 'string', default: '1' },
    json: { type: 'boolean', default: false },
  },
});
for (const protocol of flags.protocol) {
  report(await tally(protocol, Number(flags.schedules), Number(flags.seed)), flags);
}
