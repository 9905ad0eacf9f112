/**
 * `npm run test:soak -- [--minutes 10] [--every 10] [--json]`: two real workers do one job after another, and tag
 * queries, while something goes wrong every few seconds. Nothing may end wrong, and the worker that is never killed
 * must not grow. Exits with 1 otherwise.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { emptyTally } from '../faults/tally.ts';
import { inOneFolder } from '../support/one-folder.ts';
import { Faults } from './faults.ts';
import { growthOf, type Sample, sampleOf, WATCHED } from './memory.ts';
import { setUpSoak, tagCommand } from './sites.ts';
import { WORK } from './work.ts';

inOneFolder();

const { values: flags } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    every: { type: 'string', default: '10' },
    json: { type: 'boolean', default: false },
  },
});
const minutes = Number(flags.minutes);
/** In the first half: after some eighty jobs V8 has compiled what is often called, and caches have their size. */
const WARM_SHARE = 1 / 2;
/** From then on, in MiB. */
const MOST_GROWTH = 1;
/** A shorter run ends before it is warm: its growth is told, and not judged. */
const LEAST_MINUTES = 5;

const soak = await setUpSoak();
const company = await soak.sites.start('company');
await tagCommand(['sync'], soak.sites.bank.config);
const { NODE_OPTIONS = '' } = process.env;
Object.assign(process.env, WATCHED);
const bank = await soak.sites.start('bank');
process.env.NODE_OPTIONS = NODE_OPTIONS;
const faults = new Faults(soak, bank, company);

const started = performance.now();
const endsAt = started + 60_000 * minutes;
const samples: Sample[] = [];
const kinds = Object.entries(WORK);
const tallies = kinds.map(([protocol]) => emptyTally('soak', protocol));

async function disturb(): Promise<void> {
  for (;;) {
    await pause(1_000 * Number(flags.every));
    if (performance.now() >= endsAt) return;
    await faults.next();
  }
}

const disturbed = disturb();
for (let number = 0; performance.now() < endsAt; number += 1) {
  const turn = number % kinds.length;
  const verdict = await kinds[turn]![1](soak, number);
  tallies[turn]!.runs += 1;
  tallies[turn]![verdict] += 1;
  // After the same job each time: threads collect what their last task left only at their next one, four MiB or none.
  if (turn !== 0) continue;
  const sample = await sampleOf(bank.process);
  samples.push(sample);
  if (number % 30 === 0) {
    const left = Math.max(0, Math.round((endsAt - performance.now()) / 1000));
    console.error(
      `${number + 1} done, ${faults.count} faults, ${sample.residentMiB.toFixed(1)} MiB of it ${sample.heapMiB.toFixed(1)} heap, ${left} s left`,
    );
  }
}
await disturbed;

const warm = samples.filter(({ atMs }) => atMs > started + WARM_SHARE * (endsAt - started));
const growthMiB = growthOf(warm, 'residentMiB');
const isJudged = minutes >= LEAST_MINUTES;
const growth = {
  fault: 'soak',
  protocol: 'resident memory',
  runs: 1,
  same: isJudged && growthMiB > MOST_GROWTH ? 0 : 1,
  sameAbort: 0,
  wrong: isJudged && growthMiB > MOST_GROWTH ? 1 : 0,
  hung: 0,
  faults: faults.count,
  minutes,
  growthMiB,
  heapGrowthMiB: growthOf(warm, 'heapMiB'),
  residentMiB: warm.at(-1)?.residentMiB,
};
const rows = [...tallies, growth];
const rounded = (_: string, value: unknown): unknown =>
  typeof value === 'number' ? Number(value.toFixed(2)) : value;
if (flags.json) for (const row of rows) console.log(JSON.stringify(row, rounded));
else console.table(rows);
const isBad = rows.some(({ runs, wrong, hung }) => runs === 0 || wrong + hung > 0);
if (isBad || faults.count === 0) process.exitCode = 1;
await soak.proxy[Symbol.asyncDispose]();
await soak.sites[Symbol.asyncDispose]();
// At once: while it frees what HTTP/2 left of broken connections, Node has been seen to spin for ever.
process.exit();
