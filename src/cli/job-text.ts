/** Jobs and plans in words: what a person reads after plan, get and watch. */
import type { JsonObject } from '@bufbuild/protobuf';
import type { Disclosure } from '../gen/sotto/job/v1/agreement_pb.ts';
import type { Job, PlanJobResponse } from '../gen/sotto/job/v1/job_pb.ts';
import { bytesText, type Output, secondsText } from './output.ts';
import { progressText, stateText } from './progress.ts';

/** A job as a small report. */
export function jobText(job: Job, output: Output): string {
  const lines = [
    `${output.style('bold', job.id)}  ${stateText(job.state)}`,
    `  ${job.spec?.protocol.case ?? 'job'} with ${job.peer}, purpose ${job.spec?.purpose ?? ''}`,
    `  ${progressText(job)}`,
  ];
  if (job.error !== undefined) {
    const facts = Object.entries(job.error.facts ?? {}).map(([name, value]) => `${name}: ${value}`);
    lines.push(`  ${output.style('red', job.error.code)}: ${job.error.message}`);
    if (facts.length > 0) lines.push(`  ${facts.join(', ')}`);
  }
  lines.push(...section('result', structLines(job.result)));
  lines.push(...section('cryptography', structLines(job.parameters)));
  lines.push(...section('who learns what', disclosureLines(job.disclosures)));
  lines.push(...section('files', job.artifacts));
  return lines.join('\n');
}

/** A plan: the cost first, then what is disclosed, then what to beware of. */
export function planText(plan: PlanJobResponse, output: Output): string {
  const lines = [
    output.style(
      'bold',
      `${plan.spec?.protocol.case ?? 'job'}, purpose ${plan.spec?.purpose ?? ''}`,
    ),
    `  rows here         ${plan.rows}`,
    `  traffic, about    ${bytesText(Number(plan.estimatedBytes))}`,
    `  time, about       ${secondsText(plan.estimatedSeconds)}`,
    ...section('cryptography', structLines(plan.parameters)),
    ...section('who learns what', disclosureLines(plan.disclosures)),
    ...section(output.style('yellow', 'beware'), plan.warnings),
  ];
  return lines.join('\n');
}

function section(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : [`  ${title}`, ...lines.map((line) => `    ${line}`)];
}

function disclosureLines(disclosures: readonly Disclosure[]): string[] {
  return disclosures.map(({ party, learns }) => `${party} learns ${learns}`);
}

/** One line for each entry; nested values as JSON, lists shortened to their length. */
function structLines(struct: JsonObject | undefined): string[] {
  return Object.entries(struct ?? {}).map(([name, value]) => {
    if (Array.isArray(value)) return `${name}: ${value.length} entries`;
    if (typeof value === 'number' && !Number.isInteger(value))
      return `${name}: ${value.toPrecision(6)}`;
    return `${name}: ${typeof value === 'object' ? JSON.stringify(value) : value}`;
  });
}
