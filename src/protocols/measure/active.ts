/** The role with the values: hides how many of each cohort match, and opens what was summed. */
import { SottoError } from '../../base/errors.ts';
import { MeasureKeySchema, MeasureSumsSchema } from '../../gen/sotto/protocol/v1/measure_pb.ts';
import { randomScalar } from '../../primitives/group/index.ts';
import { SUM_RING, secondBytes } from '../../primitives/he/index.ts';
import type { Party, Run } from '../party.ts';
import { hearPoints, sayFingerprints, sayPoints, Workshop } from '../psi/batches.ts';
import { distinct } from '../psi/matching.ts';
import { compute } from '../vertical-lr/training.ts';
import { type ConverterOrder, converterOrder } from './dummies.ts';
import { drawNoise, joinLanes, type Lane, lanesOf } from './lanes.ts';
import { blindedAs } from './passive.ts';
import { type ActiveMeasureInput, checkIds, exchangeSizes, type Shape } from './shape.ts';
import { type MeasuredCohort, released, sendTable } from './table.ts';
import { sendValues } from './values.ts';

/**
 * Learns the table, and the same sums with passive's noise alone. Yields the phase `release` once, before anything
 * that depends on the ids is given. Errors as for `passiveMeasure`, and `verification-failed` where sums do not
 * hold the dummies that were put in.
 */
export async function* activeMeasure(
  party: Party,
  input: ActiveMeasureInput,
): Run<readonly MeasuredCohort[]> {
  const { channel, random } = party;
  const { terms, ids } = input;
  checkIds(ids);
  checkColumns(input);
  const shape = await exchangeSizes(party, terms, { converters: ids.length });
  const lanes = lanesOf(terms, shape.converters);
  const converters = converterOrder(shape.sizes, ids.length, terms, random);
  const key = await compute(party, 'generateKey', { ring: SUM_RING });
  try {
    using scalar = randomScalar(random);
    using workshop = new Workshop(party, scalar);
    const blinded = workshop.blind(blindedAs(input), converters.order); // meanwhile
    const elements = shape.elements.reduce((sum, count) => sum + count, 0);
    const theirs = yield* hearPoints(channel, workshop, elements, shape.width);
    distinct(theirs, shape.width); // an id in two cohorts would count twice

    yield { phase: 'release', fraction: 0 };
    await channel.send(MeasureKeySchema, { publicKey: key.publicKey });
    yield* sayPoints(channel, blinded);
    const summands = shape.converters;
    await sendValues(party, key.secret, { lanes, summands }, valuesOf(input, converters));
    await sayFingerprints(channel, sortedCohorts(theirs, shape), shape.width);

    const rows: (readonly number[])[] = [];
    for (const [g, size] of shape.sizes.entries()) {
      rows.push(
        size === 0 ? [] : await openCohort(party, input, key.secret, lanes, converters.drawn[g]!),
      );
      yield { phase: 'sum', fraction: (g + 1) / shape.sizes.length };
    }
    return await sendTable(party, shape, rows);
  } finally {
    key.secret.fill(0);
  }
}

function checkColumns({ ids, columns, terms }: ActiveMeasureInput): void {
  if (columns.length !== terms.columns.length) {
    throw new SottoError('invalid-argument', 'another number of columns than agreed', {
      expected: terms.columns.length,
      found: columns.length,
    });
  }
  for (const [column, values] of columns.entries()) {
    const { most } = terms.columns[column]!;
    const row = values.findIndex((value) => !(Number.isInteger(value) && Math.abs(value) <= most));
    if (row >= 0 || values.length !== ids.length) {
      throw new SottoError('invalid-argument', 'a value is beyond the agreed range', {
        column,
        row,
        most,
      });
    }
  }
}

/** What is summed at each place: 1 and the values of an id; a dummy is 0 but in the column that counts dummies. */
function valuesOf(
  { ids, columns }: ActiveMeasureInput,
  { order, isDummy }: ConverterOrder,
): (column: number, place: number) => number {
  return (column, place) => {
    const element = order[place]!;
    if (column > columns.length) return isDummy(element) ? 1 : 0;
    if (element >= ids.length) return 0;
    return column === 0 ? 1 : columns[column - 1]![element]!;
  };
}

/** Each cohort's fingerprints in ascending order, which says nothing of the order in which its points came. */
function sortedCohorts(fingerprints: Uint8Array, { elements, width }: Shape): Uint8Array {
  const sorted = new Uint8Array(fingerprints.length);
  let at = 0;
  for (const count of elements) {
    const cohort = fingerprints.subarray(at, at + count * width);
    const each = Array.from({ length: count }, (_, i) =>
      cohort.subarray(i * width, (i + 1) * width),
    );
    for (const fingerprint of each.sort(Buffer.compare)) {
      sorted.set(fingerprint, at);
      at += width;
    }
  }
  return sorted;
}

async function openCohort(
  party: Party,
  { terms, noise }: ActiveMeasureInput,
  secret: Int8Array,
  lanes: readonly Lane[],
  dummies: number,
): Promise<readonly number[]> {
  const most = lanes.length * (secondBytes() + 8) + 64;
  const { first, second } = await party.channel.receive(MeasureSumsSchema, most);
  const moduli = lanes.map(({ modulus }) => modulus);
  const residues = await compute(party, 'openSums', { secret, moduli, first, second });
  const sums = joinLanes(lanes, residues);
  if (sums.at(-1) !== dummies) {
    throw new SottoError('verification-failed', 'sums do not hold the dummies that were put in', {
      expected: dummies,
    });
  }
  const own = drawNoise(terms, noise);
  return released(
    own.map((draw, column) => sums[column]! + draw),
    terms,
  );
}
