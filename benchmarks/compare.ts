/**
 * `npm run bench:compare [-- --only <regular expression>] [-- --pin]`: measures what is quick to measure against a
 * baseline of the same run, and holds each ratio against the pinned one. Ends with 1 if a ratio has fallen by more
 * than a quarter. Ratios move less than times from machine to machine, and with what else a machine does; a row that
 * falls is measured once more, and the better counts. `--pin` writes the pinned ratios.
 *
 * Pinned ratios (baselines/) and results (results/) are arrays as github-action-benchmark reads them
 * (tool: customBiggerIsBetter).
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { machine, type Subject } from './harness.ts';
import { ring } from './kernels/ring.ts';
import { ristretto } from './kernels/ristretto.ts';
import { multiplyAccumulate } from './primitives/multiply-accumulate.ts';

/** One figure of github-action-benchmark. */
interface Entry {
  readonly name: string;
  readonly unit: 'x';
  readonly value: number;
  /** The two times that the ratio is of, and the machine. */
  readonly extra: string;
}

const SUBJECTS: Readonly<Record<string, Subject>> = {
  'multiply-accumulate': multiplyAccumulate,
  ring,
  ristretto,
};
/** Rows that are mostly allocation: garbage is collected at times of its own. Each has a row without. */
const NOISY = /@noble\/curves|with copies|torus/;
/** Of the pinned ratio: less is a regression. */
const LEAST = 0.75;
const ROUNDS = 3;

const { values: flags } = parseArgs({
  options: { only: { type: 'string', default: '' }, pin: { type: 'boolean', default: false } },
});
const only = new RegExp(flags.only);
const fileOf = (folder: string, subject: string): string =>
  join(import.meta.dirname, folder, `${subject}.json`);

/** A cost and its baseline's, each the best median of several rounds: whatever disturbs a machine only adds. */
interface Costs {
  readonly unit: string;
  readonly own: number;
  readonly baseline: { readonly name: string; readonly value: number };
}

async function measure(subject: Subject, rounds: number): Promise<Entry[]> {
  const best = new Map<string, Costs>();
  for (let round = 0; round < rounds; round++) {
    for await (const { name, unit, value, baseline } of subject({ quick: true })) {
      if (baseline === undefined || NOISY.test(`${name} ${baseline.name}`)) continue;
      const before = best.get(name);
      best.set(name, {
        unit,
        own: Math.min(value, before?.own ?? value),
        baseline: {
          name: baseline.name,
          value: Math.min(baseline.value, before?.baseline.value ?? baseline.value),
        },
      });
    }
  }
  return [...best].map(([name, { unit, own, baseline }]) => {
    const times = `${own.toPrecision(3)} ${unit}; ${baseline.name}: ${baseline.value.toPrecision(3)} ${unit}`;
    return { name, unit: 'x', value: baseline.value / own, extra: `${times}; ${machine()}` };
  });
}

const write = (folder: string, name: string, entries: readonly Entry[]): void => {
  mkdirSync(join(import.meta.dirname, folder), { recursive: true });
  writeFileSync(fileOf(folder, name), `${JSON.stringify(entries, null, 2)}\n`);
};

async function pin(name: string, subject: Subject): Promise<void> {
  const entries = await measure(subject, 2 * ROUNDS);
  write('baselines', name, entries);
  for (const { name: row, value, extra } of entries) {
    console.log(`pinned ${value.toFixed(2)} x  ${row} (${extra})`);
  }
}

/** Rows whose ratio has fallen too far, after a second look at them. */
async function compare(name: string, subject: Subject): Promise<string[]> {
  const pinned = JSON.parse(readFileSync(fileOf('baselines', name), 'utf8')) as Entry[];
  const least = new Map(pinned.map((entry) => [entry.name, LEAST * entry.value]));
  const fallen = (entries: readonly Entry[]): Entry[] =>
    entries.filter((entry) => entry.value < (least.get(entry.name) ?? 0));

  let entries = await measure(subject, ROUNDS);
  if (fallen(entries).length > 0) {
    const again = await measure(subject, ROUNDS);
    entries = entries.map((first, i) => (again[i]!.value > first.value ? again[i]! : first));
  }
  write('results', name, entries);
  const missing = pinned.filter((entry) => entries.every(({ name: row }) => row !== entry.name));
  for (const { name: row, value, extra } of entries) {
    const before = pinned.find((entry) => entry.name === row);
    const against =
      before === undefined ? 'not pinned' : `pinned ${before.value.toFixed(2)} x: ${before.extra}`;
    console.log(`${value.toFixed(2).padStart(7)} x  ${row} (${extra})\n           ${against}`);
  }
  return [
    ...fallen(entries).map(
      (row) =>
        `${row.name}: ${row.value.toFixed(2)} x is below ${least.get(row.name)!.toFixed(2)} x`,
    ),
    ...missing.map((entry) => `${entry.name}: pinned, but measured no more`),
  ];
}

const chosen = Object.entries(SUBJECTS).filter(([name]) => only.test(name));
if (chosen.length === 0) {
  console.error(`--only chooses nothing; there are: ${Object.keys(SUBJECTS).join(', ')}`);
  process.exitCode = 2;
}
for (const [name, subject] of chosen) {
  if (flags.pin) await pin(name, subject);
  else {
    for (const regression of await compare(name, subject)) {
      console.error(`regression: ${regression}`);
      process.exitCode = 1;
    }
  }
}
