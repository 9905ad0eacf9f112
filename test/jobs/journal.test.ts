/**
 * Goal: a journal gives back what was synced, in any order of crashes, and nothing that is torn, changed, old or of
 * another job. Method: a disk in memory that crashes, takes few bytes at a time, fills up and fails.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Bytes, utf8 } from '../../src/base/bytes.ts';
import { Vault } from '../../src/base/sealed.ts';
import { Secret } from '../../src/base/secret.ts';
import { type Journal, Journals } from '../../src/jobs/journal.ts';
import { MemoryDisk } from '../support/memory-disk.ts';

const vaultOf = (key: number) => new Vault(new Secret(new Uint8Array(32).fill(key)));
const agreement = utf8('an agreement');
const PATH = 'journals/job';

const open = (disk: MemoryDisk, jobId = 'job', terms: Bytes = agreement): Promise<Journal> =>
  new Journals(disk, vaultOf(1), 'journals').open(jobId, terms);

const epoch = (attempt: number) => ({ attempt, id: new Uint8Array(32).fill(attempt) });

async function kept(disk: MemoryDisk): Promise<string[]> {
  await using journal = await open(disk);
  return journal.steps.map(({ name, state }) => `${name} ${Buffer.from(state).toString()}`);
}

/** Three steps of one epoch. */
async function three(disk: MemoryDisk): Promise<void> {
  await using journal = await open(disk);
  for (const [place, name] of ['align', 'pass', 'open'].entries()) {
    await journal.append(place, epoch(1), name, utf8(`state ${place}`));
  }
}

const ALL = ['align state 0', 'pass state 1', 'open state 2'];

test('what was appended is there after a crash', async () => {
  const disk = new MemoryDisk();
  await three(disk);
  disk.crash();
  expect(await kept(disk)).toEqual(ALL);
});

test('a step of a later epoch takes the place of the one before, and of what was behind', async () => {
  const disk = new MemoryDisk();
  await three(disk);
  {
    await using journal = await open(disk);
    const before = journal.steps.map(({ chain }) => Buffer.from(chain).toString('hex'));
    expect(journal.progressIn).toBe(1);
    await journal.append(1, epoch(4), 'pass', utf8('again'));
    const after = journal.steps.map(({ chain }) => Buffer.from(chain).toString('hex'));
    expect(after).toHaveLength(2);
    expect(after[0]).toBe(before[0]);
    expect(after[1]).not.toBe(before[1]);
    expect(journal.progressIn).toBe(1); // no further than before
  }
  disk.crash();
  expect(await kept(disk)).toEqual(['align state 0', 'pass again']);
});

test('a record torn anywhere is not there, and those before it are', async () => {
  const whole = new MemoryDisk();
  await three(whole);
  const bytes = whole.content(PATH);
  const lengths = [0];
  for (let at = 0; at < bytes.length; ) {
    at += 12 + new DataView(bytes.buffer, bytes.byteOffset).getUint32(at);
    lengths.push(at);
  }
  expect(lengths).toHaveLength(4);
  for (let cut = 0; cut <= bytes.length; cut++) {
    const torn = new MemoryDisk({ [PATH]: bytes.slice(0, cut) });
    const complete = lengths.filter((length) => length <= cut).length - 1;
    expect(await kept(torn)).toEqual(ALL.slice(0, complete));
  }
});

test('a journal with a torn end is written on behind its last whole record', async () => {
  const disk = new MemoryDisk();
  await three(disk);
  const torn = new MemoryDisk({ [PATH]: disk.content(PATH).slice(0, -1) });
  {
    await using journal = await open(torn);
    await journal.append(2, epoch(2), 'open', utf8('anew'));
  }
  torn.crash();
  expect(await kept(torn)).toEqual([...ALL.slice(0, 2), 'open anew']);
});

test('a flipped bit anywhere ends the list before it, and nothing else is ever read', async () => {
  const disk = new MemoryDisk();
  await three(disk);
  const bytes = disk.content(PATH);
  await fc.assert(
    fc.asyncProperty(fc.nat(8 * bytes.length - 1), async (bit) => {
      const flipped = bytes.slice();
      flipped[bit >> 3]! ^= 1 << (bit & 7);
      const found = await kept(new MemoryDisk({ [PATH]: flipped }));
      expect(found.length).toBeLessThan(3);
      expect(found).toEqual(ALL.slice(0, found.length));
    }),
  );
});

test('records of another job, another agreement or another key are not read', async () => {
  const disk = new MemoryDisk();
  await three(disk);
  const moved = new MemoryDisk({
    'journals/other': disk.content(PATH),
    [PATH]: disk.content(PATH),
  });
  await using other = await open(moved, 'other');
  await using changed = await open(moved, 'job', utf8('another agreement'));
  await using stranger = await new Journals(moved, vaultOf(2), 'journals').open('job', agreement);
  expect([other, changed, stranger].map(({ steps }) => steps)).toEqual([[], [], []]);
});

test('a disk that takes few bytes at a time gets all of them', async () => {
  const disk = new MemoryDisk();
  disk.most = 3;
  await three(disk);
  disk.crash();
  expect(await kept(disk)).toEqual(ALL);
});

test.each([
  ['ENOSPC', 'peer-unavailable'],
  ['EDQUOT', 'peer-unavailable'],
  ['EIO', 'internal'],
])(
  'a disk that fails with %s loses no step that was kept, and says so as %s',
  async (errno, code) => {
    const disk = new MemoryDisk();
    await three(disk);
    for (const operation of ['write', 'sync'] as const) {
      await using journal = await open(disk);
      disk.fail(operation, errno);
      const appended = journal.append(3, epoch(1), 'score', utf8('lost'));
      await expect(appended).rejects.toMatchObject({ code, facts: { errno } });
      disk.mend();
      // Nothing is added behind a record that may be half there.
      await expect(journal.append(3, epoch(1), 'score', utf8('lost'))).rejects.toThrow();
      expect(await kept(disk)).toEqual(ALL);
    }
  },
);

test('nothing is written by an attempt that is over', async () => {
  const disk = new MemoryDisk();
  const journal = await open(disk);
  await journal[Symbol.asyncDispose]();
  await expect(journal.append(0, epoch(1), 'align', utf8('late'))).rejects.toMatchObject({
    code: 'cancelled',
  });
  expect(await kept(disk)).toEqual([]);
});

test('a state is not readable on the disk', async () => {
  const disk = new MemoryDisk();
  await three(disk);
  const text = Buffer.from(disk.content(PATH)).toString('latin1');
  for (const word of ['state', 'align', 'pass', 'open']) expect(text).not.toContain(word);
});

test('journals of jobs that have ended are swept out', async () => {
  const disk = new MemoryDisk();
  await three(disk);
  const journals = new Journals(disk, vaultOf(1), 'journals');
  await journals.sweep(() => false);
  expect(await disk.list('journals')).toEqual(['job']);
  await journals.sweep((id) => id === 'job');
  expect(await disk.list('journals')).toEqual([]);
});
