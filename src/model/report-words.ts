/**
 * A report in sentences, for the page and for the terminal: what the numbers mean to whoever acts
 * on them.
 */
import { percent } from './quantities.ts';
import type { GainsBin } from './ranking.ts';
import type { Report } from './report.ts';

/** "Status = bad": what counts as a positive case. */
export const positiveCase = ({ label }: Report): string => `${label.column} = ${label.positive}`;

/** Of 100 pairs of one positive and one other case, how many a model puts in the right order. */
const pairs = (auc: number): number => Math.round(100 * auc);

/**
 * Whether the joint model beats the active party's own: 'better' or 'worse' only beyond one
 * standard error, since a smaller gap may be the luck of the held-out rows.
 */
export function verdict({ metrics }: Report): 'better' | 'worse' | 'alike' | 'alone' {
  const { joint, activeOnly } = metrics;
  if (activeOnly === undefined) return 'alone';
  const gap = joint.auc - activeOnly.auc;
  if (Math.abs(gap) <= joint.aucError) return 'alike';
  return gap > 0 ? 'better' : 'worse';
}

/** The result in one line. */
export function headline(report: Report): string {
  const { active, passive } = report.parties;
  return {
    better: `With ${passive}’s data, ${active} ranks its customers better.`,
    alike: `${passive}’s data makes no clear difference to how ${active} ranks its customers.`,
    worse: `With ${passive}’s data, ${active} ranks its customers worse than alone.`,
    alone: `${active} and ${passive} trained one model without showing each other a row.`,
  }[verdict(report)];
}

/** What the ranking quality means, in pairs of customers. */
export function ranking(report: Report): string {
  const { joint, activeOnly } = report.metrics;
  const alone =
    activeOnly === undefined
      ? ''
      : `; with ${report.parties.active}’s own columns alone, in ${pairs(activeOnly.auc)}`;
  return `Take one customer with ${positiveCase(report)} and one without: in ${pairs(joint.auc)} of 100 such pairs the joint model gives the first the higher score${alone}.`;
}

/** What contacting the best-scored tenth would find. */
export function firstTenth(report: Report): string {
  const [joint, own] = [report.metrics.joint.gains[0], report.metrics.activeOnly?.gains[0]];
  const found = (bin: GainsBin | undefined): string => percent(bin?.cumulativePositives ?? 0);
  const alone = own === undefined ? '' : ` (${found(own)} with own columns alone)`;
  return `The tenth of customers with the highest scores holds ${found(joint)} of all such cases${alone}.`;
}

/** Seconds and bytes, both ways, of the phases of that name, or of all. */
export function totals(report: Report, phase?: string): { seconds: number; bytes: number } {
  const chosen = report.phases.filter(({ name }) => phase === undefined || name === phase);
  return {
    seconds: chosen.reduce((sum, { seconds }) => sum + seconds, 0),
    bytes: chosen.reduce((sum, { sentBytes, receivedBytes }) => sum + sentBytes + receivedBytes, 0),
  };
}

/** What crosses to nobody in a training, whatever its parameters. */
export const KEPT_PRIVATE = [
  'the value of any feature of any row',
  'the label of any row, even of those in both tables',
  'gradients, residuals, scores and losses while the training runs',
  'the other party’s weights',
] as const;
