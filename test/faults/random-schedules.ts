/**
 * `npm run test:faults -- simulate [--protocol align] [--schedules 100] [--seed 1] [--json]`: random faults at
 * random frames, and what became of the jobs.
 * One line a protocol; exits with 1 when any run was wrong or hung.
 */
import { parseArgs } from 'node:util';
import { SCENARIOS } from './scenarios.ts';
import { tally } from './schedules.ts';

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
  const row = await tally(protocol, Number(flags.schedules), Number(flags.seed));
  if (row.wrong + row.hung > 0) process.exitCode = 1;
  if (flags.json) console.log(JSON.stringify(row));
  else {
    const { runs, same, sameAbort, wrong, hung, counterexample } = row;
    console.log(
      `${protocol.padEnd(8)} ${runs} schedules: ${same} same, ${sameAbort} same abort, ${wrong} wrong, ${hung} hung`,
    );
    if (counterexample !== undefined) console.log(`         ${counterexample}`);
  }
}
