/** What the demo tells of its tag query, the company's side of it included. */
import type { Output } from '../output.ts';
import type { TagFindings } from './tags.ts';

/** Of `demo --json`: `rows` of the company's table, times of one look-up in milliseconds. */
export function tagObject({ rows, queries, correct, p50Ms, p99Ms, qps }: TagFindings): object {
  const [p50, p99] = [p50Ms, p99Ms].map((ms) => Number(ms.toFixed(2)));
  return { rows, queries, correct, p50Ms: p50, p99Ms: p99, qps: Math.round(qps) };
}

export function tagLines(findings: TagFindings, output: Output): string[] {
  const { rows, seconds, queries, correct, found, p50Ms, p99Ms, qps, heard } = findings;
  const number = (value: number): string => value.toLocaleString('en-US');
  const said = heard.first.map(
    ({ time, ids, purpose, point }) =>
      `  ${time.slice(11, 23)}  ${purpose}  ${String(ids).padStart(2)} ids  ${point.slice(0, 40)}…`,
  );
  return [
    output.style('bold', `  tags of ${number(queries)} single customers, asked anonymously`),
    `  ${number(rows)} members sealed in ${seconds.toFixed(1)} s; ${number(found)} of the customers found, ${number(queries - found)} are not members`,
    `  ${number(correct)} of ${number(queries)} answers equal the company's table; half within ${p50Ms.toFixed(1)} ms, 99 % within ${p99Ms.toFixed(1)} ms, ${number(Math.round(qps))} a second`,
    '',
    output.style('bold', '  all that the company saw of it'),
    ...said,
    output.style(
      'dim',
      `  … ${number(heard.requests)} requests, ${heard.bytesPerId} random bytes an id, found or not; ids that stand in them: ${heard.idsInRequests}`,
    ),
  ];
}
