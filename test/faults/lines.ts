/**
 * `npm run test:faults -- lines [--protocol align] [--fault jitter] [--json]`: jobs and tag queries over mutual TLS, on
 * a line that is reset, swallows one way, slows down or damages a byte at some moments. One line a fault and protocol;
 * exits with 1 when any run was wrong or hung.
 */
import { parseArgs } from 'node:util';
import { LINE_FAULTS } from './line-faults.ts';
import { disturbLine, LINES } from './line-runs.ts';
import { report } from './tally.ts';

const { values: flags } = parseArgs({
  allowPositionals: true,
  options: {
    protocol: { type: 'string', multiple: true, default: Object.keys(LINES) },
    fault: { type: 'string', multiple: true, default: Object.keys(LINE_FAULTS) },
    json: { type: 'boolean', default: false },
  },
});
for (const protocol of flags.protocol) {
  for (const row of await disturbLine(protocol, { faults: flags.fault })) report(row, flags);
}
