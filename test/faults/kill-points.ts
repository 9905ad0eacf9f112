/**
 * `npm run test:faults -- kill [--points 288] [--protocol train] [--json]`: kills workers at so many of the points
 * around every step of every job, ends or stops them at some, and counts what came of it. One line a fault and
 * protocol; exits with 1 when any run was wrong or hung, or a point was not reached.
 */
import { parseArgs } from 'node:util';
import {
  type Case,
  casesOf,
  FAULTS,
  type Fault,
  Killing,
  PROTOCOLS,
  type Protocol,
  type Verdict,
} from './kill.ts';

const { values: flags } = parseArgs({
  allowPositionals: true,
  options: {
    points: { type: 'string', default: '288' },
    fault: { type: 'string', multiple: true, default: [...FAULTS] },
    protocol: { type: 'string', multiple: true, default: [...PROTOCOLS] },
    json: { type: 'boolean', default: false },
  },
});

interface Row extends Record<Verdict, number> {
  readonly fault: string;
  readonly protocol: string;
  runs: number;
  /** Processes that were hit: two where both parties were. */
  hits: number;
}

/** So many of the cases, evenly spread. */
const spread = <T>(cases: readonly T[], count: number): T[] =>
  cases.filter(
    (_, i) => Math.floor(((i + 1) * count) / cases.length) > Math.floor((i * count) / cases.length),
  );

/** A worker that ends in order, or is stopped for a while, has fewer ways to go wrong than one that dies. */
const shareOf = (fault: Fault): number => (fault === 'SIGKILL' ? 1 : 1 / 12);

function chosen(fault: Fault): Case[] {
  const all = (flags.protocol as Protocol[]).flatMap((protocol) => casesOf(fault, protocol));
  return spread(all, Math.min(all.length, Math.ceil(Number(flags.points) * shareOf(fault))));
}

await using killing = await Killing.open();
for (const fault of flags.fault as Fault[]) {
  const cases = chosen(fault);
  for (const protocol of new Set(cases.map((one) => one.protocol))) {
    const row: Row = {
      fault,
      protocol,
      runs: 0,
      same: 0,
      sameAbort: 0,
      wrong: 0,
      hung: 0,
      hits: 0,
    };
    for (const one of cases.filter((each) => each.protocol === protocol)) {
      const { verdict, hits, reason } = await killing.run(one);
      row.runs += 1;
      row.hits += hits;
      row[verdict] += 1;
      if (reason !== '') console.error(JSON.stringify({ ...one, verdict, reason }));
    }
    if (row.wrong + row.hung > 0 || row.hits < row.runs) process.exitCode = 1;
    console.log(flags.json ? JSON.stringify(row) : Object.values(row).join('\t'));
  }
}
