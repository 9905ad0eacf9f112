/** The role with the cohorts: finds who converted, by place only, and sums what belongs to them under encryption. */
import { SottoError } from '../../base/errors.ts';
import { MeasureKeySchema, MeasureSumsSchema } from '../../gen/sotto/protocol/v1/measure_pb.ts';
import { randomScalar } from '../../primitives/group/index.ts';
import { drawFlood, encodeConstant, SUM_RING } from '../../primitives/he/index.ts';
import type { Party, Run } from '../party.ts';
import { hearFingerprints, hearPoints, sayPoints, Workshop } from '../psi/batches.ts';
import { distinct } from '../psi/matching.ts';
import type { Ciphertexts } from '../vertical-lr/ciphertexts.ts';
import { publicKeyBytes } from '../vertical-lr/sizes.ts';
import { compute } from '../vertical-lr/training.ts';
import { bytesOfLength } from '../vertical-lr/wire.ts';
import { cohortOrder, dummiesPerCohort } from './dummies.ts';
import { drawNoise, type Lane, lanesOf } from './lanes.ts';
import { checkIds, exchangeSizes, type PassiveMeasureInput, type Shape } from './shape.ts';
import { type MeasuredCohort, receiveTable } from './table.ts';
import { receiveValues } from './values.ts';

/**
 * Learns the table, and how many of each cohort match, dummies among them. Yields the phase `release` once, before
 * anything that depends on the ids is given. Errors: `invalid-argument` (an id twice, a row in two cohorts),
 * `parameters-rejected`, `protocol-violation`, and those of the channel.
 */
export async function* passiveMeasure(
  party: Party,
  input: PassiveMeasureInput,
): Run<readonly MeasuredCohort[]> {
  const { channel, random } = party;
  const { terms, ids } = input;
  checkIds(ids);
  // A cohort of too few is treated as if it were empty: not even its ids are sent under a key.
  const cohorts = checkedCohorts(input).map((rows) =>
    rows.length < terms.least ? new Uint32Array(0) : rows,
  );
  const shape = await exchangeSizes(party, terms, { cohorts: cohorts.map((rows) => rows.length) });
  const lanes = lanesOf(terms, shape.converters);
  using key = randomScalar(random);
  using workshop = new Workshop(party, key);
  const order = cohortOrder(cohorts, ids.length, dummiesPerCohort(terms), random);

  yield* sayPoints(channel, workshop.blind(blindedAs(input), order));
  const publicKey = await receiveKey(party);
  const own = yield* hearPoints(channel, workshop, shape.converters, shape.width);
  const values = await receiveValues(party, lanes, shape.converters);
  const theirs = await hearFingerprints(channel, order.length, shape.width);
  const matched = matchesOf(own, theirs, shape);

  yield { phase: 'release', fraction: 0 };
  for (const [g, selected] of matched.entries()) {
    const job = { publicKey, selected, values, lanes, summands: shape.converters };
    if (shape.sizes[g]! > 0) await sendSums(party, input, job);
    yield { phase: 'sum', fraction: (g + 1) / matched.length };
  }
  return receiveTable(party, shape, terms);
}

/** The ids as they are hashed: in a domain of measurements, so that they meet no alignment's. */
export const blindedAs = ({
  ids,
  terms,
}: Pick<PassiveMeasureInput, 'ids' | 'terms'>): Parameters<Workshop['blind']>[0] => ({
  ids,
  session: terms.session,
});

function checkedCohorts({ ids, cohorts, terms }: PassiveMeasureInput): readonly Uint32Array[] {
  if (cohorts.length !== terms.cohorts) {
    throw new SottoError('invalid-argument', 'another number of cohorts than agreed', {
      expected: terms.cohorts,
      found: cohorts.length,
    });
  }
  const places = new Int32Array(ids.length).fill(-1);
  for (const [g, rows] of cohorts.entries()) {
    for (const row of rows) {
      const earlier = places[row];
      if (earlier === undefined || earlier >= 0) {
        const facts = { row, cohort: g, ...(earlier === undefined ? {} : { earlier }) };
        throw new SottoError('invalid-argument', 'a row is in two cohorts, or in no table', facts);
      }
      places[row] = g;
    }
  }
  return cohorts;
}

/** A fresh key of the peer's, checked before anything is computed with it. */
async function receiveKey(party: Party): Promise<Uint8Array> {
  const length = publicKeyBytes(SUM_RING);
  const message = await party.channel.receive(MeasureKeySchema, length + 64);
  const publicKey = bytesOfLength(message.publicKey, length, message.$typeName);
  await compute(party, 'checkPublicKey', { ring: SUM_RING, publicKey });
  return publicKey;
}

/** For each cohort the places of active's elements that are in it. No element is in two: each is sent once. */
function matchesOf(own: Uint8Array, theirs: Uint8Array, shape: Shape): readonly Uint32Array[] {
  const places = distinct(own, shape.width);
  const cohortEnds: number[] = [];
  for (const count of shape.elements) cohortEnds.push((cohortEnds.at(-1) ?? 0) + count);
  const matched: number[][] = shape.elements.map(() => []);
  let cohort = 0;
  for (const [key, position] of distinct(theirs, shape.width)) {
    while (position >= cohortEnds[cohort]!) cohort += 1;
    const place = places.get(key);
    if (place !== undefined) matched[cohort]!.push(place);
  }
  return matched.map((chosen) => Uint32Array.from(chosen));
}

interface SumJob {
  readonly publicKey: Uint8Array;
  readonly selected: Uint32Array;
  readonly values: Ciphertexts;
  readonly lanes: readonly Lane[];
  readonly summands: number;
}

async function sendSums(
  party: Party,
  { terms, noise }: PassiveMeasureInput,
  { publicKey, selected, values, lanes, summands }: SumJob,
): Promise<void> {
  const drawn = drawNoise(terms, noise);
  const constants = lanes.flatMap(({ column, modulus }) => [
    // Dummies are counted exactly: active drew them.
    ...encodeConstant(modulus, BigInt(drawn[column] ?? 0), drawFlood(party.random, summands)),
  ]);
  const zeros = await compute(party, 'publicZeros', {
    ring: SUM_RING,
    publicKey,
    count: lanes.length,
  });
  const sums = await compute(party, 'sumSelected', {
    selected,
    columns: lanes.length,
    cipher0: values.c0,
    cipher1: values.c1,
    zero0: zeros.c0,
    zero1: zeros.c1,
    constants: Uint32Array.from(constants),
  });
  await party.channel.send(MeasureSumsSchema, sums);
}
