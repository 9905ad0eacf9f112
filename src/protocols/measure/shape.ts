/** What the parties bring to a measurement and agree on, and what they tell each other first. */
import { SottoError } from '../../base/errors.ts';
import type { Random } from '../../base/random.ts';
import { MeasureSizesSchema } from '../../gen/sotto/protocol/v1/measure_pb.ts';
import { MOST_SUMMANDS } from '../../primitives/he/index.ts';
import type { Party } from '../party.ts';
import { sizesOf } from '../psi/setup.ts';
import { dummiesPerCohort, fillers } from './dummies.ts';

/** Integers that are summed. */
export interface SumColumn {
  /** The largest size of one summand, 1..2^31; also what one person changes a sum by. */
  readonly most: number;
  /** Of the noise that each party adds to a sum of this column. */
  readonly epsilon: number;
}

/** What is in the agreement: equal on both sides. */
export interface MeasureTerms {
  /** Both parties' name for this run, never used for another. */
  readonly session: Uint8Array;
  /** How many there are; 1..256. */
  readonly cohorts: number;
  /** Summed besides the count of ids; may be none. */
  readonly columns: readonly SumColumn[];
  /** Of the noise that each party adds to a count. */
  readonly countEpsilon: number;
  /** Of the dummies. */
  readonly matchEpsilon: number;
  /** Fewer ids in a cohort, or fewer counted with noise, are not told. At least 1. */
  readonly least: number;
  /** The most ids that either party may bring. */
  readonly maxRows: number;
}

export interface PassiveMeasureInput {
  readonly terms: MeasureTerms;
  /** Normalised and distinct, by row. */
  readonly ids: readonly string[];
  /** Rows of each cohort; no row is in two. */
  readonly cohorts: readonly Uint32Array[];
  /** Coins of the noise that is added to sums. */
  readonly noise: Random;
}

export interface ActiveMeasureInput {
  readonly terms: MeasureTerms;
  /** Normalised and distinct, by row. */
  readonly ids: readonly string[];
  /** One for each of `terms.columns`: an integer for every id, of size at most its `most`. */
  readonly columns: readonly Float64Array[];
  /** Coins of the noise that is added to sums, and of the dummies. */
  readonly noise: Random;
}

/** What the sizes determine. */
export interface Shape {
  /** Ids of each cohort; 0 where it is withheld. */
  readonly sizes: readonly number[];
  /** Elements of each cohort, ids and dummies. */
  readonly elements: readonly number[];
  /** Of active: ids, dummies and others. */
  readonly converters: number;
  /** Bytes of a fingerprint. */
  readonly width: number;
}

const MOST_COHORTS = 256;
/** A number of up to 5 bytes for each cohort. */
const SIZES_BYTES = 5 * MOST_COHORTS + 32;

export async function exchangeSizes(
  { channel }: Party,
  terms: MeasureTerms,
  own: { readonly cohorts: readonly number[] } | { readonly converters: number },
): Promise<Shape> {
  checkTerms(terms);
  await channel.send(MeasureSizesSchema, 'cohorts' in own ? { cohorts: [...own.cohorts] } : own);
  const heard = await channel.receive(MeasureSizesSchema, SIZES_BYTES);
  const passive = 'cohorts' in own;
  const sizes = passive ? own.cohorts : heard.cohorts;
  const converters = passive ? heard.converters : own.converters;
  // A party of the other role says nothing in these fields.
  if ((passive ? heard.cohorts.length : heard.converters) > 0) {
    throw new SottoError('parameters-rejected', 'the parties play the same role', {
      field: 'role',
    });
  }
  checkSizes(sizes, converters, terms);
  return shapeOf(sizes, converters, terms);
}

function checkSizes(sizes: readonly number[], converters: number, terms: MeasureTerms): void {
  if (sizes.length !== terms.cohorts) {
    throw new SottoError('protocol-violation', 'another number of cohorts than agreed', {
      expected: terms.cohorts,
      received: sizes.length,
    });
  }
  const total = sizes.reduce((sum, size) => sum + size, 0);
  for (const found of [total, converters]) {
    if (found > terms.maxRows) {
      const facts = { field: 'max_rows', limit: terms.maxRows, found };
      throw new SottoError('parameters-rejected', 'more ids than were agreed on', facts);
    }
  }
  const small = sizes.findIndex((size) => size > 0 && size < terms.least);
  if (small >= 0) {
    throw new SottoError('protocol-violation', 'a cohort is smaller than agreed', {
      cohort: small,
      least: terms.least,
      received: sizes[small]!,
    });
  }
  if (converters < terms.least) {
    throw new SottoError('parameters-rejected', 'too few ids to be measured', {
      field: 'least',
      least: terms.least,
      found: converters,
    });
  }
}

function shapeOf(sizes: readonly number[], ids: number, terms: MeasureTerms): Shape {
  const dummies = dummiesPerCohort(terms);
  const elements = sizes.map((size) => (size === 0 ? 0 : size + dummies));
  const converters = ids + fillers(sizes, dummies);
  if (converters > MOST_SUMMANDS) {
    throw new SottoError('parameters-rejected', 'more values than can be summed', {
      field: 'max_rows',
      limit: MOST_SUMMANDS,
      found: converters,
    });
  }
  const all = elements.reduce((sum, count) => sum + count, 0);
  return { sizes, elements, converters, width: sizesOf(all, converters).width };
}

function checkTerms({ cohorts, least, columns }: MeasureTerms): void {
  if (!(Number.isInteger(cohorts) && cohorts >= 1 && cohorts <= MOST_COHORTS && least >= 1)) {
    throw new SottoError('invalid-argument', 'no measurement has these terms', { cohorts, least });
  }
  for (const { most } of columns) {
    if (!(Number.isInteger(most) && most >= 1 && most <= 2 ** 31)) {
      throw new SottoError('invalid-argument', 'no column has this range', { most });
    }
  }
}

/** Refuses lists that no honest party brings: what is wrong is named by row. */
export function checkIds(ids: readonly string[]): void {
  const rows = new Map<string, number>();
  for (const [row, id] of ids.entries()) {
    const earlier = rows.get(id);
    if (earlier !== undefined) {
      throw new SottoError('invalid-argument', 'two rows have the same id', { earlier, row });
    }
    if (!id.isWellFormed()) {
      throw new SottoError('invalid-argument', 'an id is not well-formed text', { row });
    }
    rows.set(id, row);
  }
}
