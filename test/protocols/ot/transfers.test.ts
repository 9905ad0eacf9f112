import { expect, test } from 'vitest';
import { toHex } from '../../../src/base/bytes.ts';
import { bitAt } from '../../../src/primitives/ot/index.ts';
import {
  openReceiver,
  openSender,
  receiveRecord,
  sendRecord,
} from '../../../src/protocols/ot/index.ts';
import type { Party, Run } from '../../../src/protocols/party.ts';
import { seededRandom } from '../../support/random.ts';
import { bothValues, runPair } from '../../support/two-party.ts';

const session = new Uint8Array(32).fill(8);

/** Extends so many times in one session, and hands all pads out. */
const sends = (counts: readonly number[]) =>
  async function* (party: Party): Run<{ zero: Uint8Array; one: Uint8Array }[]> {
    using sender = await openSender(party, session);
    const taken = [];
    for (const [i, count] of counts.entries()) {
      using pads = await sender.extend(count);
      taken.push(pads.take(count));
      yield { phase: 'extend', fraction: (i + 1) / counts.length };
    }
    return taken;
  };

const receives = (counts: readonly number[]) =>
  async function* (party: Party): Run<{ choices: Uint8Array; chosen: Uint8Array }[]> {
    using receiver = await openReceiver(party, session);
    const taken = [];
    for (const [i, count] of counts.entries()) {
      using pads = await receiver.extend(count);
      taken.push(pads.take(count));
      yield { phase: 'extend', fraction: (i + 1) / counts.length };
    }
    return taken;
  };

test('the receiver gets the pad of its choice, and never the other, in each extension of a session', async () => {
  const counts = [1, 200];
  const [sent, received] = await bothValues(sends(counts), receives(counts));
  const seen = new Set<string>();
  for (const [i, count] of counts.entries()) {
    const [{ zero, one }, { choices, chosen }] = [sent[i]!, received[i]!];
    for (let at = 0; at < count; at += 1) {
      const [right, wrong, got] = (
        bitAt(choices, at) === 0 ? [zero, one, chosen] : [one, zero, chosen]
      ).map((pads) => toHex(pads.subarray(16 * at, 16 * at + 16)));
      expect(got).toBe(right);
      seen.add(right!).add(wrong!);
    }
  }
  expect(seen.size).toBe(2 * 201);
});

/** A bucket of records that the bank fetches one of, twice. */
const set = { count: 21, width: 40 };
const records = seededRandom('bucket').bytes(set.count * set.width);

async function* sendsRecords(party: Party): Run<number> {
  using sender = await openSender(party, session);
  using pads = await sender.extend(10);
  for (let query = 0; query < 2; query += 1) {
    await sendRecord(party, pads, { ...set, records });
    yield { phase: 'records', fraction: (query + 1) / 2 };
  }
  return pads.left;
}

const receivesRecords = (indices: readonly number[]) =>
  async function* (party: Party): Run<string[]> {
    using receiver = await openReceiver(party, session);
    using pads = await receiver.extend(10);
    const got: string[] = [];
    for (const index of indices) {
      got.push(toHex(await receiveRecord(party, pads, { ...set, index })));
      yield { phase: 'records', fraction: got.length / indices.length };
    }
    return got;
  };

const recordAt = (index: number): string =>
  toHex(records.subarray(set.width * index, set.width * (index + 1)));

test('one of n records is fetched, twice, with fresh transfers each time', async () => {
  const [left, got] = await bothValues(sendsRecords, receivesRecords([20, 20]));
  expect(got).toEqual([recordAt(20), recordAt(20)]);
  expect(left).toBe(0);
});

test('what the sender hears has the same types and lengths whichever records are fetched', async () => {
  const views = [];
  for (const [run, indices] of [
    [0, 0],
    [7, 20],
    [20, 1],
  ].entries()) {
    const [sender, receiver] = await runPair(sendsRecords, receivesRecords(indices), { seed: run });
    expect(receiver.value).toEqual(indices.map(recordAt));
    views.push(
      sender.view.messages.map(({ direction, typeName, bytes }) => [
        direction,
        typeName,
        bytes.length,
      ]),
    );
  }
  expect(views[1]).toEqual(views[0]);
  expect(views[2]).toEqual(views[0]);
});

test('a receiver that fetches the same record under other coins says other bits', async () => {
  const said = [];
  for (const seed of ['a', 'b', 'c']) {
    const [sender] = await runPair(sendsRecords, receivesRecords([5, 5]), { seed });
    said.push(
      sender.view.messages
        .filter(({ typeName }) => typeName.endsWith('OtRecordChoice'))
        .map(({ bytes }) => toHex(bytes))
        .join(' '),
    );
  }
  expect(new Set(said).size).toBeGreaterThan(1);
});

test('a supply that is used up says how many transfers are left', async () => {
  const [sender, receiver] = await runPair(
    async function* (party): Run<void> {
      using opened = await openSender(party, session);
      using pads = await opened.extend(4);
      await sendRecord(party, pads, { ...set, records });
      yield { phase: 'records', fraction: 1 };
    },
    async function* (party): Run<void> {
      using opened = await openReceiver(party, session);
      using pads = await opened.extend(4);
      await receiveRecord(party, pads, { ...set, index: 3 });
      yield { phase: 'records', fraction: 1 };
    },
  );
  expect(receiver.error).toMatchObject({ code: 'budget-exhausted', facts: { left: 4, needed: 5 } });
  expect(sender.error?.code).toBe('budget-exhausted');
});
