import { mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { writeWhole } from '../../src/model/file.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

test('a file replaces the one before and leaves nothing beside it', async () => {
  const path = join(temporaryFolder(), 'deep', 'er', 'file');
  await writeWhole(path, 'first');
  await writeWhole(path, new Uint8Array([115, 101, 99]));
  expect(readFileSync(path, 'utf8')).toBe('sec');
  expect(readdirSync(join(path, '..'))).toEqual(['file']);
  expect(statSync(path).mode & 0o777).toBe(0o600);
});

test('a write that fails leaves what was there, and no part of itself', async () => {
  const folder = temporaryFolder();
  mkdirSync(join(folder, 'occupied', 'by-a-folder'), { recursive: true });
  await expect(writeWhole(join(folder, 'occupied'), 'text')).rejects.toThrow();
  expect(readdirSync(folder)).toEqual(['occupied']);
  expect(readdirSync(join(folder, 'occupied'))).toEqual(['by-a-folder']);
});

test('writers at the same time leave one whole file', async () => {
  const path = join(temporaryFolder(), 'file');
  const texts = ['a', 'b', 'c', 'd'].map((letter) => letter.repeat(100_000));
  await Promise.all(texts.map((text) => writeWhole(path, text)));
  expect(texts).toContain(readFileSync(path, 'utf8'));
});
