/** What happens to what a party has kept of a job: its disk forgets, fails, or is put back to what it once was. */
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Disk, GrowingFile } from '../../src/jobs/index.ts';
import { flipped } from '../support/faulty.ts';
import { MemoryDisk } from '../support/memory-disk.ts';
import type { Name, Pair } from '../support/workers.ts';

type Files = Readonly<Record<string, Uint8Array>>;
type Moment = 'write' | 'sync' | 'synced';

/** A disk in memory that tells what is about to be done to it, counting the steps that it keeps. */
export class ToldDisk implements Disk {
  readonly memory = new MemoryDisk();
  /** What it held after each step; nothing at first. */
  readonly kept: Files[] = [{}];
  onMoment: (moment: Moment, step: number) => Promise<void> = async () => {};

  async open(path: string): Promise<GrowingFile> {
    const file = await this.memory.open(path);
    return {
      ...file,
      write: async (bytes, position) => {
        await this.onMoment('write', this.kept.length);
        return file.write(bytes, position);
      },
      sync: async () => {
        const step = this.kept.length;
        await this.onMoment('sync', step);
        await file.sync();
        this.kept.push(this.memory.copy());
        await this.onMoment('synced', step);
      },
    };
  }

  remove(path: string): Promise<void> {
    return this.memory.remove(path);
  }

  list(folder: string): Promise<string[]> {
    return this.memory.list(folder);
  }
}

/** One party at one step that it keeps, counted from 1. */
export interface Struck {
  readonly pair: Pair;
  readonly name: Name;
  readonly step: number;
  readonly disks: Readonly<Record<Name, ToldDisk>>;
  /** Cuts the line, ends these parties, changes what they keep, and starts them again. */
  readonly startAgain: (names: readonly Name[], change: () => void) => void;
}

export interface StateFault {
  readonly at: Moment;
  /** Takes away steps that were acknowledged. */
  readonly takes?: true;
  /** There is nothing to be struck before this step. */
  readonly from?: number;
  /** After the first step, of a fault that needs what was there then. */
  readonly remember?: (struck: Struck) => void;
  readonly strike: (struck: Struck) => void;
}

/** A disk that is full for a tenth of a second. */
const FULL_MS = 100;

const journalsOf =
  (filesOf: (struck: Struck) => Files): StateFault['strike'] =>
  (struck) => {
    const files = filesOf(struck);
    struck.startAgain([struck.name], () => diskOf(struck).memory.restore(files));
  };

const diskOf = ({ disks, name }: Struck): ToldDisk => disks[name];
const asItIs = (struck: Struck): Files => diskOf(struck).memory.copy();

/** A byte of the newest record, elsewhere at each step. */
function damaged(struck: Struck): Files {
  const before = diskOf(struck).kept.at(-2)!;
  const damage = ([path, now]: [string, Uint8Array]): [string, Uint8Array] => {
    const from = before[path]?.length ?? 0;
    return [path, flipped(now, from + ((7 * struck.step) % (now.length - from)))];
  };
  return Object.fromEntries(Object.entries(asItIs(struck)).map(damage));
}

function exchanged({ pair, disks, startAgain }: Struck): void {
  const files = (from: Name, to: Name): Files =>
    Object.fromEntries(
      Object.entries(disks[from].memory.copy()).map(([path, content]) => [
        path.replace(join(pair.folder, from), join(pair.folder, to)),
        content,
      ]),
    );
  const [bank, telco] = [files('telco', 'bank'), files('bank', 'telco')];
  startAgain(['bank', 'telco'], () => {
    disks.bank.memory.restore(bank);
    disks.telco.memory.restore(telco);
  });
}

/** Debits, jobs and the audit log too, not only the journal. */
function everythingPutBack(): StateFault {
  const remembered = mkdtempSync(join(tmpdir(), 'sotto-state-'));
  const folderOf = ({ pair, name }: Struck): string => join(pair.folder, name);
  return {
    at: 'synced',
    takes: true,
    from: 2,
    remember: (struck) => cpSync(folderOf(struck), remembered, { recursive: true }),
    strike: (struck) =>
      struck.startAgain([struck.name], () => {
        rmSync(folderOf(struck), { recursive: true });
        cpSync(remembered, folderOf(struck), { recursive: true });
        diskOf(struck).memory.restore(diskOf(struck).kept[1]!);
      }),
  };
}

/** Made anew for each run. */
export const STATE_FAULTS: Readonly<Record<string, () => StateFault>> = {
  'power lost before a step is kept': () => ({ at: 'sync', strike: journalsOf(asItIs) }),
  'power lost after a step': () => ({ at: 'synced', strike: journalsOf(asItIs) }),
  'record changed': () => ({ at: 'synced', takes: true, strike: journalsOf(damaged) }),
  'put back by a step': () => ({
    at: 'synced',
    takes: true,
    strike: journalsOf((struck) => diskOf(struck).kept.at(-2)!),
  }),
  'all steps lost': () => ({ at: 'synced', takes: true, strike: journalsOf(() => ({})) }),
  'whole state put back': everythingPutBack,
  'states exchanged': () => ({ at: 'synced', takes: true, strike: exchanged }),
  'disk full': () => ({
    at: 'write',
    strike: (struck) => {
      const { memory } = diskOf(struck);
      memory.fail('write', 'ENOSPC');
      setTimeout(() => memory.mend(), FULL_MS);
    },
  }),
  'write fails': () => ({
    at: 'write',
    strike: (struck) => diskOf(struck).memory.fail('write', 'EIO'),
  }),
  'sync fails': () => ({
    at: 'sync',
    strike: (struck) => diskOf(struck).memory.fail('sync', 'EIO'),
  }),
  'few bytes at a time': () => ({
    at: 'write',
    strike: (struck) => {
      diskOf(struck).memory.most = 11;
    },
  }),
};
