/** Two parties that measure, with made-up ids and values; and the same in the clear. */
import type { Random } from '../../src/base/random.ts';
import type { MeasureTerms } from '../../src/protocols/measure/index.ts';
import {
  activeMeasure,
  type MeasuredCohort,
  passiveMeasure,
} from '../../src/protocols/measure/index.ts';
import type { Party } from '../../src/protocols/party.ts';
import { seededRandom } from './random.ts';
import { type Outcome, type PairOptions, runPair } from './two-party.ts';

/** Ids and values of a measurement. */
export interface Stage {
  readonly terms: MeasureTerms;
  /** Of the passive party: the ids of each cohort. */
  readonly cohorts: readonly (readonly string[])[];
  readonly converters: readonly string[];
  /** Column by column. */
  readonly values: readonly (readonly number[])[];
}

/** An epsilon so large that noise is zero but with probability exp(-50). */
export const silent = (most: number): number => 50 * most;

export const measureTerms = (changes: Partial<MeasureTerms> = {}): MeasureTerms => ({
  session: new Uint8Array(32),
  cohorts: 2,
  columns: [{ most: 1_000, epsilon: silent(1_000) }],
  countEpsilon: silent(1),
  matchEpsilon: 1,
  least: 5,
  maxRows: 100_000,
  ...changes,
});

export interface StageOptions extends PairOptions {
  readonly cheat?: {
    readonly passive?: (p: Party) => Party;
    readonly active?: (p: Party) => Party;
  };
  readonly noise?: readonly [passive: Random, active: Random];
}

export async function measureTogether(
  { terms, cohorts, converters, values }: Stage,
  { cheat = {}, noise, ...options }: StageOptions = {},
): Promise<readonly [Outcome<readonly MeasuredCohort[]>, Outcome<readonly MeasuredCohort[]>]> {
  const ids = cohorts.flat();
  let row = 0;
  const rows = cohorts.map((cohort) => Uint32Array.from(cohort, () => row++));
  const seed = options.seed ?? 'stage';
  const [ofPassive, ofActive] = noise ?? [seededRandom(`${seed} p`), seededRandom(`${seed} a`)];
  return await runPair(
    (party) =>
      passiveMeasure((cheat.passive ?? ((p) => p))(party), {
        terms,
        ids,
        cohorts: rows,
        noise: ofPassive,
      }),
    (party) =>
      activeMeasure((cheat.active ?? ((p) => p))(party), {
        terms,
        ids: converters,
        columns: values.map((column) => Float64Array.from(column)),
        noise: ofActive,
      }),
    options,
  );
}

/** What the table says when there is no noise. */
export function plainTable({ terms, cohorts, converters, values }: Stage): MeasuredCohort[] {
  return cohorts.map((cohort) => {
    const members = new Set(cohort);
    const matched = [...converters.keys()].filter((row) => members.has(converters[row]!));
    const sums = [
      matched.length,
      ...values.map((column) => matched.reduce((sum, row) => sum + column[row]!, 0)),
    ];
    const exposed = cohort.length >= terms.least ? cohort.length : undefined;
    return { exposed, sums: exposed !== undefined && sums[0]! >= terms.least ? sums : undefined };
  });
}
