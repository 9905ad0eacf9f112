/** The patches of this folder: what each takes out, and the tests that are to notice. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Mutant {
  readonly name: string;
  readonly path: string;
  /** What is wrong with the patched program, in a sentence. */
  readonly bug: string;
  readonly tests: readonly string[];
  /** Those of their tests whose names match; all, where it says nothing. */
  readonly named: string | undefined;
  /** What is missing is an end: a test that never ends is the one that notices. */
  readonly hangs: boolean;
  readonly files: readonly string[];
  /** Only src may be patched: a mutant that edits its tests would prove nothing. */
  readonly sound: boolean;
}

/** All of them, or those of the given names. */
export function mutants(chosen: readonly string[]): Mutant[] {
  const all = readdirSync(import.meta.dirname)
    .filter((name) => name.endsWith('.patch'))
    .map((name) => name.slice(0, -'.patch'.length))
    .toSorted();
  return (chosen.length === 0 ? all : chosen).map(readMutant);
}

function readMutant(name: string): Mutant {
  const path = join(import.meta.dirname, `${name}.patch`);
  const patch = readFileSync(path, 'utf8');
  const head = patch.split(/^(?:diff|---) /m, 1)[0]!.split('\n');
  const said = (key: string): string | undefined =>
    head.find((line) => line.startsWith(`${key}: `))?.slice(key.length + 2);
  const sides = [...patch.matchAll(/^(?:---|\+\+\+) [ab]\/(\S+)/gm)].map((match) => match[1]!);
  const files = [...new Set(sides)];
  const tests = said('Tests')?.trim().split(/\s+/) ?? [];
  return {
    name,
    path,
    bug: head.find((line) => line !== '' && !/^(?:Tests|Named|Hangs): /.test(line)) ?? '',
    tests,
    named: said('Named'),
    hangs: said('Hangs') !== undefined,
    files,
    sound: tests.length > 0 && files.length > 0 && files.every((file) => file.startsWith('src/')),
  };
}
