/**
 * Goal: a company can show what a peer was debited, without an id, and that nobody has changed it since.
 * Method: a real meter is debited, what it says is noted as a worker notes it, and its file is changed afterwards.
 */
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { fromBinary, toBinary } from '@bufbuild/protobuf';
import { beforeEach, expect, test } from 'vitest';
import { noted } from '../../src/cli/tags.ts';
import { ReceiptSchema } from '../../src/gen/sotto/tag/v1/tag_pb.ts';
import { checkDebits, type Debited } from '../../src/tags/debited.ts';
import { Meter } from '../../src/tags/meter.ts';
import { manifestOf, requestOf, start } from '../support/debits.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

let folder: string;
let file: string;
let entries: Debited[];

/** Debits so many requests, and notes what came of it. */
async function debit(requests: number): Promise<void> {
  using meter = new Meter(file, () => start);
  const note = noted(meter, (debited) => void entries.push(debited));
  for (let at = 0; at < requests; at++) await meter.debit(manifestOf({}), requestOf(2));
  note();
  note();
}

beforeEach(async () => {
  folder = temporaryFolder();
  file = join(folder, 'debits.sqlite');
  entries = [];
  await debit(3);
});

const refusal = (flaw: string) =>
  expect.objectContaining({
    code: 'verification-failed',
    facts: expect.objectContaining({ flaw }),
  });
const change = (sql: string): void => {
  using database = new DatabaseSync(file);
  database.exec(sql);
};

test('what was debited is noted once, by peer, table, purpose and day, and no id is in it', async () => {
  expect(entries).toEqual([
    {
      ...{ peer: manifestOf({}).tenant, dataset: manifestOf({}).datasetId },
      ...{ purpose: requestOf(2).purpose, day: new Date(start).toISOString().slice(0, 10) },
      ...{ items: 6, receipts: 3, total: 6, head: expect.stringMatching(/^[0-9a-f]{64}$/) },
    },
  ]);
  expect(checkDebits(file, entries)).toEqual({ chains: 1, receipts: 3 });
  await debit(2); // a later process: what the log knew is behind, which is no flaw
  expect(checkDebits(file, entries.slice(0, 1))).toEqual({ chains: 1, receipts: 5 });
  expect(entries.at(-1)).toMatchObject({ items: 10, receipts: 5 });
});

test('an older copy of the debits is found out, and so is a file that is gone', async () => {
  copyFileSync(file, join(folder, 'older'));
  await debit(1);
  copyFileSync(join(folder, 'older'), file);
  expect(() => checkDebits(file, entries)).toThrow(refusal('rolled-back'));
  expect(() => checkDebits(join(folder, 'none'), entries)).toThrow(refusal('rolled-back'));
});

test.each([
  ["UPDATE accounts SET last_receipt = x'00'", 'the head of the chain'],
  ['DELETE FROM requests WHERE receipt = (SELECT max(receipt) FROM requests)', 'the last receipt'],
])('a change is found out: %s (%s)', (sql) => {
  change(sql);
  expect(() => checkDebits(file, entries)).toThrow(refusal('edited'));
});

test('a receipt that was changed is found out by the one that follows it', () => {
  using database = new DatabaseSync(file);
  const rows = database.prepare('SELECT key, receipt FROM requests').all() as unknown as {
    key: Uint8Array;
    receipt: Uint8Array;
  }[];
  const receipts = rows.map(({ key, receipt }) => ({
    key,
    of: fromBinary(ReceiptSchema, receipt),
  }));
  const { key, of } = receipts.find((each) => each.of.sequence === 2n)!;
  const changed = toBinary(ReceiptSchema, { ...of, purpose: 'audit' });
  database.prepare('UPDATE requests SET receipt = ? WHERE key = ?').run(changed, key);
  expect(() => checkDebits(file, [])).toThrow(refusal('misplaced'));
});

test('a worker that has the file is not disturbed', () => {
  using _ = new Meter(file, () => start);
  expect(checkDebits(file, entries)).toBe('in-use');
});
