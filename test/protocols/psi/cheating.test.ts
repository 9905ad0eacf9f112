/**
 * Goal: a peer that says or computes anything else than it should is found out, by name, and no
 * rows come of it on either side.
 * Method: one role plays honestly but for one lie; each lie is told once by either role.
 */
import { describe, expect, test } from 'vitest';
import { inlineCompute } from '../../../src/compute/inline.ts';
import { openPool } from '../../../src/compute/pool.ts';
import {
  AlignConfirmationSchema as Confirmation,
  AlignFingerprintsSchema as Fingerprints,
  AlignPointsSchema as Points,
  AlignSizeSchema as Size,
} from '../../../src/gen/sotto/protocol/v1/psi_pb.ts';
import type { Party, Run } from '../../../src/protocols/party.ts';
import { BATCH } from '../../../src/protocols/psi/batches.ts';
import { alignFirst, alignSecond } from '../../../src/protocols/psi/index.ts';
import { lying, miscomputing } from '../../support/cheat.ts';
import { toyGroup } from '../../support/toy-group.ts';
import { type Outcome, type PairOptions, runPair } from '../../support/two-party.ts';

const limits = { session: new Uint8Array(32), maxRows: 30_000, minRows: 0 };
const numbered = (count: number): string[] => Array.from({ length: count }, (_, i) => `${i}`);
const toy: PairOptions = {
  computes: [inlineCompute(toyGroup), inlineCompute(toyGroup)],
  timeoutMs: 1_000,
};
const OTHER_KEY = new Uint8Array(32).fill(3);

type Cheat = (party: Party) => Party;
const points = (lie: (column: Uint8Array, count: number) => readonly Uint8Array[]): Cheat => {
  return (party) =>
    lying(party, Points, (message, count) =>
      lie(message.points!, count).map((column) => ({ points: column })),
    );
};
const fingerprints = (lie: (column: Uint8Array) => readonly Uint8Array[]): Cheat => {
  return (party) =>
    lying(party, Fingerprints, (message) =>
      lie(message.fingerprints!).map((column) => ({ fingerprints: column })),
    );
};
const changed = (column: Uint8Array, at: number, bytes: ArrayLike<number>): Uint8Array[] => {
  const copy = column.slice();
  copy.set(bytes, at);
  return [copy];
};

/** The outcome of the honest party and of the cheat, who plays first or second. */
async function face(
  cheat: Cheat,
  role: 'first' | 'second',
  ids: number,
  options: PairOptions,
): Promise<readonly [honest: Outcome<unknown>, cheat: Outcome<unknown>]> {
  const input = { ids: numbered(ids), ...limits };
  const [first, second] = await runPair(
    (party) => alignFirst(role === 'first' ? cheat(party) : party, input),
    (party) => alignSecond(role === 'second' ? cheat(party) : party, input),
    options,
  );
  return role === 'first' ? [second, first] : [first, second];
}

