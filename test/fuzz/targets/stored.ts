/** What a worker reads back from its own disk, after somebody else had it: audit log, anchor, journal. */
import { readFileSync, writeFileSync } from 'node:fs';
import { freshKey, Vault } from '../../../src/base/sealed.ts';
import { anchorFile, checkAudit, logFile } from '../../../src/jobs/audit/check.ts';
import { AuditLog } from '../../../src/jobs/audit/log.ts';
import { Journals } from '../../../src/jobs/journal.ts';
import { MemoryDisk } from '../../support/memory-disk.ts';
import { mutateBytes } from '../mutations.ts';
import { fuzzFolder, type Target } from '../target.ts';
import { mutateText } from '../texts.ts';

const ENTRIES = 6;

const audit: Target = {
  name: 'audit log',
  weight: 30,
  async prepare() {
    const folder = fuzzFolder();
    const vault = new Vault(freshKey());
    {
      using log = new AuditLog({ stateDir: folder, vault, now: () => 0 });
      for (let count = 0; count < ENTRIES; count++) log.note({ event: 'strangers-refused', count });
    }
    const text = readFileSync(logFile(folder), 'utf8');
    const anchor = readFileSync(anchorFile(folder));
    const check = (log: string, head: Uint8Array): 'refused' | 'accepted' => {
      writeFileSync(logFile(folder), log);
      writeFileSync(anchorFile(folder), head);
      const { bad, entries, wholeBytes } = checkAudit(folder, vault);
      // A line that was being written when the process ended is no entry, and no flaw.
      const isHonest = log.startsWith(text) && wholeBytes === text.length;
      if (bad === undefined && !isHonest)
        throw new Error(`${entries.length} entries were believed`);
      return bad === undefined ? 'accepted' : 'refused';
    };
    if (check(text, anchor) === 'refused') throw new Error('the honest log was refused');
    return (word) =>
      word() % 4 === 0
        ? check(text, mutateBytes(anchor, word))
        : check(mutateText(text, word), anchor);
  },
};

const journal: Target = {
  name: 'journals',
  weight: 30,
  async prepare() {
    const vault = new Vault(freshKey());
    const agreement = new Uint8Array(32).fill(3);
    const states = [5, 200, 0].map((length) => new Uint8Array(length).fill(length));
    const disk = new MemoryDisk();
    {
      await using honest = await new Journals(disk, vault, 'jobs').open('f00d', agreement);
      const epoch = { attempt: 1, id: new Uint8Array(32).fill(1) };
      for (const [place, state] of states.entries()) {
        await honest.append(place, epoch, `step ${place}`, state);
      }
    }
    const bytes = disk.content('jobs/f00d');
    return async (word) => {
      const mutated = new MemoryDisk({ 'jobs/f00d': mutateBytes(bytes, word) });
      await using read = await new Journals(mutated, vault, 'jobs').open('f00d', agreement);
      for (const [place, { name, state }] of read.steps.entries()) {
        const isKept = name === `step ${place}` && Buffer.compare(state, states[place]!) === 0;
        if (!isKept) throw new Error(`step ${place} is not what was kept`);
      }
      return read.steps.length === states.length ? 'accepted' : 'refused';
    };
  },
};

export const storedTargets: readonly Target[] = [audit, journal];
