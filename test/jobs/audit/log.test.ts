/** The audit log: whatever is done to its file, the first entry that does not hold is named. */
import { copyFileSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { freshKey, Vault } from '../../../src/base/sealed.ts';
import { checkAudit } from '../../../src/jobs/audit/check.ts';
import type { AuditEvent } from '../../../src/jobs/audit/events.ts';
import { AuditLog } from '../../../src/jobs/audit/log.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const vault = new Vault(freshKey());
const asked = (subject: string): AuditEvent => ({
  event: 'asked',
  verb: 'submit',
  by: 'ada',
  subject,
});

function openLog(stateDir: string): AuditLog {
  let time = Date.UTC(2026, 10, 22);
  return new AuditLog({ stateDir, vault, now: () => (time += 1000) });
}

/** A folder whose log has entries 1 to n, and is closed. */
function written(entries: number, folder = temporaryFolder()): string {
  using log = openLog(folder);
  for (let n = 0; n < entries; n++) log.note(asked(`job-${log.head.entries + 1}`));
  return folder;
}

const file = (folder: string): string => join(folder, 'audit.log');
const anchor = (folder: string): string => join(folder, 'audit.head');
const linesOf = (folder: string): string[] =>
  readFileSync(file(folder), 'utf8').trimEnd().split('\n');
const write = (folder: string, lines: readonly string[]): void =>
  writeFileSync(file(folder), lines.map((line) => `${line}\n`).join(''));
const badOf = (folder: string) => checkAudit(folder, vault).bad;

test('an untouched log holds, over processes, and says what was noted', () => {
  const folder = written(3, written(4));
  const { bad, entries, head } = checkAudit(folder, vault);
  expect(bad).toBeUndefined();
  expect(head.entries).toBe(7);
  expect(entries.map(({ subject }) => subject)).toEqual(
    [1, 2, 3, 4, 5, 6, 7].map((n) => `job-${n}`),
  );
  expect(statSync(file(folder)).mode & 0o077).toBe(0);
});

describe('tampered with, a log is found out at the first bad entry', () => {
  test.each([1, 3, 6])('entry %i edited', (n) => {
    const folder = written(6);
    const lines = linesOf(folder);
    lines[n - 1] = lines[n - 1]!.replace('"ada"', '"eve"');
    write(folder, lines);
    expect(badOf(folder)).toEqual({ entry: n, flaw: 'edited' });
  });

  test.each([1, 3, 5])('entry %i deleted', (n) => {
    const folder = written(6);
    write(folder, linesOf(folder).toSpliced(n - 1, 1));
    expect(badOf(folder)).toEqual({ entry: n, flaw: 'misplaced' });
  });

  test('two entries exchanged', () => {
    const folder = written(6);
    const lines = linesOf(folder);
    [lines[2], lines[3]] = [lines[3]!, lines[2]!];
    write(folder, lines);
    expect(badOf(folder)).toEqual({ entry: 3, flaw: 'misplaced' });
  });

  test('an entry repeated', () => {
    const folder = written(6);
    const lines = linesOf(folder);
    write(folder, lines.toSpliced(4, 0, lines[3]!));
    expect(badOf(folder)).toEqual({ entry: 5, flaw: 'misplaced' });
  });

  test.each([0, 1, 5])('cut off after entry %i', (n) => {
    const folder = written(6);
    write(folder, linesOf(folder).slice(0, n));
    expect(badOf(folder)).toEqual({ entry: n + 1, flaw: 'cut-short' });
  });

  test('deleted as a whole', () => {
    const folder = written(2);
    rmSync(file(folder));
    expect(badOf(folder)).toEqual({ entry: 1, flaw: 'cut-short' });
  });

  test('cut off, and its anchor deleted', () => {
    const folder = written(6);
    write(folder, linesOf(folder).slice(0, 4));
    rmSync(anchor(folder));
    expect(badOf(folder)).toEqual({ entry: 1, flaw: 'damaged' });
  });

  test('written anew by somebody without the key, hashes and all', () => {
    const folder = written(6);
    const other = temporaryFolder();
    const forger = new Vault(freshKey());
    using log = new AuditLog({ stateDir: other, vault: forger, now: () => 0 });
    for (let n = 1; n <= 6; n++) log.note(asked(`forged-${n}`));
    copyFileSync(file(other), file(folder));
    expect(badOf(folder)).toEqual({ entry: 1, flaw: 'edited' });
  });

  test('continued from an older copy: another history under the same anchor', () => {
    const folder = written(4);
    const older = readFileSync(file(folder));
    const olderAnchor = readFileSync(anchor(folder));
    written(2, folder);
    const newer = readFileSync(anchor(folder));
    writeFileSync(file(folder), older);
    writeFileSync(anchor(folder), olderAnchor);
    written(3, folder);
    writeFileSync(anchor(folder), newer);
    expect(badOf(folder)).toEqual({ entry: 6, flaw: 'rolled-back' });
  });

  test.each(['', 'not json', '{"entry":2}', 'null'])('an entry replaced by %j', (line) => {
    const folder = written(3);
    write(folder, linesOf(folder).with(1, line));
    expect(badOf(folder)).toEqual({ entry: 2, flaw: 'damaged' });
  });
});

describe('put back to an older copy as a whole, a log is found out by what a peer remembers', () => {
  const exchanged = (exchange: number, ownHead: string): AuditEvent => ({
    event: 'heads-exchanged',
    job: `job-${exchange}`,
    peer: 'telco',
    exchange,
    peerHead: 'a'.repeat(64),
    ownHead,
  });

  function copies() {
    const folder = written(3);
    const older = [readFileSync(file(folder)), readFileSync(anchor(folder))] as const;
    using log = openLog(folder);
    log.note(asked('the copy lacks this'));
    const { hash } = log.head;
    log.note(exchanged(1, hash));
    const restore = (): void => {
      writeFileSync(file(folder), older[0]);
      writeFileSync(anchor(folder), older[1]);
    };
    return { folder, restore, witness: { peer: 'telco', exchanges: 1, hash } };
  }

  test('the whole log has it', () => {
    const { folder, witness } = copies();
    expect(checkAudit(folder, vault, [witness]).bad).toBeUndefined();
  });

  test('the older copy lacks it', () => {
    const { folder, restore, witness } = copies();
    restore();
    expect(checkAudit(folder, vault, [witness]).bad).toEqual({ entry: 4, flaw: 'rolled-back' });
  });

  test('a copy that went on has another in its place', () => {
    const { folder, restore, witness } = copies();
    restore();
    using log = openLog(folder);
    log.note(exchanged(1, log.head.hash));
    expect(checkAudit(folder, vault, [witness]).bad).toEqual({ entry: 4, flaw: 'rolled-back' });
  });
});

describe('a process that was killed while it wrote', () => {
  test.each([1, 40, 200])(
    'left %i bytes of an entry: they are dropped, and the log goes on',
    (bytes) => {
      const folder = written(3);
      const line = `${linesOf(folder)[2]!}`.slice(0, bytes);
      writeFileSync(file(folder), readFileSync(file(folder), 'utf8') + line);
      written(2, folder);
      expect(badOf(folder)).toBeUndefined();
      expect(linesOf(folder)).toHaveLength(5);
    },
  );

  test('had not moved the anchor: the entry counts', () => {
    const folder = written(3);
    const before = readFileSync(anchor(folder));
    written(1, folder);
    writeFileSync(anchor(folder), before);
    written(1, folder);
    expect(badOf(folder)).toBeUndefined();
    expect(linesOf(folder)).toHaveLength(5);
  });
});

test('a worker does not append to a log that does not hold', () => {
  const folder = written(3);
  write(folder, linesOf(folder).slice(0, 2));
  expect(() => openLog(folder)).toThrow(
    expect.objectContaining({
      code: 'verification-failed',
      facts: { entry: 3, flaw: 'cut-short' },
    }),
  );
});

test('fields that an event does not have, and long texts, are not written', () => {
  const folder = temporaryFolder();
  using log = openLog(folder);
  log.note({ ...asked('x'.repeat(1000)), id: 'customer 17' } as unknown as AuditEvent);
  const text = readFileSync(file(folder), 'utf8');
  expect(text).not.toContain('customer 17');
  expect(text.length).toBeLessThan(700);
  expect(badOf(folder)).toBeUndefined();
});
