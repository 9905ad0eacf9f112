/** Before anything is encrypted: what each party brings is looked at, and both must mean the same training. */
import { SottoError } from '../../base/errors.ts';
import { TrainingShapeSchema } from '../../gen/sotto/protocol/v1/vertical_lr_pb.ts';
import type { FeatureMatrix } from '../../math/columns.ts';
import type { Party } from '../party.ts';
import { chooseParameters, MIN_ROWS, type Parameters, periodOf } from './parameters.ts';
import type { Settings } from './training.ts';

/** Whitened features are cut off here, so that their integers fit. */
const LARGEST_FEATURE = 8;
/** Of each class: with fewer, the weights would speak of single rows. */
export const MIN_OF_EACH_CLASS = 20;
/** Far above any rule of the parameters: only so that a count cannot be nonsense. */
const MOST_COLUMNS = 65_536;

export interface OwnShape {
  readonly role: 'active' | 'passive';
  readonly rows: number;
  /** Weights this party will own. */
  readonly weights: number;
}

/** Refuses features that no training takes: lengths, values beyond the cut, constant columns. Names columns by number. */
export function checkFeatures({ rows, columns, values }: FeatureMatrix): void {
  if (values.length !== rows * columns) {
    throw new SottoError('invalid-argument', 'features are not rows x columns', {
      field: 'features',
      expected: rows * columns,
      found: values.length,
    });
  }
  for (let column = 0; column < columns; column++) {
    const [least, most] = rangeOf(values.subarray(column * rows, (column + 1) * rows));
    if (!(Math.max(-least, most) <= LARGEST_FEATURE)) {
      throw new SottoError('invalid-argument', 'a feature is beyond its cut, or not a number', {
        field: 'features',
        column,
        most: LARGEST_FEATURE,
      });
    }
    if (rows > 0 && least === most) {
      throw new SottoError('invalid-argument', 'a feature is constant', {
        field: 'features',
        column,
      });
    }
  }
}

/** The most that a weight may start with, in logits a unit of its feature: far within a turn of the torus. */
const LARGEST_START = 16;

/** Refuses a start of another length, or of weights that no training has. */
export function checkStart(start: Float64Array | undefined, columns: number): void {
  if (start === undefined) return;
  const fits = start.every((weight) => Math.abs(weight) <= LARGEST_START);
  if (start.length === columns && fits) return;
  throw new SottoError('invalid-argument', 'no training can begin with these weights', {
    field: 'start',
    expected: columns,
    found: start.length,
    most: LARGEST_START,
  });
}

function rangeOf(values: Float64Array): [least: number, most: number] {
  let least = Number.POSITIVE_INFINITY;
  let most = Number.NEGATIVE_INFINITY;
  for (const value of values) {
    if (Number.isNaN(value)) return [Number.NaN, Number.NaN];
    if (value < least) least = value;
    if (value > most) most = value;
  }
  return [least, most];
}

/** Refuses labels of which the weights would say too much. The counts stay in this party's error. */
export function checkLabels(labels: Uint8Array, rows: number): void {
  if (labels.length !== rows) {
    throw new SottoError('invalid-argument', 'labels are not one a row', {
      field: 'labels',
      expected: rows,
      found: labels.length,
    });
  }
  const positives = labels.reduce((sum, label) => sum + (label === 1 ? 1 : 0), 0);
  const negatives = labels.reduce((sum, label) => sum + (label === 0 ? 1 : 0), 0);
  if (positives + negatives !== rows) {
    throw new SottoError('invalid-argument', 'labels are 0 or 1', { field: 'labels' });
  }
  for (const [name, found] of Object.entries({ positives, negatives })) {
    if (found < MIN_OF_EACH_CLASS) {
      throw new SottoError('parameters-rejected', `too few ${name} among the rows`, {
        field: 'labels',
        needed: MIN_OF_EACH_CLASS,
        found,
      });
    }
  }
}

export async function sendShape(
  { channel }: Party,
  { passes, ridge, harmonics }: Settings,
  { rows, weights }: OwnShape,
): Promise<void> {
  await channel.send(TrainingShapeSchema, {
    rows: BigInt(rows),
    columns: weights,
    passes,
    ridge,
    harmonics,
    period64ths: period64ths(harmonics),
  });
}

/** Refuses a peer that means another training, naming the field; returns the parameters of both. */
export async function receiveShape(
  { channel }: Party,
  settings: Settings,
  own: OwnShape,
): Promise<Parameters> {
  const { passes, ridge, harmonics } = settings;
  const theirs = await channel.receive(TrainingShapeSchema, 64);
  const compared: Readonly<Record<string, readonly [own: number, theirs: number]>> = {
    rows: [own.rows, Number(theirs.rows)],
    passes: [passes, theirs.passes],
    ridge: [ridge, theirs.ridge],
    harmonics: [harmonics, theirs.harmonics],
    period: [period64ths(harmonics), theirs.period64ths],
  };
  for (const [field, [expected, received]] of Object.entries(compared)) {
    if (!Object.is(expected, received)) {
      const facts = { field, expected, received };
      throw new SottoError('parameters-rejected', `the parties have different ${field}`, facts);
    }
  }
  if (theirs.columns < 1 || theirs.columns > MOST_COLUMNS) {
    throw new SottoError('protocol-violation', 'a training has weights on both sides', {
      least: 1,
      most: MOST_COLUMNS,
      received: theirs.columns,
    });
  }
  const active = own.role === 'active' ? own.weights : theirs.columns;
  const passive = own.role === 'active' ? theirs.columns : own.weights;
  return chooseParameters({
    rows: own.rows,
    dActive: active - 1,
    dPassive: passive,
    passes,
    harmonics,
  });
}

/** Refuses settings that no training has, before anything is sent. */
export function checkSettings({ ridge }: Settings, rows: number): void {
  if (!(ridge >= 0 && ridge <= 0.25)) {
    throw new SottoError('parameters-rejected', 'no training has this ridge', {
      field: 'ridge',
      found: ridge,
      needed: '0 to 0.25',
    });
  }
  if (rows < MIN_ROWS) {
    throw new SottoError('parameters-rejected', 'too few rows', {
      field: 'rows',
      found: rows,
      needed: MIN_ROWS,
    });
  }
}

const period64ths = (harmonics: number): number => 64 * periodOf(harmonics);