describe.each(['first', 'second'] as const)('a cheat who plays %s', (role) => {
  const found: Readonly<Record<string, readonly [code: string, cheat: Cheat]>> = {
    'sends an element twice': [
      'protocol-violation',
      points((column) => changed(column, 0, column.subarray(32, 64))),
    ],
    'sends one element too few': ['protocol-violation', points((column) => [column.slice(32)])],
    'sends half an element less': ['protocol-violation', points((column) => [column.slice(16)])],
    'sends one element too many': [
      'protocol-violation',
      points((column) => [Uint8Array.from([...column, ...column.subarray(0, 32)])]),
    ],
    // Second goes on to fingerprints, which are not due; first waits for what is not due.
    'sends no elements': [
      role === 'first' ? 'deadline-exceeded' : 'protocol-violation',
      points(() => []),
    ],
    'sends its elements twice': ['protocol-violation', points((column) => [column, column])],
    'sends an empty message': ['protocol-violation', points(() => [new Uint8Array(0)])],
    'sends far more than fits': ['protocol-violation', points(() => [new Uint8Array(64 * BATCH)])],
    'says it has one id more': [
      'protocol-violation',
      (party) => lying(party, Size, (size) => [{ ...size, ids: size.ids! + 1 }]),
    ],
    'says it has one id less': [
      'protocol-violation',
      (party) => lying(party, Size, (size) => [{ ...size, ids: size.ids! - 1 }]),
    ],
    'says it has four billion ids': [
      'parameters-rejected',
      (party) => lying(party, Size, (size) => [{ ...size, ids: 2 ** 32 - 1 }]),
    ],
    'returns a fingerprint twice': [
      'protocol-violation',
      fingerprints((column) => changed(column, 0, column.subarray(7, 14))),
    ],
    'returns one fingerprint too few': [
      'protocol-violation',
      fingerprints((column) => [column.slice(7)]),
    ],
    'returns fingerprints in another order': [
      'verification-failed',
      fingerprints((column) => [Uint8Array.from([...column.slice(7), ...column.slice(0, 7)])]),
    ],
    'returns fingerprints of nothing': [
      'verification-failed',
      fingerprints((column) => [column.map((byte) => byte ^ 0xaa)]),
    ],
    'uses another key from the second half on': [
      'verification-failed',
      (party) =>
        miscomputing(party, 'multiplyToFingerprints', (input, count) =>
          count === 0 ? input : { ...input, scalar: OTHER_KEY },
        ),
    ],
    'blinds half of its own under another key': [
      'verification-failed',
      (party) =>
        miscomputing(party, 'hashAndMultiply', (input, count) =>
          count === 0 ? input : { ...input, scalar: OTHER_KEY },
        ),
    ],
    'confirms something else': [
      'verification-failed',
      (party) => lying(party, Confirmation, () => [{ digest: new Uint8Array(32) }]),
    ],
    'confirms nothing': [
      'verification-failed',
      (party) => lying(party, Confirmation, () => [{ digest: new Uint8Array(0) }]),
    ],
  };

  // 200 ids and canaries: two tasks of 128 elements at most, and fingerprints of 7 bytes.
  test.each(Object.entries(found))('%s', async (_, [code, cheat]) => {
    const [honest, other] = await face(cheat, role, 200, toy);
    expect(honest.error?.code).toBe(code);
    expect(honest.value).toBeUndefined();
    expect(other.error).toBeDefined();
    expect(other.value).toBeUndefined();
  });

  test('changes one fingerprint of a common id', async () => {
    // Whether a canary or an id is hit is chance; so that it is an id, every place is tried in turn.
    for (let place = 0; place < 40; place += 1) {
      const flip = fingerprints((column) => changed(column, 7 * place, [column[7 * place]! ^ 1]));
      const [honest, other] = await face(flip, role, 8, toy);
      expect(honest.error?.code).toBe('verification-failed');
      expect(other.error?.code).toBe('verification-failed');
    }
  });

  test('sends its batches in another order', async () => {
    let held: Uint8Array | undefined;
    const swap = points((column, count) => {
      if (count > 1) return [column];
      if (count === 1) return [column, held!];
      held = column;
      return [];
    });
    const [honest, other] = await face(swap, role, 2 * BATCH - 32, toy);
    expect(honest.error?.code).toBe('verification-failed');
    expect(other.error).toBeDefined();
  });

  test('sends what is no element, or the identity', async () => {
    await using pool = openPool({ threads: 1 });
    for (const [bad, place] of [
      [new Uint8Array(32), 0],
      [new Uint8Array(32).fill(0xff), 130],
    ] as const) {
      const cheat = points((column) => changed(column, 32 * place, bad));
      const [honest, other] = await face(cheat, role, 100, { computes: [pool, pool] });
      expect(honest.error?.toRecord()).toMatchObject({ code: 'protocol-violation' });
      expect(other.error?.toRecord()).toMatchObject({
        code: 'protocol-violation',
        facts: { reportedBy: 'peer' },
      });
    }
    expect(pool.replaced).toBe(0); // a peer cannot make us start threads
  });

  test('says nothing', async () => {
    const input = { ids: numbered(10), ...limits };
    const mute = async function* ({ channel }: Party): Run<unknown> {
      yield { phase: 'mute', fraction: 0 };
      await channel.receive(Size, 16);
      await channel.receive(Points, 32 * BATCH + 16);
      return channel.receive(Confirmation, 48); // which never comes
    };
    const outcomes = await runPair<unknown, unknown>(
      role === 'first' ? mute : (party) => alignFirst(party, input),
      role === 'second' ? mute : (party) => alignSecond(party, input),
      { ...toy, timeoutMs: 100 },
    );
    expect(outcomes.map(({ error }) => error?.code)).toEqual([
      'deadline-exceeded',
      'deadline-exceeded',
    ]);
  });
});

test('a mirror of everything first says does not pass for a second with the same ids', async () => {
  // Second holds nothing and answers with the points it was sent: it has to return fingerprints
  // under a key that it does not know before it has seen any.
  const heard: Uint8Array[] = [];
  const mirror: Cheat = (party) => {
    const { channel } = party;
    const receive: typeof channel.receive = async (schema, atMost) => {
      const message = await channel.receive(schema, atMost);
      if (schema.typeName === Points.typeName)
        heard.push((message as unknown as { points: Uint8Array }).points);
      return message;
    };
    const send = channel.send.bind(channel);
    const listening = { ...party, channel: { receive, send } as unknown as Party['channel'] };
    return lying(listening, Points, (_, count) => [{ points: heard[count]! }]);
  };
  const [honest] = await face(mirror, 'second', 20, toy);
  expect(honest.error?.code).toBe('verification-failed');
});
