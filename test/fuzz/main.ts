/**
 * `npm run fuzz -- wire --cases 20000 --seed 1 [--json] [--case N]`: whatever a peer, an operator or
 * a file may say, mutated; it must end in an error of ours or be taken as it is, and nothing else.
 * `messages` are the messages of all schemas by themselves, `ciphertexts` what SEAL would be given,
 * `disk` what a party keeps.
 *
 * Accepted means that the mutation left a message well-formed and allowed: another residue below its
 * modulus, another element of the group, another purpose in a job file. A crash is any other error, a
 * case that hangs, and a thread that dies. Threads run the cases, so that one that hangs can be ended.
 */
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import { inOneFolder } from '../support/one-folder.ts';
import { type CaseResult, HANGS_AFTER_MS, Runner, SUBJECTS, type Subject } from './cases.ts';

inOneFolder();

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    cases: { type: 'string', default: '20000' },
    seed: { type: 'string', default: '1' },
    case: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
});
const [cases, seed] = [Number(flags.cases), Number(flags.seed)];
const subject = positionals.join() as Subject;
if (!(subject in SUBJECTS) || !(cases > 0) || !Number.isInteger(seed)) {
  throw new Error(
    'usage: fuzz wire|messages|ciphertexts|disk [--cases N] [--seed N] [--case N] [--json]',
  );
}

const THREADS = 2;
/** Far above a slow case on a busy machine: nothing is heard of a thread for so long only if it hangs. */
const SILENCE_MS = 10 * HANGS_AFTER_MS;
const PREPARED_IN_MS = 120_000;
const SHOW_EVERY_MS = 5_000;

const counts = { refused: 0, accepted: 0, crashed: 0, wasmExceptions: 0 };
const byTarget = new Map<string, { refused: number; accepted: number; crashed: number }>();
const started = performance.now();
let ended = 0;

function count(result: CaseResult): void {
  ended += 1;
  counts[result.verdict] += 1;
  counts.wasmExceptions += result.wasmExceptions;
  const target = byTarget.get(result.target) ?? { refused: 0, accepted: 0, crashed: 0 };
  target[result.verdict] += 1;
  byTarget.set(result.target, target);
  if (result.verdict === 'crashed' || result.wasmExceptions > 0) {
    console.error(`case ${result.number} (${result.target}): ${result.why}`);
  }
}

/** Every `THREADS`th case from `from` on; goes on behind a case that a thread did not survive. */
async function lane(from: number): Promise<void> {
  for (let next = from; next < cases; ) {
    const end = await untilItStops(next, (result) => {
      next = result.number + THREADS;
      count(result);
    });
    if (end === 'done') return;
    count({ number: next, target: 'any', verdict: 'crashed', why: end, wasmExceptions: 0 });
    next += THREADS;
  }
}

/** Runs a thread from a case on; what it ended by, or 'done'. A thread that cannot even prepare is no finding. */
async function untilItStops(from: number, take: (result: CaseResult) => void): Promise<string> {
  const file = new URL('./thread.ts', import.meta.url);
  const thread = new Worker(file, {
    workerData: { subject, seed, from, until: cases, step: THREADS },
  });
  const { promise: stopped, resolve: stop } = Promise.withResolvers<string>();
  let prepared = false;
  let watch = setTimeout(() => stop('hangs'), PREPARED_IN_MS);
  thread.on('message', (message: CaseResult | 'ready') => {
    clearTimeout(watch);
    watch = setTimeout(() => stop('hangs'), SILENCE_MS);
    if (message === 'ready') prepared = true;
    else take(message);
  });
  thread.on('error', (error) => stop(String(error.stack ?? error)));
  thread.on('exit', (code) => stop(code === 0 ? 'done' : `the thread ended with code ${code}`));
  const end = await stopped;
  clearTimeout(watch);
  await thread.terminate();
  if (prepared) return end;
  throw new Error(`a thread did not even begin: ${end}`);
}

function showProgress(): void {
  const seconds = (performance.now() - started) / 1000;
  const left = ended === 0 ? '?' : Math.round((seconds / ended) * (cases - ended));
  console.error(`${ended} of ${cases} cases, ${Math.round(seconds)} s, ${left} s left`);
}

/** One case by itself: to see what it does. */
async function runOne(number: number): Promise<void> {
  const runner = new Runner(seed, subject);
  count(await runner.run(number));
}

async function runAll(): Promise<void> {
  const shows = setInterval(showProgress, SHOW_EVERY_MS);
  await Promise.all(Array.from({ length: THREADS }, (_, place) => lane(place)));
  clearInterval(shows);
}

await (flags.case === undefined ? runAll() : runOne(Number(flags.case)));
const { crashed, ...rest } = counts;
if (flags.case === undefined && ended !== cases) throw new Error(`${ended} of ${cases} cases ran`);
if (!flags.json) console.table(Object.fromEntries(byTarget));
const { refused, accepted, wasmExceptions } = rest;
console.log(JSON.stringify({ cases: ended, refused, accepted, wasmExceptions, crashes: crashed }));
process.exit(crashed + wasmExceptions > 0 ? 1 : 0);
