/** Each fault of a line at some moments of a protocol over mutual TLS. */
import { jobLine, type LineRun } from './job-line.ts';
import { LINE_FAULTS, MOMENTS } from './line-faults.ts';
import { tagLine } from './tag-line.ts';
import { atOnce, count, emptyTally, type Tally } from './tally.ts';

export const LINES: Readonly<Record<string, LineRun>> = {
  align: jobLine('align'),
  train: jobLine('train'),
  exclude: jobLine('exclude'),
  measure: jobLine('measure'),
  'tag query': tagLine,
};

/** Most of a run is waiting for a deadline. */
const AT_ONCE = 6;

/** A row for each fault; throws if the run without one goes wrong. */
export async function disturbLine(
  protocol: string,
  { faults = Object.keys(LINE_FAULTS), moments = MOMENTS as readonly number[] } = {},
): Promise<readonly Tally[]> {
  const run = LINES[protocol]!;
  const undisturbed = await run(() => {});
  if (undisturbed.verdict !== 'same') throw new Error(JSON.stringify(undisturbed));
  const rows = faults.map((fault) => ({ fault, tally: emptyTally(fault, protocol) }));
  const runs = moments.flatMap((share) => rows.map((row) => ({ share, ...row })));
  await atOnce(AT_ONCE, runs, async ({ share, fault, tally }) => {
    const at = Math.floor(share * undisturbed.bytes);
    const { verdict, endings } = await run((line, passed) => {
      line.at(passed + at, () => LINE_FAULTS[fault]!(line));
    });
    count(tally, verdict, () => `at byte ${at}: ${JSON.stringify(endings)}`);
  });
  return rows.map(({ tally }) => tally);
}
