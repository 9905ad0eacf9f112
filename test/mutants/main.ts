/**
 * `npm run test:mutants [-- --json | --list] [name ...]`: takes one defence out at a time, and shows
 * which test notices.
 *
 * Each mutant is a patch to src alone, `test/mutants/<name>.patch`. Its head says which test files
 * to run, and may say which of their tests: those whose names match a regular expression. Then comes
 * what is wrong, for `--list`.
 *
 *   Tests: test/a.test.ts test/b.test.ts
 *   Named: refused|found out
 *   A peer may ask for anything.
 *
 * These tests run once without any patch, all together. Then, for each mutant, its tests until one
 * fails. A mutant that no test notices, a patch that does not apply and a test that fails anyway are
 * failures of the suite. A test that does not end in time has noticed nothing, since a busy machine
 * would do, but for a mutant whose head says that it hangs, and where (`Hangs: a call waits for ever`).
 */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type Mutant, mutants } from './patches.ts';
import { type Failure, type Failures, Tree } from './trees.ts';

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: 'boolean', default: false },
    list: { type: 'boolean', default: false },
  },
});
const root = join(import.meta.dirname, '..', '..');
/** Mutants at a time: a run of few tests waits as long as it computes. */
const LANES = 2;
/** Many times what the tests of what hangs take, where it does not hang. */
const HANGING_MS = 20_000;
const WORDS = { claim: 'failed', time: 'not in time', load: 'not loaded' };

interface Outcome {
  readonly mutant: string;
  readonly applied: boolean;
  readonly cleanGreen: boolean;
  readonly failed: readonly string[];
}

const chosen = mutants(positionals);
if (chosen.length === 0) throw new Error('there are no mutants to examine');
if (flags.list) for (const { name, bug } of chosen) console.log(`${name.padEnd(44)} ${bug}`);
else await examineAll();

async function examineAll(): Promise<void> {
  // Trees are mended from a copy: whoever edits the project meanwhile changes no outcome.
  using snapshot = new Tree(root, root);
  const clean = await runClean(snapshot);
  const started = performance.now();
  const outcomes = new Map<string, Outcome>();
  let shown = 0;
  const note = (outcome: Outcome): void => {
    outcomes.set(outcome.mutant, outcome);
    for (; shown < chosen.length; shown++) {
      const next = outcomes.get(chosen[shown]!.name);
      if (next === undefined) break;
      show(next);
    }
    progress(outcomes.size, started);
  };

  const waiting = [...chosen];
  async function lane(): Promise<void> {
    using tree = new Tree(snapshot.folder, root);
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      note(await examine(next, tree, clean));
    }
  }
  await Promise.all(Array.from({ length: Math.min(LANES, chosen.length) }, lane));
}

/** What fails without a mutant. Files of which all mutants say which tests they mean run only these. */
async function runClean(snapshot: Tree): Promise<Failures> {
  const whole = new Set(chosen.filter(({ named }) => named === undefined).flatMap((m) => m.tests));
  const parts = chosen.filter(({ tests }) => tests.some((test) => !whole.has(test)));
  const partly = new Set(parts.flatMap(({ tests }) => tests).filter((test) => !whole.has(test)));
  const named = parts.map((mutant) => `(?:${mutant.named})`).join('|');
  console.error(`without a mutant: ${whole.size} test files, parts of ${partly.size}`);
  const until = 'end';
  const runs = [
    ...(whole.size > 0 ? [{ files: [...whole].toSorted(), named: undefined, until } as const] : []),
    ...(partly.size > 0 ? [{ files: [...partly].toSorted(), named, until } as const] : []),
  ];
  const clean = new Map<string, readonly Failure[]>();
  for (const run of runs) {
    const outcome = await snapshot.run(run);
    if (outcome === undefined) throw new Error('the tests do not end without a mutant either');
    for (const [file, failed] of outcome) {
      clean.set(file, failed);
      for (const { test } of failed) console.error(`fails without any mutant: ${file}: ${test}`);
    }
  }
  return clean;
}

async function examine(mutant: Mutant, tree: Tree, clean: Failures): Promise<Outcome> {
  const { name, path, tests: files, named, hangs, sound } = mutant;
  const cleanGreen = files.every((file) => clean.get(file)?.length === 0);
  const applied = sound && cleanGreen && tree.patch(path, mutant.files);
  const timeoutMs = hangs ? HANGING_MS : undefined;
  const how = { files, named, until: 'first failure', timeoutMs } as const;
  const run = applied ? await tree.run(how) : undefined;
  tree.mend(mutant.files);
  const failures = [...(run?.values() ?? [])].flat();
  const noticed = failures.filter(({ kind }) => kind === 'claim' || (kind === 'time' && hangs));
  if (applied && run === undefined) console.error(`${name}: its tests did not end`);
  for (const { test, kind } of failures) {
    if (noticed.length === 0)
      console.error(`${name}: ${WORDS[kind]}, which shows nothing: ${test}`);
  }
  return { mutant: name, applied, cleanGreen, failed: noticed.map(({ test }) => test) };
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

function progress(ended: number, started: number): void {
  const seconds = (performance.now() - started) / 1000;
  const left = (seconds / ended) * (chosen.length - ended);
  console.error(
    `${ended} of ${chosen.length} mutants, ${Math.round(seconds)} s, ${Math.round(left)} s left`,
  );
}
