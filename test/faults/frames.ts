/**
 * `npm run test:faults -- frames [--protocol align] [--fault cut] [--most 12] [--json]`: each fault at each frame of
 * each protocol; of a long one at so many frames, evenly spread. One line a fault and protocol; exits with 1 when any
 * run was wrong or hung.
 */
import { parseArgs } from 'node:util';
import { FRAME_FAULTS, type FrameFault } from './disturbed.ts';
import { everyFrame } from './every-frame.ts';
import { SCENARIOS } from './scenarios.ts';
import { report } from './tally.ts';

/** Two thirds of a second each: the others take a third, and all their frames are tried. */
const LONG = new Set(['train', 'predict']);

const { values: flags } = parseArgs({
  allowPositionals: true,
  options: {
    protocol: { type: 'string', multiple: true, default: Object.keys(SCENARIOS) },
    fault: { type: 'string', multiple: true, default: [...FRAME_FAULTS] },
    most: { type: 'string', default: '12' },
    json: { type: 'boolean', default: false },
  },
});
for (const protocol of flags.protocol) {
  const faults = flags.fault as FrameFault[];
  const most = LONG.has(protocol) ? Number(flags.most) : Number.POSITIVE_INFINITY;
  for (const row of await everyFrame({ protocol, faults, most })) report(row, flags);
}
