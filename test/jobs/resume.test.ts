/**
 * Goal: a job goes on where both parties are, repeats one step at most, and refuses a party that has lost more.
 * Method: two workers with disks in memory; the network is cut at a chosen message, and while it is down a worker is
 * stopped, its disk crashes, fails, or is put back to what it was before.
 */
import { expect, test } from 'vitest';
import { inlineCompute } from '../../src/compute/inline.ts';
import { type Job, JobState } from '../../src/gen/sotto/job/v1/job_pb.ts';
import { cleartextTasks } from '../support/cleartext.ts';
import { flipped } from '../support/faulty.ts';
import { alignSpec, trainSpec } from '../support/jobs.ts';
import { lendingTables } from '../support/lending.ts';
import { MemoryDisk } from '../support/memory-disk.ts';
import { seededRandom } from '../support/random.ts';
import { type Name, openPair, type Pair, reaches } from '../support/workers.ts';

const NAMES: readonly Name[] = ['bank', 'telco'];

interface Lenders extends AsyncDisposable {
  readonly pair: Pair;
  readonly disks: Readonly<Record<Name, MemoryDisk>>;
  /** Names of the messages that the bank has sent, one for each head frame. */
  readonly sent: string[];
}

const MESSAGE = /sotto\.[a-z]+\.v1\.(\w+)/;

/** Cuts the network for good when `when` says so of a message that the bank is about to send. */
async function openLenders(when: (name: string, nth: number) => boolean): Promise<Lenders> {
  const disks = { bank: new MemoryDisk(), telco: new MemoryDisk() };
  const settings = (name: Name) => ({
    compute: inlineCompute(cleartextTasks(seededRandom(name))),
    change: <T>(options: T) => ({ ...options, disk: disks[name] }),
  });
  const pair = await openPair({
    bank: { ...settings('bank'), files: { ...lendingTables() } },
    telco: settings('telco'),
  });
  const sent: string[] = [];
  pair.network.wrap = (transport) => ({
    ...transport,
    write: async (frame) => {
      const name = MESSAGE.exec(Buffer.from(frame.subarray(0, 100)).toString('latin1'))?.[1];
      if (name !== undefined) {
        sent.push(name);
        if (when(name, sent.filter((each) => each === name).length)) {
          pair.network.down = true;
          await transport.close();
        }
      }
      return transport.write(frame);
    },
  });
  return { pair, disks, sent, [Symbol.asyncDispose]: () => pair[Symbol.asyncDispose]() };
}

const spec = () => trainSpec({ protocol: { case: 'train', value: { passes: 3 } } });

/** Submits a training and waits until it was cut at both. */
async function cut({ pair }: Lenders): Promise<string> {
  const { id } = await pair.bank.submit(spec(), '', 'ada');
  for (const name of NAMES) await reaches(pair.workers.get(name)!, id, [JobState.INTERRUPTED]);
  return id;
}

async function goOn({ pair }: Lenders, id: string): Promise<readonly Job[]> {
  pair.network.down = false;
  return [await reaches(pair.bank, id), await reaches(pair.telco, id)];
}

const codesOf = (jobs: readonly Job[]): string[] =>
  jobs.map(({ state, error }) => (state === JobState.SUCCEEDED ? '' : (error?.code ?? '?')));

const second = (message: string) => (name: string, nth: number) => name === message && nth === 2;

test('a training cut in its second pass does the second and the third pass, and no other', async () => {
  await using lenders = await openLenders(second('PassKeys'));
  const id = await cut(lenders);
  const before = lenders.sent.length;
  expect(codesOf(await goOn(lenders, id))).toEqual(['', '']);
  const after = lenders.sent.slice(before);
  expect(after[0]).toBe('ResumeMessage');
  expect(after.filter((name) => name.startsWith('Align') || name === 'SetupMessage')).toEqual([]);
  expect(after.filter((name) => name === 'PassKeys')).toHaveLength(2);
});

test.each(NAMES)(
  'a crash of the disk of %s takes away nothing that was acknowledged',
  async (name) => {
    await using lenders = await openLenders(second('PassKeys'));
    const id = await cut(lenders);
    await lenders.pair.stop(name);
    lenders.disks[name].crash();
    await lenders.pair.start(name);
    expect(codesOf(await goOn(lenders, id))).toEqual(['', '']);
  },
);

test.each(NAMES)('a state of %s that was put back is refused on both sides', async (name) => {
  let old: Record<string, Uint8Array> = {};
  await using lenders = await openLenders((message, nth) => {
    if (message === 'PassKeys' && nth === 1) old = lenders.disks[name].copy();
    return message === 'PassKeys' && nth === 3;
  });
  const id = await cut(lenders);
  expect(Object.keys(old)).toHaveLength(1);
  await lenders.pair.stop(name);
  lenders.disks[name].restore(old);
  await lenders.pair.start(name);
  expect(codesOf(await goOn(lenders, id))).toEqual(['rollback-detected', 'rollback-detected']);
});

