/**
 * Goal: a party sees nothing of the other but fresh ciphertexts of lengths known from the public
 * sizes, once 24 bits of each own weight, and a bit.
 * Method: all messages of whole trainings, recorded at both ends.
 */
import { type DescMessage, fromBinary, type MessageShape } from '@bufbuild/protobuf';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  ForwardInputSchema,
  ForwardReplySchema,
  GradientInputSchema,
  GradientReplySchema,
  OpenedWeightsSchema,
  PassKeysSchema,
  RangeWarningSchema,
  SigmoidInputSchema,
  SigmoidReplySchema,
  TrainingKeptSchema,
  TrainingShapeSchema,
} from '../../../src/gen/sotto/protocol/v1/vertical_lr_pb.ts';
import { SEED_BYTES } from '../../../src/primitives/he/index.ts';
import {
  activeTrain,
  chooseParameters,
  passiveTrain,
} from '../../../src/protocols/vertical-lr/index.ts';
import { twoParties } from '../../support/regression-data.ts';
import { type Outcome, runPair } from '../../support/two-party.ts';

const sizes = { rows: 5000, dActive: 2, dPassive: 3 };
const data = twoParties(sizes);
const settings = { passes: 3, ridge: 0.01, harmonics: 2 };

const train = (labels: Uint8Array) =>
  runPair(
    (party) => activeTrain(party, { features: data.active, labels, settings }),
    (party) => passiveTrain(party, { features: data.passive, settings }),
  );

function sent<D extends DescMessage>({ view }: Outcome<unknown>, schema: D): MessageShape<D>[] {
  return view.messages
    .filter(({ direction, typeName }) => direction === 'sent' && typeName === schema.typeName)
    .map(({ bytes }) => fromBinary(schema, bytes));
}

const lengths = ({ view }: Outcome<unknown>): string[] =>
  view.messages.map(({ direction, typeName, bytes }) => `${direction} ${typeName} ${bytes.length}`);

let parties: readonly [Outcome<unknown>, Outcome<unknown>];
beforeAll(async () => {
  parties = await train(data.labels);
  for (const { error } of parties) if (error) throw error;
});

const short = (schema: DescMessage): string => schema.typeName;
const KEYS = short(PassKeysSchema);
const FIRST = [KEYS, short(GradientInputSchema), short(GradientInputSchema)];
/** Two chunks of the 5,000 rows: the passive party's phasors of the first, the active one's of the second. */
const later = (middle: readonly DescMessage[]): string[] =>
  [PassKeysSchema, ForwardInputSchema, ...middle, GradientReplySchema].map(short);
const OF_BOTH = [ForwardReplySchema, ForwardReplySchema];
const LATER = {
  active: later([
    ...OF_BOTH,
    SigmoidInputSchema,
    SigmoidReplySchema,
    GradientInputSchema,
    GradientInputSchema,
  ]),
  passive: later([
    ...OF_BOTH,
    SigmoidInputSchema,
    SigmoidReplySchema,
    GradientInputSchema,
    GradientInputSchema,
  ]),
};
const END = [short(TrainingKeptSchema), short(OpenedWeightsSchema), short(RangeWarningSchema)];

test('each party says just the messages of its role, in the order of the drawing', () => {
  const spoken = (party: Outcome<unknown>): string[] =>
    party.view.messages.filter((m) => m.direction === 'sent').map((m) => m.typeName);
  const [active, passive] = parties;
  expect(spoken(active)).toEqual([
    short(TrainingShapeSchema),
    ...FIRST,
    ...LATER.active,
    ...LATER.active,
    ...END,
  ]);
  expect(spoken(passive)).toEqual([
    short(TrainingShapeSchema),
    short(GradientReplySchema),
    ...LATER.passive,
    ...LATER.passive,
    ...END,
  ]);
});

test('weights are opened once, to their owner, in 24 bits each', () => {
  const [active, passive] = parties;
  const opened = [active, passive].map((party) => sent(party, OpenedWeightsSchema));
  expect(opened.map((messages) => messages.length)).toEqual([1, 1]);
  expect(opened[0]![0]!.shares.length).toBe(3 * sizes.dPassive);
  expect(opened[1]![0]!.shares.length).toBe(3 * (sizes.dActive + 1));
});

test('no seed, key or component is ever seen twice in a training', () => {
  const all: Uint8Array[] = [];
  for (const party of parties) {
    for (const keys of sent(party, PassKeysSchema)) {
      for (const key of [keys.forward, keys.sigmoid, keys.gradient]) {
        if (key.length === 0) continue;
        all.push(key.subarray(0, SEED_BYTES), key.subarray(SEED_BYTES));
      }
    }
    for (const schema of [ForwardInputSchema, SigmoidInputSchema, GradientInputSchema]) {
      for (const { seeds, first } of sent(party, schema)) {
        const count = seeds.length / SEED_BYTES;
        for (let i = 0; i < count; i++) {
          all.push(seeds.subarray(i * SEED_BYTES, (i + 1) * SEED_BYTES));
          all.push(first.subarray((i * first.length) / count, ((i + 1) * first.length) / count));
        }
      }
    }
    for (const schema of [ForwardReplySchema, SigmoidReplySchema, GradientReplySchema])
      for (const { second } of sent(party, schema)) all.push(second);
  }
  expect(all.length).toBeGreaterThan(60);
  expect(new Set(all.map((bytes) => Buffer.from(bytes).toString('hex'))).size).toBe(all.length);
});

test('every pass has new keys, one for each stage in which the party encrypts', () => {
  const stages = (party: Outcome<unknown>): number[][] =>
    sent(party, PassKeysSchema).map(({ pass, forward, sigmoid, gradient }) => [
      pass,
      ...[forward, sigmoid, gradient].map((key) => Math.min(1, key.length)),
    ]);
  expect(stages(parties[0])).toEqual([
    [1, 0, 0, 1],
    [2, 1, 1, 1],
    [3, 1, 1, 1],
  ]);
  expect(stages(parties[1])).toEqual([
    [2, 1, 1, 1],
    [3, 1, 1, 1],
  ]);
});

describe('what crosses the wire looks uniform', () => {
  test.each([ForwardReplySchema, SigmoidReplySchema, GradientReplySchema, GradientInputSchema])(
    'in %o',
    (schema) => {
      for (const party of parties) {
        for (const message of sent(party, schema)) {
          const bytes = 'second' in message ? message.second : message.first;
          let ones = 0;
          for (const byte of bytes) for (let b = byte; b > 0; b &= b - 1) ones++;
          // Half of the bits, but for 6 standard deviations and primes that are 1 % below powers of two.
          const bits = 8 * bytes.length;
          expect(Math.abs(ones / bits - 0.5)).toBeLessThan(3 / Math.sqrt(bits) + 0.002);
        }
      }
    },
  );
});

test('permuted labels change no type, order or length of any message', async () => {
  const permuted = data.labels.slice().reverse();
  const others = await train(permuted);
  for (const [i, party] of parties.entries()) expect(lengths(others[i]!)).toEqual(lengths(party));
});

test('the bytes said beforehand are the bytes sent', () => {
  const { bytes } = chooseParameters({ ...sizes, ...settings });
  const [active] = parties;
  const measured = active.traffic.sent + active.traffic.received;
  expect(measured).toBeGreaterThan(bytes.total);
  expect(measured).toBeLessThan(1.02 * bytes.total + 5000);
});
