import type { DescMessage } from '@bufbuild/protobuf';
import { expect, test } from 'vitest';
import {
  OtBaseAnswerSchema,
  OtBaseOfferSchema,
  OtChallengeSchema,
  OtColumnHashesSchema,
  OtCorrectionSchema,
  OtRecordChoiceSchema,
  OtRecordsSchema,
} from '../../../src/gen/sotto/protocol/v1/ot_pb.ts';
import { KAPPA } from '../../../src/primitives/ot/index.ts';
import {
  openReceiver,
  openSender,
  receiveRecord,
  sendRecord,
} from '../../../src/protocols/ot/index.ts';
import type { Party, Run } from '../../../src/protocols/party.ts';
import { type Lie, lying } from '../../support/cheat.ts';
import { runPair } from '../../support/two-party.ts';

const session = new Uint8Array(32).fill(2);
const set = { count: 4, width: 8 };

async function* sender(party: Party): Run<void> {
  using opened = await openSender(party, session);
  using pads = await opened.extend(2);
  yield { phase: 'extend', fraction: 1 };
  await sendRecord(party, pads, { ...set, records: new Uint8Array(32).fill(7) });
}

async function* receiver(party: Party): Run<Uint8Array> {
  using opened = await openReceiver(party, session);
  using pads = await opened.extend(2);
  yield { phase: 'extend', fraction: 1 };
  return await receiveRecord(party, pads, { ...set, index: 2 });
}

const longer = (bytes: Uint8Array): Uint8Array => new Uint8Array(bytes.length + 1);
const shorter = (bytes: Uint8Array): Uint8Array => bytes.slice(1);
const identity = (points: Uint8Array): Uint8Array => points.slice().fill(0, 0, 32);
const notCanonical = (points: Uint8Array): Uint8Array => points.slice().fill(255, 0, 32);

/** A message, a field of it, and what is said there instead. */
interface Wrong {
  readonly schema: DescMessage;
  readonly field: string;
  readonly by: 'sender' | 'receiver';
  readonly code: string;
  readonly change: (bytes: Uint8Array) => Uint8Array;
}

const lengths: Wrong[] = (
  [
    [OtBaseOfferSchema, 'points', 'sender'],
    [OtBaseAnswerSchema, 'points', 'receiver'],
    [OtCorrectionSchema, 'columns', 'receiver'],
    [OtChallengeSchema, 'key', 'sender'],
    [OtColumnHashesSchema, 'bits', 'receiver'],
    [OtColumnHashesSchema, 'columns', 'receiver'],
    [OtRecordChoiceSchema, 'corrections', 'receiver'],
    [OtRecordsSchema, 'sealed', 'sender'],
  ] as const
).flatMap(([schema, field, by]) =>
  [longer, shorter].map((change) => ({ schema, field, by, change, code: 'protocol-violation' })),
);

const points: Wrong[] = (
  [
    [OtBaseOfferSchema, 'sender'],
    [OtBaseAnswerSchema, 'receiver'],
  ] as const
).flatMap(([schema, by]) =>
  [identity, notCanonical].map((change) => ({
    schema,
    field: 'points',
    by,
    change: (bytes: Uint8Array) =>
      // Both points of the first transfer, since only the chosen one is used.
      change === identity ? identity(bytes) : notCanonical(bytes).fill(255, 32, 64),
    code: 'protocol-violation',
  })),
);

test.each([...lengths, ...points])(
  'a $by that says another $field in $schema.name is refused by name, on both sides ($code)',
  async ({ schema, field, by, change, code }) => {
    const lie = ((message: Record<string, Uint8Array>) => [
      { ...message, [field]: change(message[field]!) },
    ]) as unknown as Lie<DescMessage>;
    const cheats =
      (role: 'sender' | 'receiver', run: (party: Party) => Run<unknown>) => (party: Party) =>
        run(role === by ? lying(party, schema, lie) : party);
    const [one, other] = await runPair(cheats('sender', sender), cheats('receiver', receiver));
    const honest = by === 'sender' ? other : one;
    expect(honest.error).toMatchObject({ code });
    expect((by === 'sender' ? one : other).error).toMatchObject({ code });
  },
);

/** Runs the sender against a receiver whose columns do not agree in `columns` of them. */
async function withInconsistentColumns(columns: number, seed: number): Promise<string | undefined> {
  const lie: Lie<typeof OtCorrectionSchema> = (message) => {
    const said = message.columns!.slice();
    for (let j = 0; j < columns; j += 1) said[(j * said.length) / KAPPA]! ^= 1;
    return [{ columns: said }];
  };
  const [{ error }] = await runPair(
    sender,
    (party) => receiver(lying(party, OtCorrectionSchema, lie)),
    { seed },
  );
  return error?.code;
}

test('a receiver whose columns disagree is caught by the check', async () => {
  for (const seed of [1, 2])
    expect(await withInconsistentColumns(100, seed)).toBe('verification-failed');
});

test('one wrong column is a guess of one bit: some senders notice, others do not', async () => {
  const codes = new Set<string | undefined>();
  for (let seed = 0; seed < 12; seed += 1) codes.add(await withInconsistentColumns(1, seed));
  expect(codes).toEqual(new Set(['verification-failed', undefined]));
});

test('a session whose check failed makes no more transfers', async () => {
  const lie: Lie<typeof OtColumnHashesSchema> = (message) => [
    { ...message, bits: message.bits!.map((byte) => byte ^ 1) },
  ];
  let again: unknown;
  await runPair(
    async function* (party): Run<void> {
      using opened = await openSender(party, session);
      const failure = await opened.extend(2).catch((thrown: unknown) => thrown);
      again = await opened.extend(2).catch((thrown: unknown) => thrown);
      yield { phase: 'extend', fraction: 1 };
      throw failure;
    },
    (party) => receiver(lying(party, OtColumnHashesSchema, lie)),
  );
  expect(again).toMatchObject({ code: 'internal' });
});
