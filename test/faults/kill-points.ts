/**
 * `npm run test:faults -- kill [--points 288] [--protocol train] [--json]`: kills workers at so many of the points
 * around every step of every job, ends or stops them at some, and counts what came of it. One line a fault and
 * protocol, how far it is on standard error; exits with 1 when any run was wrong or hung, or a point was not reached.
 */
import { parseArgs } from 'node:util';
import { type Case, casesOf, FAULTS, type Fault, PROTOCOLS, type Protocol } from './cases.ts';
import { Killing } from './kill.ts';
import { emptyTally, type Tally } from './tally.ts';

const { values: flags } = parseArgs({
  allowPositionals: true,
  options: {
    points: { type: 'string', default: '288' },
    fault: { type: 'string', multiple: true, default: [...FAULTS] },
    protocol: { type: 'string', multiple: true, default: [...PROTOCOLS] },
    lanes: { type: 'string', default: '2' },
    json: { type: 'boolean', default: false },
  },
});

/** Runs between two words on how far it is. */
const WORD = 20;

interface Row extends Tally {
  /** Processes that were hit: two where both parties were. */
  hits: number;
}

/** So many of the cases, evenly spread; which ones differs from fault to fault. */
function spread(cases: readonly Case[], count: number, shift: number): Case[] {
  const n = cases.length;
  const place = (i: number): number => Math.floor(((i + shift) * count) / n);
  return cases.filter((_, i) => place(i + 1) > place(i));
}

/** A worker that ends in order, or is stopped for a while, has fewer ways to go wrong than one that dies. */
const shareOf = (fault: Fault): number => (fault === 'SIGKILL' ? 1 : 1 / 12);

/** Of every protocol at least one, of all together at least as many as are asked for. */
function chosen(fault: Fault): Case[] {
  const each = (flags.protocol as Protocol[]).map((protocol) => casesOf(fault, protocol));
  const total = each.reduce((sum, { length }) => sum + length, 0);
  const share = Math.min(1, (Number(flags.points) * shareOf(fault)) / total);
  const shift = 5 * FAULTS.indexOf(fault);
  return each.flatMap((cases) => spread(cases, Math.ceil(cases.length * share), shift));
}

const minutes = (ms: number): string => (ms / 60_000).toFixed(1);

await using killing = await Killing.open({ lanes: Number(flags.lanes) });
const all = (flags.fault as Fault[]).flatMap(chosen);
const startedMs = Date.now();
let done = 0;
const results = all.map(async (one) => {
  const result = await killing.run(one);
  if (result.reason !== '') console.error(JSON.stringify({ ...one, ...result }));
  done += 1;
  if (done % WORD === 0) {
    const elapsedMs = Date.now() - startedMs;
    const leftMs = (elapsedMs / done) * (all.length - done);
    console.error(`${done} of ${all.length}, ${minutes(elapsedMs)} min, ${minutes(leftMs)} to go`);
  }
  return { ...one, ...result };
});
for (const fault of flags.fault) {
  for (const protocol of flags.protocol) {
    const row: Row = { ...emptyTally(fault, protocol), hits: 0 };
    for (const [i, one] of all.entries()) {
      if (one.fault !== fault || one.protocol !== protocol) continue;
      const { verdict, hits } = (await results[i])!;
      row.runs += 1;
      row.hits += hits;
      row[verdict] += 1;
    }
    if (row.wrong + row.hung > 0 || row.hits < row.runs) process.exitCode = 1;
    console.log(flags.json ? JSON.stringify(row) : Object.values(row).join('\t'));
  }
}
