/**
 * Goal: a peer that sends another length, residues out of range, another message or nothing ends the
 * training on both sides, with the same name, and without a weight.
 * Method: each message of either role, changed once in its second turn if it has one.
 */
import type { DescMessage, MessageInitShape } from '@bufbuild/protobuf';
import { describe, expect, test } from 'vitest';
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
  TrainingShapeSchema,
} from '../../../src/gen/sotto/protocol/v1/vertical_lr_pb.ts';
import type { Party } from '../../../src/protocols/party.ts';
import { activeTrain, passiveTrain } from '../../../src/protocols/vertical-lr/index.ts';
import { lying } from '../../support/cheat.ts';
import { twoParties } from '../../support/regression-data.ts';
import { type Outcome, type PairOptions, runPair } from '../../support/two-party.ts';

/** Two blocks: each party encrypts phasors once, and answers once. */
const data = twoParties({ rows: 4200, dActive: 1, dPassive: 2 });
const settings = { passes: 2, ridge: 0.01, harmonics: 2 };

type Role = 'active' | 'passive';
type Cheat = (party: Party) => Party;

/** Outcomes of the honest party and of the cheat. */
async function face(
  cheat: Cheat,
  role: Role,
  options: PairOptions = {},
): Promise<[honest: Outcome<unknown>, cheat: Outcome<unknown>]> {
  const { active: features, passive, labels } = data;
  const [active, other] = await runPair(
    (party) =>
      activeTrain(role === 'active' ? cheat(party) : party, { features, labels, settings }),
    (party) =>
      passiveTrain(role === 'passive' ? cheat(party) : party, { features: passive, settings }),
    { timeoutMs: 5000, ...options },
  );
  return role === 'active' ? [other, active] : [active, other];
}

type Change = (bytes: Uint8Array) => Uint8Array;

const shorter: Change = (bytes) => bytes.slice(0, -1);
const longer: Change = (bytes) => Uint8Array.from([...bytes, 0]);
const nothing: Change = () => new Uint8Array(0);
const ones: Change = (bytes) => bytes.slice().fill(255);

/** Changes one field of each message of a type. */
function changing(schema: DescMessage, field: string, change: Change): Cheat {
  return (party) =>
    lying(party, schema, (message) => {
      const fields = message as unknown as Record<string, Uint8Array>;
      const bytes = fields[field];
      if (bytes === undefined) return [message];
      return [{ ...fields, [field]: change(bytes) } as unknown as MessageInitShape<DescMessage>];
    });
}

/** Does something else where its share of the residuals is due. */
function insteadOfResiduals(act: (party: Party) => Promise<void>): Cheat {
  return (party) => ({
    ...party,
    channel: {
      send: (schema: DescMessage, message: never) =>
        schema.typeName === GradientInputSchema.typeName
          ? act(party)
          : party.channel.send(schema, message),
      receive: party.channel.receive.bind(party.channel),
    } as unknown as Party['channel'],
  });
}

const fields: readonly (readonly [
  role: Role,
  schema: DescMessage,
  field: string,
  range: boolean,
])[] = [
  ['active', PassKeysSchema, 'gradient', true],
  ['active', PassKeysSchema, 'forward', true],
  ['active', ForwardInputSchema, 'seeds', true],
  ['active', ForwardInputSchema, 'first', true],
  ['active', ForwardReplySchema, 'second', true],
  ['active', PassKeysSchema, 'sigmoid', true],
  ['active', SigmoidInputSchema, 'first', true],
  ['active', SigmoidReplySchema, 'second', true],
  ['active', GradientInputSchema, 'seeds', false],
  ['active', GradientInputSchema, 'first', true],
  ['active', GradientReplySchema, 'second', true],
  ['active', OpenedWeightsSchema, 'shares', false],
  ['passive', PassKeysSchema, 'sigmoid', true],
  ['passive', ForwardInputSchema, 'first', true],
  ['passive', ForwardReplySchema, 'second', true],
  ['passive', SigmoidInputSchema, 'seeds', true],
  ['passive', SigmoidInputSchema, 'first', true],
  ['passive', SigmoidReplySchema, 'second', true],
  ['passive', GradientInputSchema, 'first', true],
  ['passive', GradientReplySchema, 'second', true],
  ['passive', OpenedWeightsSchema, 'shares', false],
];

describe.each(fields)(
  'a cheat who is %s changes its %o, field %s',
  (role, schema, field, range) => {
    const changes = { shorter, longer, empty: nothing, ...(range ? { 'out of range': ones } : {}) };
    test.each(Object.entries(changes))('%s: found out, on both sides', async (_, change) => {
      const [honest, cheat] = await face(changing(schema, field, change), role);
      expect(honest.error).toMatchObject({ code: 'protocol-violation' });
      expect(cheat.error).toMatchObject({ code: 'protocol-violation' });
      expect(honest.value).toBeUndefined();
    });
  },
);

describe.each(['active', 'passive'] as const)('a cheat who is %s', (role) => {
  test('sends keys of another pass', async () => {
    const cheat: Cheat = (party) =>
      lying(party, PassKeysSchema, (keys) => [{ ...keys, pass: (keys.pass ?? 0) + 1 }]);
    const [honest] = await face(cheat, role);
    expect(honest.error).toMatchObject({
      code: 'protocol-violation',
      facts: { expected: role === 'active' ? 1 : 2, received: role === 'active' ? 2 : 3 },
    });
  });

  test('claims to have no weights, or a million', async () => {
    for (const columns of [0, 1_000_000]) {
      const cheat: Cheat = (party) =>
        lying(party, TrainingShapeSchema, (shape) => [{ ...shape, columns }]);
      const [honest] = await face(cheat, role);
      expect(honest.error).toMatchObject({
        code: 'protocol-violation',
        facts: { received: columns },
      });
    }
  });

  test('says something else than is due', async () => {
    const cheat = insteadOfResiduals((party) =>
      party.channel.send(RangeWarningSchema, { exceeded: true }),
    );
    const [honest, other] = await face(cheat, role);
    expect(honest.error).toMatchObject({
      code: 'protocol-violation',
      facts: { expected: GradientInputSchema.typeName },
    });
    expect(other.error?.code).toBe('protocol-violation');
  });

  test('falls silent', async () => {
    const cheat = insteadOfResiduals(
      ({ signal }) =>
        new Promise((_, end) => signal.addEventListener('abort', () => end(signal.reason))),
    );
    const [honest] = await face(cheat, role, { timeoutMs: 700 });
    expect(honest.error?.code).toBe('deadline-exceeded');
  });
});