test('a state that was put back by one pass is refused too, once weights may have been opened', async () => {
  let old: Record<string, Uint8Array> = {};
  await using lenders = await openLenders((message, nth) => {
    if (message === 'PassKeys' && nth === 3) old = lenders.disks.telco.copy();
    return message === 'OpenedWeights';
  });
  const id = await cut(lenders);
  await lenders.pair.stop('telco');
  lenders.disks.telco.restore(old);
  await lenders.pair.start('telco');
  expect(codesOf(await goOn(lenders, id))).toEqual(['rollback-detected', 'rollback-detected']);
});

test('a full disk interrupts the job, and once there is room it goes on', async () => {
  await using lenders = await openLenders((message, nth) => {
    if (message === 'PassKeys' && nth === 2) lenders.disks.telco.fail('write', 'ENOSPC');
    return false;
  });
  const { pair, disks } = lenders;
  const { id } = await pair.bank.submit(spec(), '', 'ada');
  for (const name of NAMES) await reaches(pair.workers.get(name)!, id, [JobState.INTERRUPTED]);
  disks.telco.mend();
  expect(codesOf(await goOn(lenders, id))).toEqual(['', '']);
});

test.each(['write', 'sync'] as const)(
  'a disk that fails in a %s ends the job on both sides',
  async (operation) => {
    await using lenders = await openLenders((message, nth) => {
      if (message === 'PassKeys' && nth === 2) lenders.disks.bank.fail(operation, 'EIO');
      return false;
    });
    const { id } = await lenders.pair.bank.submit(spec(), '', 'ada');
    expect(codesOf(await goOn(lenders, id))).toEqual(['internal', 'internal']);
  },
);

test('a job does not go on with other data than it began with', async () => {
  await using lenders = await openLenders(second('PassKeys'));
  const id = await cut(lenders);
  const rows = lendingTables()['calls.csv'].split('\n');
  const [first = '', ...rest] = rows[700]!.split(',');
  rows[700] = [String(Number(first) + 1), ...rest].join(',');
  lenders.pair.file('calls.csv', rows.join('\n'));
  const [bank, telco] = await goOn(lenders, id);
  expect(telco!.error).toMatchObject({ code: 'invalid-argument', facts: { dataset: 'calls' } });
  expect(bank!.error).toMatchObject({ code: 'invalid-argument', facts: { reportedBy: 'peer' } });
});

test('journals are gone when their job has ended', async () => {
  await using lenders = await openLenders(() => false);
  const { id } = await lenders.pair.bank.submit(spec(), '', 'ada');
  expect(codesOf(await goOn(lenders, id))).toEqual(['', '']);
  for (const name of NAMES) expect(Object.keys(lenders.disks[name].copy())).toEqual([]);
});

/** The kind of a frame that says that both transcripts hold: the last that each party sends. */
const VERIFIED = 5;

test('a proposer cut off at the last word asks again, and both succeed, the responder at once', async () => {
  await using pair = await openPair();
  const { promise: heard, resolve } = Promise.withResolvers<void>();
  let isCut = false;
  pair.network.wrap = (transport) => ({
    ...transport,
    read: async () => {
      const frame = await transport.read();
      if (frame?.[0] === VERIFIED) resolve();
      return isCut || frame?.[0] !== VERIFIED ? frame : undefined;
    },
    write: async (frame) => {
      if (frame[0] === VERIFIED && !isCut) {
        await heard; // the responder is done, and its peer will never say that it is, too
        await transport.close();
        isCut = true;
      }
      return transport.write(frame);
    },
  });
  const { id } = await pair.bank.submit(alignSpec(), '', 'ada');
  const [bank, telco] = [await reaches(pair.bank, id), await reaches(pair.telco, id)];
  expect([bank.state, telco.state]).toEqual([JobState.SUCCEEDED, JobState.SUCCEEDED]);
  expect([bank.attempt, telco.attempt]).toEqual([2, 1]);
  expect(bank.result).toMatchObject({ rows: 4 });
});

test('a last word that was changed on its way is asked for again, and both succeed', async () => {
  await using pair = await openPair();
  let isChanged = false;
  pair.network.wrap = (transport) => ({
    ...transport,
    read: async () => {
      const frame = await transport.read();
      if (frame?.[0] !== VERIFIED || isChanged) return frame;
      isChanged = true;
      return flipped(frame, frame.length - 1);
    },
  });
  const { id } = await pair.bank.submit(alignSpec(), '', 'ada');
  const [bank, telco] = [await reaches(pair.bank, id), await reaches(pair.telco, id)];
  expect([bank.state, telco.state]).toEqual([JobState.SUCCEEDED, JobState.SUCCEEDED]);
  expect([bank.attempt, telco.attempt]).toEqual([2, 1]);
});
