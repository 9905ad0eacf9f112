/** Whether a job that was disturbed came to what it comes to undisturbed. */
import { weightNoise } from '../support/weight-noise.ts';
import { type Case, PASSES } from './cases.ts';
import { type Outcome, PARTIES } from './sides.ts';
import type { Ended } from './worker.ts';

export type Verdict = 'same' | 'sameAbort' | 'wrong' | 'hung';

export interface Judged {
  readonly verdict: Verdict;
  /** What was wrong, in words. */
  readonly reason: string;
}

/** Of the training of every run: see `JobSpec`. */
const SETTINGS = { passes: PASSES, harmonics: 3, ridge: 0.001 };
/** A difference of two weights is beyond five of its standard deviations once in two million times. */
const DEVIATIONS = 5;
/** At this epsilon a number has other noise than zero once in ten thousand times, and more than one once in 10^8. */
const MEASURE_NOISE = 1;

export function judge(
  { fault, protocol }: Pick<Case, 'fault' | 'protocol'>,
  outcome: Outcome,
  reference: Outcome,
): Judged {
  const { bank, telco } = outcome.ends;
  if (fault === 'SIGTERM' && outcome.exits.some((code) => code !== 0)) {
    return { verdict: 'wrong', reason: 'a worker did not end in order' };
  }
  if (!bank.succeeded && !telco.succeeded) {
    const same = bank.code === telco.code && bank.code !== 'internal';
    return { verdict: same ? 'sameAbort' : 'wrong', reason: `${bank.code}, ${telco.code}` };
  }
  if (!(bank.succeeded && telco.succeeded)) {
    return { verdict: 'wrong', reason: `one party alone: '${bank.code}', '${telco.code}'` };
  }
  // Real encryption draws coins anew; all else has the same ones, and comes to the same to the last bit.
  const within = protocol === 'train encrypted' ? noiseOf(outcome) : 0;
  const differences = PARTIES.flatMap((party) => {
    const [found, expected] = [outcome.ends[party], reference.ends[party]];
    return [
      found.models === expected.models ? '' : 'another number of models',
      protocol === 'measure' ? otherNumbers(found, expected) : otherFiles(found, expected),
      otherDebits(found, expected, protocol === 'measure' ? found.attempt : 1),
      otherModel(found.half, expected.half, within),
    ];
  }).filter((difference) => difference !== '');
  return differences.length === 0
    ? { verdict: 'same', reason: '' }
    : { verdict: 'wrong', reason: differences.join(', ') };
}

const otherFiles = (found: Ended, expected: Ended): string =>
  JSON.stringify(found.files) === JSON.stringify(expected.files) ? '' : 'other files';

/** The sizes of cohorts are exact; how many converted has noise, which is drawn anew. */
function otherNumbers(found: Ended, expected: Ended): string {
  const [numbers, others] = [numbersOf(found), numbersOf(expected)];
  const same = numbers.every(
    ([cohort, exposed, converted], g) =>
      cohort === others[g]?.[0] &&
      exposed === others[g]?.[1] &&
      Math.abs(Number(converted) - Number(others[g]?.[2])) <= MEASURE_NOISE,
  );
  return same && numbers.length > 0 && numbers.length === others.length ? '' : 'other numbers';
}

function numbersOf({ files: [file = ''] }: Ended): (readonly (string | undefined)[])[] {
  const [header = '', ...lines] = file.trim().split('\n');
  const places = ['cohort', 'exposed', 'converted'].map((name) => header.split(',').indexOf(name));
  return lines.map((line) => places.map((place) => line.split(',')[place]));
}

/** A gate debits an answer once; a measurement once an attempt, whose noise is drawn anew. */
function otherDebits({ spent }: Ended, { spent: once }: Ended, most: number): string {
  const fits = spent.every((amount, i) => amount >= once[i]! && amount <= most * once[i]!);
  return fits && spent.length === once.length ? '' : `debited ${spent} instead of ${once}`;
}

interface Half {
  readonly weights: { readonly whitened: readonly number[] };
  readonly intercept: number;
  readonly preprocessing: unknown;
  readonly parameters: unknown;
  readonly metrics: unknown;
  readonly lineage: { readonly trainRows: number };
}

const halfOf = (text: string): Half | undefined =>
  text === '' ? undefined : (JSON.parse(text) as Half);

function otherModel(found: string, expected: string, within: number): string {
  const [own, other] = [halfOf(found), halfOf(expected)];
  if (own === undefined || other === undefined) return own === other ? '' : 'no model';
  const [weights, others] = [own, other].map((half) => [...half.weights.whitened, half.intercept]);
  const off = Math.max(...weights!.map((weight, i) => Math.abs(weight - others![i]!)));
  if (weights!.length !== others!.length || !(off <= within)) return `weights off by ${off}`;
  const rest = ({ preprocessing, parameters, metrics }: Half) =>
    JSON.stringify([preprocessing, parameters, within === 0 ? metrics : {}]);
  return rest(own) === rest(other) ? '' : 'another model around the same weights';
}

/** How far two trainings of these sizes may be apart in one weight, wherever on the curve its rows lie. */
function noiseOf({ ends }: Outcome): number {
  const [active, passive] = [halfOf(ends.bank.half), halfOf(ends.telco.half)];
  if (active === undefined || passive === undefined) return 0;
  const sizes = {
    rows: active.lineage.trainRows,
    dActive: active.weights.whitened.length,
    dPassive: passive.weights.whitened.length,
    ...SETTINGS,
  };
  return DEVIATIONS * Math.SQRT2 * weightNoise(sizes, SETTINGS.ridge, 0);
}
