/**
 * `npm run test:all [-- --json] [--quick]`: everything that takes too long for each change: faults, kills, fuzzing,
 * attacks, soak and seeded bugs, and one table at the end. Exits with 1 unless
 * nothing was wrong, nothing hung, and every suite ran.
 */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { type Row, type Sizes, type Suite, suites } from './suites.ts';

const { values: flags } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    quick: { type: 'boolean', default: false },
  },
});
const root = join(import.meta.dirname, '..', '..');

const FULL: Sizes = {
  schedules: 75,
  framesOfLong: 6,
  stepsOfLong: 4,
  kills: 288,
  tagKills: 500,
  messages: 200_000,
  ciphertexts: 20_000,
  wire: 20_000,
  soakMinutes: 10,
  queries: 1_000,
};
/** A look at whether every suite runs. */
const QUICK: Sizes = {
  schedules: 5,
  framesOfLong: 1,
  stepsOfLong: 1,
  kills: 8,
  tagKills: 5,
  messages: 5_000,
  ciphertexts: 500,
  wire: 500,
  soakMinutes: 0.5,
  queries: 100,
};

/** Most suites wait as long as they compute. */
const LANES = 2;

/** The rows of a suite; a suite that ends badly adds a wrong one, so that it cannot be overlooked. */
async function run({ name, command, rows }: Suite): Promise<Row[]> {
  const child = spawn(process.execPath, command, {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines: Record<string, unknown>[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    if (!line.startsWith('{')) continue;
    const parsed = JSON.parse(line);
    lines.push(parsed);
    if (parsed.wrong > 0 || parsed.hung > 0) console.error(line); // now, and with all that the suite says of it
  }
  const code =
    child.exitCode ?? (await new Promise<number>((resolve) => child.once('close', resolve)));
  const found = [...rows(lines)];
  const noticed = found.some(({ wrong, hung }) => wrong + hung > 0);
  if ((code !== 0 && !noticed) || found.length === 0) {
    const ended = { fault: `suite ended with ${code}`, protocol: name };
    found.push({ ...ended, runs: 1, same: 0, sameAbort: 0, wrong: 1, hung: 0 });
  }
  return found;
}

function total(rows: readonly Row[]): Row {
  const sum = (field: 'runs' | 'same' | 'sameAbort' | 'wrong' | 'hung'): number =>
    rows.reduce((so, row) => so + row[field], 0);
  return {
    fault: 'total',
    protocol: 'all',
    runs: sum('runs'),
    same: sum('same'),
    sameAbort: sum('sameAbort'),
    wrong: sum('wrong'),
    hung: sum('hung'),
  };
}

const started = performance.now();
const minutes = (): string => ((performance.now() - started) / 60_000).toFixed(1);
const list = suites(flags.quick ? QUICK : FULL);
const all: Row[] = [];
let ended = 0;

async function runAndShow(suite: Suite): Promise<void> {
  console.error(`[${minutes()} min] starts: ${suite.name}`);
  const rows = await run(suite);
  ended += 1;
  console.error(`[${minutes()} min] ended, ${ended} of ${list.length}: ${suite.name}`);
  if (flags.json) for (const row of rows) console.log(JSON.stringify(row));
  all.push(...rows);
}

for (const suite of list) if (suite.alone) await runAndShow(suite);
const waiting = list.filter(({ alone }) => !alone);
await Promise.all(
  Array.from({ length: LANES }, async () => {
    for (let suite = waiting.shift(); suite !== undefined; suite = waiting.shift()) {
      await runAndShow(suite);
    }
  }),
);
const sum = total(all);
if (flags.json) console.log(JSON.stringify(sum));
else console.table([...all, sum]);
console.error(`${minutes()} minutes`);
if (!(sum.wrong === 0 && sum.hung === 0)) process.exitCode = 1;
