/** What is kept of sealed rows: a value that was changed would seal a row that nobody ever finds, so none is believed. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { INDEX_ENTRY_BYTES, RowIndex } from '../../src/tags/row-index.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const KEY = new Uint8Array(32).fill(5);
const RECORD = new Uint8Array(40).fill(1);
const SECRET = new Uint8Array(64).fill(2);
const IDS = ['a', 'b', 'c'];

function writtenIndex(): string {
  const file = join(temporaryFolder(), 'rows.index');
  using empty = new RowIndex(file, KEY);
  const entries = IDS.map((id) => empty.entry(id, RECORD, SECRET)).sort(Buffer.compare);
  writeFileSync(file, Buffer.concat([...empty.whole(entries)]));
  return file;
}

test('each row is found with its value; nothing of it stands in the file', () => {
  const file = writtenIndex();
  using index = new RowIndex(file, KEY);
  expect(index.count).toBe(IDS.length);
  for (const id of IDS) {
    expect(index.find(id, RECORD)).toMatchObject({ sameRecord: true, secret: SECRET });
  }
  expect(index.find('d', RECORD)).toBeUndefined();
  expect(readFileSync(file).includes(Buffer.from(SECRET.subarray(0, 16)))).toBe(false);
});

test.each([
  ['a value was changed', (bytes: Buffer) => bytes.fill(9, 40, 41)],
  ['a row was taken out', (bytes: Buffer) => bytes.subarray(INDEX_ENTRY_BYTES)],
  ['rows were exchanged', (bytes: Buffer) => swapped(bytes)],
  ['it was cut', (bytes: Buffer) => bytes.subarray(0, -1)],
  ['it is empty', (bytes: Buffer) => bytes.subarray(0, 0)],
])('an index is refused when %s', (_, change) => {
  const file = writtenIndex();
  writeFileSync(file, change(readFileSync(file)));
  expect(() => new RowIndex(file, KEY)).toThrow(
    expect.objectContaining({ code: 'verification-failed' }),
  );
  expect(existsSync(file)).toBe(true);
});

const swapped = (bytes: Buffer): Buffer => {
  const [first, second] = [0, 1].map((at) =>
    bytes.subarray(at * INDEX_ENTRY_BYTES, (at + 1) * INDEX_ENTRY_BYTES),
  );
  return Buffer.concat([second!, first!, bytes.subarray(2 * INDEX_ENTRY_BYTES)]);
};
