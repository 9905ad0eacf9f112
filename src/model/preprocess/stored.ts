/** Preprocessing as it is kept with a model: plain JSON with a version, and its reader, which trusts nothing. */
import { z } from 'zod';
import { SottoError } from '../../base/errors.ts';

const name = z.string().min(1);
const finite = z.number();
const missing = z.enum(['mean-indicator', 'refuse']);

const numericPlan = z.strictObject({
  kind: z.literal('numeric'),
  name,
  missing,
  /** Values outside are brought to the limit. */
  low: finite,
  high: finite,
  /** Stands for a missing value: the mean of the limited values. */
  mean: finite,
  /** Whether one more feature says that the value was missing. */
  indicator: z.boolean(),
});

const categoricalPlan = z.strictObject({
  kind: z.literal('categorical'),
  name,
  missing,
  /** Categories with a feature of their own, the most frequent first. */
  levels: z.array(z.string()),
  /** Whether the other categories, also those never seen, share a feature; if not, they have none. */
  other: z.boolean(),
  indicator: z.boolean(),
});

const columnPlan = z.discriminatedUnion('kind', [numericPlan, categoricalPlan]);

const feature = z.strictObject({
  column: name,
  /** Of a one-hot feature. */
  category: z.string().optional(),
  /** Of the feature of a column's other categories, or of its missing values. */
  indicator: z.enum(['other', 'missing']).optional(),
  /** Over the training rows; the deviation divides by their number and is positive. */
  mean: finite,
  deviation: finite.positive(),
});

const preprocessing = z.strictObject({
  format: z.literal('sotto.preprocessing'),
  version: z.literal(1),
  /** Training rows it was fitted on. */
  rows: z.number().int().positive(),
  columns: z.array(columnPlan).min(1),
  /** d features before whitening, in the order of their columns. */
  features: z.array(feature).min(1),
  /** r = `rank` features after it: clip(standardised · matrix), the matrix d x r, row after row. */
  whitening: z.strictObject({
    rank: z.number().int().positive(),
    ridge: finite.positive(),
    matrix: z.array(finite),
  }),
  /** Largest absolute value of a whitened feature. */
  clip: finite.positive(),
});

export type NumericPlan = z.infer<typeof numericPlan>;
export type CategoricalPlan = z.infer<typeof categoricalPlan>;
export type ColumnPlan = z.infer<typeof columnPlan>;
export type Feature = z.infer<typeof feature>;
export type Preprocessing = z.infer<typeof preprocessing>;

/** Which raw feature: a column's value, one of its categories, or an indicator. */
export type FeatureName = Pick<Feature, 'column' | 'category' | 'indicator'>;

/** The raw features of a column, in order: value or levels, then `other`, then `missing`. */
export function featureNames(plan: ColumnPlan): FeatureName[] {
  const column = plan.name;
  const names: FeatureName[] =
    plan.kind === 'numeric' ? [{ column }] : plan.levels.map((category) => ({ column, category }));
  if (plan.kind === 'categorical' && plan.other) names.push({ column, indicator: 'other' });
  if (plan.indicator) names.push({ column, indicator: 'missing' });
  return names;
}

/** Reads what `JSON.parse` gave; a file of another version, or whose parts do not fit, is refused by field. */
export function parsePreprocessing(json: unknown): Preprocessing {
  const parsed = preprocessing.safeParse(json);
  if (!parsed.success) {
    const field = parsed.error.issues[0]!.path.join('.');
    throw unreadable('is not of the known form', { field });
  }
  const { columns, features, whitening } = parsed.data;
  const expected = columns.flatMap(featureNames);
  if (expected.length !== features.length) {
    throw unreadable('has features that are not its columns', {
      field: 'features',
      expected: expected.length,
      received: features.length,
    });
  }
  const wrong = features.findIndex((found, index) => !sameName(found, expected[index]!));
  if (wrong >= 0) {
    throw unreadable('has features that are not its columns', { field: `features.${wrong}` });
  }
  if (whitening.matrix.length !== features.length * whitening.rank) {
    throw unreadable('has a matrix of another size', {
      field: 'whitening.matrix',
      expected: features.length * whitening.rank,
      received: whitening.matrix.length,
    });
  }
  return parsed.data;
}

function sameName(a: FeatureName, b: FeatureName): boolean {
  return a.column === b.column && a.category === b.category && a.indicator === b.indicator;
}

function unreadable(problem: string, facts: Record<string, string | number>): SottoError {
  return new SottoError('invalid-argument', `the stored preprocessing ${problem}`, facts);
}
