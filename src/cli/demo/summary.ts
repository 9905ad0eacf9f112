/** What the demo tells at its end: to a person as a page of text, to a program as one object. */
import type { Metrics } from '../../model/metrics.ts';
import type { Report, ReportPhase } from '../../model/report.ts';
import { bytesText, type Output } from '../output.ts';
import { type ExcludeFindings, excludeLines } from './exclude.ts';
import { type MeasureFindings, measureLines } from './measure.ts';
import { tagLines, tagObject } from './tag-summary.ts';
import type { TagFindings } from './tags.ts';

/** All that the demo found out. */
export interface DemoOutcome {
  readonly report: Report;
  readonly predict: { readonly rows: number; readonly seconds: number; readonly bytes: number };
  readonly tagQuery: TagFindings;
  readonly exclude: ExcludeFindings;
  readonly measured: MeasureFindings;
  readonly passes: number;
  readonly files: { readonly html: string; readonly json: string; readonly scores: string };
  /** Wall clock of the whole demo. */
  readonly seconds: number;
}

/** The object of `demo --json`: seconds are wall clock, bytes both directions. */
export function demoObject({
  report,
  predict,
  tagQuery,
  exclude,
  measured,
  passes,
  files,
  seconds,
}: DemoOutcome): object {
  const { joint, activeOnly, pooled } = report.metrics;
  const train = phaseOf(report, 'train');
  const align = phaseOf(report, 'align');
  return {
    align: { rows: report.rows.aligned, seconds: align.seconds, bytes: bytesOf(align) },
    train: {
      rows: report.rows.train,
      rowsHeldOut: report.rows.heldOut,
      featuresActive: report.features.active,
      featuresPassive: report.features.passive,
      passes,
      auc: joint.auc,
      ks: joint.ks,
      logLoss: joint.logLoss,
      aucBankOnly: activeOnly?.auc,
      ksBankOnly: activeOnly?.ks,
      logLossBankOnly: activeOnly?.logLoss,
      aucPooled: pooled?.auc,
      ksPooled: pooled?.ks,
      logLossPooled: pooled?.logLoss,
      seconds: train.seconds,
      bytes: bytesOf(train),
    },
    predict,
    tagQuery: tagObject(tagQuery),
    exclude,
    measure: measured,
    report: files,
    seconds,
  };
}

function phaseOf(report: Report, name: string): ReportPhase {
  return (
    report.phases.find((phase) => phase.name === name) ?? {
      name,
      seconds: 0,
      sentBytes: 0,
      receivedBytes: 0,
    }
  );
}

const bytesOf = (phase: ReportPhase): number => phase.sentBytes + phase.receivedBytes;

/** The page of text; the numbers of held-out rows first, as they are what one came for. */
export function demoText(outcome: DemoOutcome, output: Output): string {
  const { report } = outcome;
  const { active, passive } = report.parties;
  const bold = (text: string): string => output.style('bold', text);
  const number = (value: number): string => value.toLocaleString('en-US');
  const lines = [
    '',
    bold(`  ${report.rows.aligned.toLocaleString('en-US')} customers in common`),
    `  trained on ${number(report.rows.train)} of them, measured on ${number(report.rows.heldOut)} held out`,
    `  ${active}: ${report.columns.active.length} columns, ${report.features.active} features, and who did not pay back`,
    `  ${passive}: ${report.columns.passive.length} columns, ${report.features.passive} features`,
    '',
    bold('  held-out rows                AUC     KS  log-loss'),
    ...modelLines(outcome, output),
    '',
    bold('                           seconds        sent    received'),
    ...report.phases.map((phase) => phaseLine(phase)),
    `  predict, ${number(outcome.predict.rows)} rows`.padEnd(28) +
      outcome.predict.seconds.toFixed(1).padStart(6) +
      `${bytesText(outcome.predict.bytes)} both ways`.padStart(24),
    `  everything, with two workers started and stopped: ${outcome.seconds.toFixed(0)} s`,
    '',
    ...tagLines(outcome.tagQuery, output),
    '',
    ...excludeLines(outcome.exclude, output),
    '',
    ...measureLines(outcome.measured),
    '',
    bold('  who learnt what'),
    ...learnt(report),
    '',
    `  ${bold('report')}  ${outcome.files.html}`,
    `  ${bold('scores')}  ${outcome.files.scores}`,
    '',
  ];
  return lines.join('\n');
}

function modelLines({ report }: DemoOutcome, output: Output): string[] {
  const { joint, activeOnly, pooled } = report.metrics;
  const rows: (readonly [string, Metrics | undefined, string])[] = [
    [`${report.parties.active} alone`, activeOnly, ''],
    ['together, encrypted', joint, ''],
    ['pooled in the clear', pooled, 'only a demo can do this'],
  ];
  return rows.flatMap(([name, metrics, remark]) => {
    if (metrics === undefined) return [];
    const line = `  ${name.padEnd(24)}${metrics.auc.toFixed(4).padStart(8)}${metrics.ks.toFixed(3).padStart(7)}${metrics.logLoss.toFixed(4).padStart(10)}  ${bar(metrics.auc)}`;
    const text = remark === '' ? line : `${line}  ${output.style('dim', remark)}`;
    return [metrics === joint ? output.style('green', text) : text];
  });
}

/** AUC as a length: nothing at 0.5, which is guessing, and 30 characters at 1. */
function bar(auc: number): string {
  return '▇'.repeat(Math.max(0, Math.round((auc - 0.5) * 60)));
}

function phaseLine(phase: ReportPhase): string {
  return (
    `  ${phase.name}`.padEnd(28) +
    phase.seconds.toFixed(1).padStart(6) +
    bytesText(phase.sentBytes).padStart(12) +
    bytesText(phase.receivedBytes).padStart(12)
  );
}

/** Who learns what: first what both do, then what each alone does, wrapped to a terminal's width. */
function learnt({ disclosures, parties }: Report): string[] {
  const of = (party: string): string[] =>
    disclosures.filter((disclosure) => disclosure.party === party).map(({ learns }) => learns);
  const [active, passive] = [of(parties.active), of(parties.passive)];
  const lists: (readonly [string, readonly string[]])[] = [
    ['both learn', active.filter((learns) => passive.includes(learns))],
    [`${parties.active} learns`, active.filter((learns) => !passive.includes(learns))],
    [`${parties.passive} learns`, passive.filter((learns) => !active.includes(learns))],
  ];
  return lists.flatMap(([who, learns]) =>
    learns.length === 0 ? [] : [`  ${who}`, ...learns.flatMap(bullet)],
  );
}

function bullet(text: string): string[] {
  return wrapped(text, 88).map((line, index) => `  ${index === 0 ? '· ' : '  '}${line}`);
}

export function wrapped(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last === undefined || last.length + 1 + word.length > width) lines.push(word);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines;
}
