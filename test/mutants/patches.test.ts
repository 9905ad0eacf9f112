/** A patch that does not apply any more, or names no test, would only be noticed where all mutants are run. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { mutants } from './patches.ts';

const root = join(import.meta.dirname, '..', '..');

/** What a patch expects to find, hunk by hunk: lines that stay, and lines that go. */
function expected(patch: string): { readonly file: string; readonly lines: string }[] {
  return patch
    .split(/^--- a\//m)
    .slice(1)
    .flatMap((part) => {
      const file = part.slice(0, part.search(/\s/));
      const hunks = part.split(/^@@ .*\n/m).slice(1);
      return hunks.map((hunk) => ({
        file,
        lines: hunk
          .split('\n')
          .filter((line) => /^[ -]/.test(line))
          .map((line) => `${line.slice(1)}\n`)
          .join(''),
      }));
    });
}

const all = mutants([]);

test('every mutant patches src alone, says what is wrong, and names tests that are there', () => {
  const bad = all.filter(
    ({ sound, bug, tests }) =>
      !sound || !/^[A-Z].*\.$/.test(bug) || !tests.every((file) => existsSync(join(root, file))),
  );
  expect(bad.map(({ name }) => name)).toEqual([]);
});

test('every mutant finds the lines that it takes out', () => {
  const sources = new Map<string, string>();
  const sourceOf = (file: string): string => {
    const source = sources.get(file) ?? readFileSync(join(root, file), 'utf8');
    sources.set(file, source);
    return source;
  };
  const moved = all.filter(({ path }) => {
    const hunks = expected(readFileSync(path, 'utf8'));
    return hunks.length === 0 || hunks.some(({ file, lines }) => !sourceOf(file).includes(lines));
  });
  expect(moved.map(({ name }) => name)).toEqual([]);
});
