/**
 * `npm run test:faults -- states [--protocol align] [--fault 'disk full'] [--most 4] [--json]`: what either party keeps
 * of a job is lost, changed, exchanged, put back or not taken by the disk, at each step that it keeps; of a long job at
 * so many steps, evenly spread. One line a fault and protocol; exits with 1 when any run was wrong or hung.
 */
import { parseArgs } from 'node:util';
import { SCENARIOS } from './scenarios.ts';
import { STATE_FAULTS } from './state-faults.ts';
import { everyState } from './state-runs.ts';
import { report } from './tally.ts';

const { values: flags } = parseArgs({
  allowPositionals: true,
  options: {
    protocol: { type: 'string', multiple: true, default: Object.keys(SCENARIOS) },
    fault: { type: 'string', multiple: true, default: Object.keys(STATE_FAULTS) },
    most: { type: 'string', default: '12' },
    json: { type: 'boolean', default: false },
  },
});
for (const protocol of flags.protocol) {
  const most = Number(flags.most);
  for (const row of await everyState({ protocol, faults: flags.fault, most })) report(row, flags);
}
