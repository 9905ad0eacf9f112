/** Columns as lanes: what of a column is summed modulo one plaintext modulus. The last lane counts dummies. */
import { SottoError } from '../../base/errors.ts';
import type { Random } from '../../base/random.ts';
import { discreteLaplace, scaleOf } from '../../math/discrete-laplace.ts';
import { modulo, remaindersOf } from '../../math/torus.ts';
import { SUM_MODULI } from '../../primitives/he/index.ts';
import type { MeasureTerms, SumColumn } from './shape.ts';

export interface Lane {
  /** 0: ids; then `terms.columns`; last: dummies. */
  readonly column: number;
  readonly modulus: number;
}

/** The columns of a measurement, the count of ids first. */
export const sumColumns = ({ columns, countEpsilon }: MeasureTerms): readonly SumColumn[] => [
  { most: 1, epsilon: countEpsilon },
  ...columns,
];

/** Two draws are farther from zero than this many scales together with probability below 2^-90. */
const NOISE_SCALES = 128;

/** Lanes of a measurement: each column has as many moduli as its largest sum needs. */
export function lanesOf(terms: MeasureTerms, summands: number): readonly Lane[] {
  const columns = sumColumns(terms);
  const lanes = columns.flatMap((column, index) =>
    moduliOf(column, summands).map((modulus) => ({ column: index, modulus })),
  );
  return [...lanes, { column: columns.length, modulus: SUM_MODULI[0]! }];
}

function moduliOf({ most, epsilon }: SumColumn, summands: number): readonly number[] {
  const largest = most * (summands + NOISE_SCALES / epsilon);
  const product = (count: number): number =>
    SUM_MODULI.slice(0, count).reduce((all, modulus) => all * modulus, 1);
  const count = [1, 2, 3].find((n) => 2 * largest < product(n));
  if (count === undefined || largest >= Number.MAX_SAFE_INTEGER) {
    throw new SottoError('invalid-argument', 'the sums of a column do not fit', { most, summands });
  }
  return SUM_MODULI.slice(0, count);
}

/** A draw of noise for each column; none for the count of dummies. */
export function drawNoise(terms: MeasureTerms, random: Random): readonly number[] {
  return sumColumns(terms).map(({ most, epsilon }) =>
    discreteLaplace(random, scaleOf(most, epsilon)),
  );
}

/** The sums of either sign that residues of all lanes stand for; the last counts dummies. */
export function joinLanes(lanes: readonly Lane[], residues: Uint32Array): readonly number[] {
  const sums: number[] = [];
  for (let column = 0; column <= lanes.at(-1)!.column; column++) {
    const own = lanes.flatMap((lane, i) => (lane.column === column ? [i] : []));
    const { modulus, combine } = remaindersOf(own.map((i) => lanes[i]!.modulus));
    const sum = combine(own.map((i) => residues[i]!));
    sums.push(Number(2n * sum > modulus ? sum - modulus : sum));
  }
  return sums;
}

/** The residue of an integer of either sign, at most 2^53. */
export const residueOf = (value: number, modulus: number): number =>
  Number.isSafeInteger(value)
    ? ((value % modulus) + modulus) % modulus
    : Number(modulo(BigInt(value), BigInt(modulus)));
