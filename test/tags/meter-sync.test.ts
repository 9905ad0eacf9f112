/** Goal: nothing is answered before it is on disk, and nothing at all once the disk has failed. Method: syncs by hand. */
import { describe, expect, test } from 'vitest';
import { Meter } from '../../src/tags/meter.ts';
import { manifestOf, requestOf, start } from '../support/debits.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const unlimited = manifestOf({});
const turns = async (): Promise<void> => {
  for (let i = 0; i < 5; i += 1) await new Promise((resolve) => setImmediate(resolve));
};

/** A meter whose syncs end when they are told to. */
function byHand() {
  const syncs: PromiseWithResolvers<void>[] = [];
  const sync = (): Promise<void> => {
    const one = Promise.withResolvers<void>();
    syncs.push(one);
    return one.promise;
  };
  return { meter: new Meter(`${temporaryFolder()}/debits.sqlite`, () => start, sync), syncs };
}

describe('a debit', () => {
  test('is answered only after the sync that follows its commit, two of which go on at once', async () => {
    const { meter, syncs } = byHand();
    using _ = meter;
    const answered: number[] = [];
    const debit = async (number: number): Promise<void> => {
      await meter.debit(unlimited, requestOf(1));
      answered.push(number);
    };
    const told = async (done: number[], begun: number, debited: number): Promise<void> => {
      await turns();
      const total = meter.total('bank', 'members');
      expect([answered, syncs.length, total]).toEqual([done, begun, debited]);
    };
    const all = [debit(0)];
    await told([], 1, 1);
    all.push(debit(1), debit(2));
    await told([], 2, 3);
    all.push(debit(3), debit(4));
    await told([], 2, 3);
    syncs[0]!.resolve();
    await told([0], 3, 5);
    syncs[1]!.resolve();
    syncs[2]!.resolve();
    await Promise.all(all);
  });

  test('is not answered while what was written before it is not synced', async () => {
    const { meter, syncs } = byHand();
    using _ = meter;
    const answered: number[] = [];
    const first = meter.debit(unlimited, requestOf(1)).then(() => answered.push(0));
    await turns();
    const second = meter.debit(unlimited, requestOf(1)).then(() => answered.push(1));
    await turns();
    syncs[1]!.resolve();
    await turns();
    expect(answered).toEqual([]);
    syncs[0]!.resolve();
    await Promise.all([first, second]);
    expect(answered).toEqual([0, 1]);
  });

  test('is refused when what was written before it could not be synced, though it was itself', async () => {
    const { meter, syncs } = byHand();
    using _ = meter;
    const failure = new Error('EIO');
    const first = meter.debit(unlimited, requestOf(1));
    await turns();
    const second = meter.debit(unlimited, requestOf(1));
    await turns();
    syncs[1]!.resolve();
    syncs[0]!.reject(failure);
    expect(await Promise.allSettled([first, second])).toEqual([
      { status: 'rejected', reason: failure },
      { status: 'rejected', reason: failure },
    ]);
  });

  test('that could not be synced is refused, and so are all after it', async () => {
    const failure = new Error('EIO');
    let calls = 0;
    const sync = async (): Promise<void> => {
      calls += 1;
      if (calls === 1) throw failure;
    };
    using meter = new Meter(`${temporaryFolder()}/debits.sqlite`, () => start, sync);
    const request = requestOf(1);
    await expect(meter.debit(unlimited, request)).rejects.toBe(failure);
    await expect(meter.debit(unlimited, request)).rejects.toBe(failure);
  });
});

describe('a transfer', () => {
  const digest = new Uint8Array(32).fill(7);

  test('is answered only after the sync that follows its commit, which others share', async () => {
    const { meter, syncs } = byHand();
    using _ = meter;
    const query = requestOf(1);
    const debited = meter.debit(unlimited, query);
    await turns();
    syncs[0]!.resolve();
    await debited;
    const answered: string[] = [];
    const both = [
      meter.transfer('bank', query, digest).then(() => answered.push('transfer')),
      meter.debit(unlimited, requestOf(1)).then(() => answered.push('debit')),
    ];
    await turns();
    expect([answered, syncs.length]).toEqual([[], 2]);
    syncs[1]!.resolve();
    await Promise.all(both);
    expect(answered.toSorted()).toEqual(['debit', 'transfer']);
  });

  test('that is refused leaves the debits beside it as they are', async () => {
    using meter = new Meter(`${temporaryFolder()}/debits.sqlite`, () => start);
    const results = await Promise.allSettled([
      meter.debit(unlimited, requestOf(2)),
      meter.transfer('bank', requestOf(1), digest),
      meter.debit(unlimited, requestOf(3)),
    ]);
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(meter.total('bank', 'members')).toBe(5);
  });

  test('that could not be synced is refused, and so is everything after it', async () => {
    const failure = new Error('EIO');
    let calls = 0;
    const sync = async (): Promise<void> => {
      calls += 1;
      if (calls === 2) throw failure;
    };
    using meter = new Meter(`${temporaryFolder()}/debits.sqlite`, () => start, sync);
    const query = requestOf(1);
    await meter.debit(unlimited, query);
    await expect(meter.transfer('bank', query, digest)).rejects.toBe(failure);
    await expect(meter.transfer('bank', query, digest)).rejects.toBe(failure);
    await expect(meter.debit(unlimited, requestOf(1))).rejects.toBe(failure);
  });
});
