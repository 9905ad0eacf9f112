/** Align, exclude and count between two processes over mutual TLS, beside @openmined/psi.js. */
import { type ChildProcess, fork } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { initKeys } from '../../src/rpc/index.ts';
import type { BenchOptions, Row } from '../harness.ts';
import { openMined } from '../scenarios/openmined.ts';
import type { SetFigures, SetProgress, SetProtocol, SetTask } from '../scenarios/set-process.ts';
import { customerIds } from '../scenarios/synthetic.ts';
import { temporaryFolder } from '../scenarios/temporary-folder.ts';
import { oneAtATime } from './psi.ts';

const PROTOCOLS: readonly SetProtocol[] = ['align', 'exclude', 'count'];
const MEMORY_GOAL = 1.5 * 2 ** 30;
const RATIO_GOAL = 3;
const BUSY_GOAL = 85;
/** From here on, start and end of a comparison are small beside it. */
const LARGE = 100_000;

const thousands = (ids: number): string => `${ids / 1000}k x ${ids / 1000}k`;

/** `only` chooses by the name of a comparison, e.g. 'count 100k': each takes minutes from 100k on. */
export async function* sets({ quick, only = /(?:)/ }: BenchOptions): AsyncGenerator<Row> {
  const baseline = await openMinedRate(quick ? 1_000 : 10_000);
  const one = { name: 'libsodium, one id at a time', value: await oneAtATime(quick ? 3 : 11) };
  for (const ids of quick ? [10_000] : [10_000, LARGE, 1_000_000]) {
    for (const protocol of PROTOCOLS) {
      const name = `sets: ${protocol} ${thousands(ids)} over gRPC`;
      if (!only.test(name)) continue;
      const figures = await compare(protocol, ids, name);
      yield* rowsOf(name, ids, figures);
      const value = (2 * ids) / (figures.bank.cpuSeconds + figures.company.cpuSeconds);
      const row = { name: `${name}, a core`, value, unit: 'ids/s', samples: 1 };
      const ratio = value / baseline.value;
      yield { ...row, baseline, ratio, goal: { ratioAtLeast: RATIO_GOAL } };
      yield { ...row, name: `${row.name}, bare`, baseline: one, ratio: value / one.value };
    }
  }
}

function* rowsOf(name: string, ids: number, { bank, company }: Figures): Generator<Row> {
  const samples = 1;
  const seconds = Math.max(bank.seconds, company.seconds);
  yield { name, value: seconds, unit: 's', samples };
  yield { name: `${name}, bank's processor`, value: bank.cpuSeconds, unit: 's', samples };
  yield { name: `${name}, company's processor`, value: company.cpuSeconds, unit: 's', samples };
  const bytes = (bank.sentBytes + company.sentBytes) / (2 * ids);
  yield { name: `${name}, both ways`, value: bytes, unit: 'bytes/id', samples };
  const cores = Math.min(availableParallelism(), 2 * threadsEach());
  const busy = (100 * (bank.cpuSeconds + company.cpuSeconds)) / (seconds * cores);
  yield {
    name: `${name}, cores busy with it (${cores})`,
    value: busy,
    unit: '%',
    samples,
    ...(ids >= LARGE ? { goal: { atLeast: BUSY_GOAL } } : {}),
  };
  const peak = Math.max(bank.peakBytes, company.peakBytes);
  const goal = { atMost: MEMORY_GOAL };
  yield { name: `${name}, larger process`, value: peak, unit: 'bytes', samples, goal };
}

/** Ids a second of one core, of both roles together. */
async function openMinedRate(each: number): Promise<{ name: string; value: number }> {
  const { common, cpuSeconds } = await openMined(customerIds(each, 0), customerIds(each, each / 2));
  if (common !== each / 2) throw new Error('the baseline found another intersection');
  return { name: `@openmined/psi.js, ${thousands(each)}`, value: (2 * each) / cpuSeconds };
}

interface Figures {
  readonly bank: SetFigures;
  readonly company: SetFigures;
}

/** Both parties share the machine. */
const threadsEach = (): number => Math.max(1, Math.floor(availableParallelism() / 2));

type Word = { readonly address: string } | { readonly figures: SetFigures } | SetProgress;

async function compare(protocol: SetProtocol, ids: number, name: string): Promise<Figures> {
  await using folder = await temporaryFolder();
  await Promise.all([initKeys('bank', folder.path), initKeys('company', folder.path)]);
  const threads = threadsEach();
  const children: ChildProcess[] = [];
  const start = (own: Pick<SetTask, 'party' | 'address'>): ChildProcess => {
    const child = fork(join(import.meta.dirname, '../scenarios/set-process.ts'));
    children.push(child);
    child.send({ task: { protocol, ids, threads, keys: folder.path, ...own } satisfies SetTask });
    return child;
  };
  try {
    const bank = start({ party: 'bank' });
    const { address } = (await wordOf(bank)) as { address: string };
    const company = start({ party: 'company', address });
    await wordOf(company);
    bank.on('message', (word: Word) => showProgress(name, word));
    const figures = Promise.all([wordOf(bank), wordOf(company)]);
    company.send('go');
    const [one, other] = (await figures) as { figures: SetFigures }[];
    return { bank: one!.figures, company: other!.figures };
  } finally {
    for (const child of children) child.kill('SIGKILL');
  }
}

function showProgress(name: string, word: Word): void {
  if (!('fraction' in word)) return;
  const { fraction, seconds } = word;
  console.error(`${name}: ${Math.round(100 * fraction)} %, ${Math.round(seconds)} s`);
}

/** The next word of a process that is no progress; a failure when it ends without one. */
async function wordOf(child: ChildProcess): Promise<Word> {
  const { promise, reject, resolve } = Promise.withResolvers<Word>();
  const hear = (word: Word): void => {
    if (!('fraction' in word)) resolve(word);
  };
  child.on('message', hear);
  child.once('exit', (code) => reject(new Error(`a party's process ended: ${code}`)));
  promise.catch(() => {});
  try {
    return await promise;
  } finally {
    child.off('message', hear);
  }
}
