/**
 * `npm run bench:table`: writes the rows of results/*.jsonl into README.md, between the markers of their subjects, and
 * the plot of a pass; and results/*.json, arrays as github-action-benchmark reads them: <subject>.json of ratios (tool:
 * customBiggerIsBetter), <subject>.costs.json of times, bytes and memory without a baseline (customSmallerIsBetter).
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { isMet, type Row, type TrackedFigure } from './harness.ts';
import { passPlot } from './plot.ts';

type Result = Row & { readonly machine: string };

const README = join(import.meta.dirname, 'README.md');
const RESULTS = join(import.meta.dirname, 'results');
/** Rows of single seeds are in the results; the table has their means. */
const SINGLE = /split seed/;

const text = (value: number): string => {
  if (Math.abs(value) < 1000) return String(Number(value.toPrecision(3)));
  return Math.round(value).toLocaleString('en');
};

function goalText(row: Row): string {
  const { goal } = row;
  if (goal === undefined) return '';
  const met = isMet(row) ? '' : ', missed';
  if ('ratioAtLeast' in goal) return `>= ${goal.ratioAtLeast} x${met}`;
  return ('atMost' in goal ? `<= ${goal.atMost}` : `>= ${goal.atLeast}`) + met;
}

/** Of a value without a baseline. */
const betterIfBigger = ({ unit, goal }: Row): boolean =>
  goal === undefined ? ['x', 'AUC'].includes(unit) : !('atMost' in goal);

function track(subject: string, rows: readonly Result[]): void {
  const ratios: TrackedFigure[] = [];
  const costs: TrackedFigure[] = [];
  for (const row of rows) {
    const { name, unit, value, baseline, ratio, machine } = row;
    const own = `${text(value)} ${unit}`;
    const extra =
      baseline === undefined
        ? machine
        : `${own}; ${baseline.name}: ${text(baseline.value)} ${unit}; ${machine}`;
    if (ratio !== undefined) ratios.push({ name, unit: 'x', value: ratio, extra });
    else (betterIfBigger(row) ? ratios : costs).push({ name, unit, value, extra });
  }
  for (const [suffix, figures] of Object.entries({ json: ratios, 'costs.json': costs })) {
    if (figures.length === 0) continue;
    writeFileSync(join(RESULTS, `${subject}.${suffix}`), `${JSON.stringify(figures, null, 2)}\n`);
  }
}

function tableOf(rows: readonly Result[]): string {
  const lines = rows
    .filter(({ name }) => !SINGLE.test(name))
    .map((row) => {
      const { name, value, unit, baseline, ratio, samples } = row;
      const against = baseline === undefined ? '' : `${baseline.name}: ${text(baseline.value)}`;
      const cells = [
        name.replace(/^[a-z-]+: /, ''),
        `${text(value)} ${unit}`,
        against,
        ratio === undefined ? '' : `${text(ratio)} x`,
        goalText(row),
        String(samples),
      ];
      return `| ${cells.join(' | ')} |`;
    });
  const machines = [...new Set(rows.map(({ machine }) => machine))].join('; ');
  return [
    machines,
    '',
    '| row | value | baseline of the same run | ratio | goal | samples |',
    '|---|--:|---|--:|---|--:|',
    ...lines,
  ].join('\n');
}

let readme = readFileSync(README, 'utf8');
for (const file of readdirSync(RESULTS).filter((name) => name.endsWith('.jsonl'))) {
  const subject = basename(file, '.jsonl');
  const rows = readFileSync(join(RESULTS, file), 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Result);
  const [begin, end] = [`<!-- ${subject}: begin -->`, `<!-- ${subject}: end -->`];
  const [from, to] = [readme.indexOf(begin), readme.indexOf(end)];
  if (from < 0 || to < from) {
    console.error(`README.md has no place for ${subject}: ${begin} ... ${end}`);
    process.exitCode = 1;
    continue;
  }
  track(subject, rows);
  if (subject === 'passes')
    writeFileSync(join(import.meta.dirname, 'pass.svg'), await passPlot(rows));
  readme = `${readme.slice(0, from + begin.length)}\n${tableOf(rows)}\n${readme.slice(to)}`;
}
writeFileSync(README, readme);
