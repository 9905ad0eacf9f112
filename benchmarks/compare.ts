/**
 * `npm run bench:compare [-- --only <regular expression>] [-- --pin]`: measures what is quick to measure against a
 * baseline of the same run, and holds each ratio against the pinned one. Ends with 1 if a ratio has fallen by more
 * than a quarter. `--pin` writes the pinned ratios.
 *
 * Times are of the processor, and a ratio is of the least times of many rounds in turns: what else a machine does can
 * only add. Where a row has fallen, its subject has more rounds, until it has not, or has had enough.
 *
 * Pinned ratios (baselines/) and results (results/quick.json) are arrays as github-action-benchmark reads them
 * (tool: customBiggerIsBetter).
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { machine, type Subject, type TrackedFigure } from './harness.ts';
import { ring } from './kernels/ring.ts';
import { ristretto } from './kernels/ristretto.ts';
import { multiplyAccumulate } from './primitives/multiply-accumulate.ts';

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
/** Of ROUNDS rounds each, for a subject with a row that has fallen. */
const LOOKS = 4;

const { values: flags } = parseArgs({
  options: { only: { type: 'string', default: '' }, pin: { type: 'boolean', default: false } },
});
const only = new RegExp(flags.only);
const BASELINES = join(import.meta.dirname, 'baselines');
const RESULTS = join(import.meta.dirname, 'results');

/** A cost and its baseline's, each the best median of several rounds: whatever disturbs a machine only adds. */
interface Costs {
  readonly unit: string;
  readonly own: number;
  readonly baseline: { readonly name: string; readonly value: number };
}

type Best = Map<string, Costs>;

/** Lowers the best costs by those of more rounds. */
async function measure(subject: Subject, rounds: number, best: Best): Promise<void> {
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
}

const figuresOf = (best: Best): TrackedFigure[] =>
  [...best].map(([name, { unit, own, baseline }]) => {
    const times = `${own.toPrecision(3)} ${unit}; ${baseline.name}: ${baseline.value.toPrecision(3)} ${unit}`;
    return { name, unit: 'x', value: baseline.value / own, extra: `${times}; ${machine()}` };
  });

const write = (folder: string, name: string, figures: readonly TrackedFigure[]): void => {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, `${name}.json`), `${JSON.stringify(figures, null, 2)}\n`);
};

async function pin(name: string, subject: Subject): Promise<void> {
  const best: Best = new Map();
  await measure(subject, LOOKS * ROUNDS, best);
  const figures = figuresOf(best);
  write(BASELINES, name, figures);
  for (const { name: row, value, extra } of figures) {
    console.log(`pinned ${value.toFixed(2)} x  ${row} (${extra})`);
  }
}

interface Comparison {
  readonly figures: readonly TrackedFigure[];
  readonly regressions: readonly string[];
}

async function compare(name: string, subject: Subject): Promise<Comparison> {
  const pinned: TrackedFigure[] = JSON.parse(readFileSync(join(BASELINES, `${name}.json`), 'utf8'));
  const before = new Map(pinned.map((figure) => [figure.name, figure]));
  const leastOf = (row: string): number => LEAST * (before.get(row)?.value ?? 0);
  const best: Best = new Map();
  let figures: TrackedFigure[] = [];
  let fallen: TrackedFigure[] = [];
  for (let look = 0; look < LOOKS && (look === 0 || fallen.length > 0); look++) {
    await measure(subject, ROUNDS, best);
    figures = figuresOf(best);
    fallen = figures.filter(({ name: row, value }) => value < leastOf(row));
  }
  for (const { name: row, value, extra } of figures) {
    const then = before.get(row);
    const against =
      then === undefined ? 'not pinned' : `pinned ${then.value.toFixed(2)} x: ${then.extra}`;
    console.log(`${value.toFixed(2).padStart(7)} x  ${row} (${extra})\n           ${against}`);
  }
  const missing = pinned.filter(({ name: row }) => !best.has(row));
  return {
    figures,
    regressions: [
      ...fallen.map(
        ({ name: row, value }) =>
          `${row}: ${value.toFixed(2)} x is below ${leastOf(row).toFixed(2)} x`,
      ),
      ...missing.map(({ name: row }) => `${row}: pinned, but measured no more`),
    ],
  };
}

const chosen = Object.entries(SUBJECTS).filter(([name]) => only.test(name));
if (chosen.length === 0) {
  console.error(`--only chooses nothing; there are: ${Object.keys(SUBJECTS).join(', ')}`);
  process.exitCode = 2;
}
const all: TrackedFigure[] = [];
for (const [name, subject] of chosen) {
  if (flags.pin) await pin(name, subject);
  else {
    const { figures, regressions } = await compare(name, subject);
    all.push(...figures);
    for (const regression of regressions) {
      console.error(`regression: ${regression}`);
      process.exitCode = 1;
    }
  }
}
if (!flags.pin && chosen.length > 0) write(RESULTS, 'quick', all);
