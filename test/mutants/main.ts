/**
 * `npm run test:mutants`: takes one defence out at a time, and shows which tests notice.
 *
 * Each mutant is a patch to src alone, `test/mutants/<name>.patch`. Its head says which test files
 * to run, and may say which of their tests: those whose names match a regular expression.
 *
 *   Tests: test/a.test.ts test/b.test.ts
 *   Named: refused|found out
 *
 * All test files run once without any patch. Then, for each mutant, the patch and the names of the
 * tests that fail. A mutant that no test notices, a patch that does not apply and a test that fails
 * anyway are failures of the suite.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type Failures, Tree } from './trees.ts';

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: { json: { type: 'boolean', default: false } },
});
const root = join(import.meta.dirname, '..', '..');
/** Mutants at a time: a run of few tests waits as long as it computes. */
const LANES = 2;

interface Mutant {
  readonly name: string;
  readonly path: string;
  readonly tests: readonly string[];
  readonly named: string | undefined;
  /** Only src may be patched: a mutant that edits its tests would prove nothing. */
  readonly sound: boolean;
  readonly patchesKernels: boolean;
}

interface Outcome {
  readonly mutant: string;
  readonly applied: boolean;
  readonly cleanGreen: boolean;
  readonly failed: readonly string[];
}

function readMutant(name: string): Mutant {
  const path = join(import.meta.dirname, `${name}.patch`);
  const patch = readFileSync(path, 'utf8');
  const files = [...patch.matchAll(/^(?:---|\+\+\+) [ab]\/(\S+)/gm)].map((match) => match[1]!);
  const tests = /^Tests: (.+)$/m.exec(patch)?.[1]?.trim().split(/\s+/) ?? [];
  const source = files.length > 0 && files.every((file) => file.startsWith('src/'));
  return {
    name,
    path,
    tests,
    named: /^Named: (.+)$/m.exec(patch)?.[1],
    sound: source && tests.length > 0,
    patchesKernels: files.some((file) => file.startsWith('src/kernels/assembly/')),
  };
}

async function examine(mutant: Mutant, tree: Tree, clean: Failures): Promise<Outcome> {
  const { name, path, tests, named, sound, patchesKernels } = mutant;
  const cleanGreen = tests.every((test) => clean.get(test)?.length === 0);
  if (!sound || !cleanGreen || !tree.patch(path)) {
    tree.mend();
    return { mutant: name, applied: false, cleanGreen, failed: [] };
  }
  if (patchesKernels) tree.buildKernels();
  const failed = (await tree.run(tests, named)) ?? new Map<string, readonly string[]>();
  tree.mend();
  return { mutant: name, applied: true, cleanGreen, failed: [...failed.values()].flat() };
}

function show(outcome: Outcome): void {
  const caught = outcome.applied && outcome.cleanGreen && outcome.failed.length > 0;
  if (!caught) process.exitCode = 1;
  if (flags.json) console.log(JSON.stringify(outcome));
  else {
    console.log(`${caught ? 'caught  ' : 'SURVIVED'} ${outcome.mutant}`);
    for (const name of outcome.failed.slice(0, 4)) console.log(`         by: ${name}`);
  }
}

function mutantsToExamine(): Mutant[] {
  const all = readdirSync(import.meta.dirname)
    .filter((name) => name.endsWith('.patch'))
    .map((name) => name.slice(0, -'.patch'.length))
    .toSorted();
  const chosen = positionals.length === 0 ? all : positionals;
  if (chosen.length === 0) throw new Error('there are no mutants to examine');
  return chosen.map(readMutant);
}

const mutants = mutantsToExamine();
// Trees are mended from a copy: whoever edits the project meanwhile changes no outcome.
using snapshot = new Tree(root, root);
const files = [...new Set(mutants.flatMap(({ tests }) => tests))].toSorted();
const clean = (await snapshot.run(files, undefined)) ?? new Map<string, readonly string[]>();
for (const [file, failed] of clean) {
  if (failed.length > 0) console.error(`fails without any mutant: ${file}: ${failed[0]}`);
}

const waiting = [...mutants];
const outcomes = new Map<string, Outcome>();
async function lane(): Promise<void> {
  using tree = new Tree(snapshot.folder, root);
  for (let mutant = waiting.shift(); mutant !== undefined; mutant = waiting.shift()) {
    outcomes.set(mutant.name, await examine(mutant, tree, clean));
    showInOrder();
  }
}

let shown = 0;
function showInOrder(): void {
  for (; shown < mutants.length; shown++) {
    const outcome = outcomes.get(mutants[shown]!.name);
    if (outcome === undefined) return;
    show(outcome);
  }
}

await Promise.all(Array.from({ length: Math.min(LANES, mutants.length) }, lane));
