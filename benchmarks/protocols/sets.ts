/** Align, exclude and count between two processes over mutual TLS, beside one id at a time in libsodium. */
import { type ChildProcess, fork } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { initKeys } from '../../src/rpc/index.ts';
import type { BenchOptions, Row } from '../harness.ts';
import type { SetFigures, SetProtocol, SetTask } from '../scenarios/set-process.ts';
import { temporaryFolder } from '../scenarios/temporary-folder.ts';
import { oneAtATime } from './psi.ts';

const PROTOCOLS: readonly SetProtocol[] = ['align', 'exclude', 'count'];
const MEMORY_GOAL = 1.5 * 2 ** 30;

export async function* sets({ quick }: BenchOptions): AsyncGenerator<Row, void, void> {
  const baseline = { name: 'libsodium, one id at a time', value: await oneAtATime(quick ? 3 : 11) };
  for (const ids of quick ? [10_000] : [10_000, 100_000, 1_000_000]) {
    for (const protocol of PROTOCOLS) {
      const { bank, company } = await compare(protocol, ids);
      const name = `sets: ${protocol} ${ids / 1000}k x ${ids / 1000}k over gRPC`;
      const samples = 1;
      yield { name, value: Math.max(bank.seconds, company.seconds), unit: 's', samples };
      yield { name: `${name}, bank's processor`, value: bank.cpuSeconds, unit: 's', samples };
      yield { name: `${name}, company's processor`, value: company.cpuSeconds, unit: 's', samples };
      const bytes = (bank.sentBytes + company.sentBytes) / (2 * ids);
      yield { name: `${name}, both ways`, value: bytes, unit: 'bytes/id', samples };
      const value = (2 * ids) / (bank.cpuSeconds + company.cpuSeconds);
      const ratio = value / baseline.value;
      yield { name: `${name}, a core`, value, unit: 'ids/s', baseline, ratio, samples };
      const peak = Math.max(bank.peakBytes, company.peakBytes);
      yield {
        name: `${name}, larger process`,
        value: peak,
        unit: 'bytes',
        samples,
        goal: { atMost: MEMORY_GOAL },
      };
    }
  }
}

type Word = { readonly address: string } | { readonly figures: SetFigures };

async function compare(protocol: SetProtocol, ids: number) {
  await using folder = await temporaryFolder();
  await Promise.all([initKeys('bank', folder.path), initKeys('company', folder.path)]);
  const threads = Math.max(1, Math.floor(availableParallelism() / 2));
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
    const figures = Promise.all([wordOf(bank), wordOf(company)]);
    company.send('go');
    const [one, other] = (await figures) as { figures: SetFigures }[];
    return { bank: one!.figures, company: other!.figures };
  } finally {
    for (const child of children) child.kill('SIGKILL');
  }
}

/** The next word of a process; a failure when it ends without one. */
async function wordOf(child: ChildProcess): Promise<Word> {
  const { promise, reject, resolve } = Promise.withResolvers<Word>();
  child.once('message', (word) => resolve(word as Word));
  child.once('exit', (code) => reject(new Error(`a party's process ended: ${code}`)));
  promise.catch(() => {});
  return await promise;
}
