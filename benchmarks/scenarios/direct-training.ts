/** A training between two processes over mutual TLS, without what a job does before and after it. */
import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';
import { initKeys } from '../../src/rpc/index.ts';
import type { Shape } from './shaped.ts';
import { temporaryFolder } from './temporary-folder.ts';
import type { TrainingFigures, TrainingTask } from './training-process.ts';

export interface DirectTraining {
  readonly rows: number;
  readonly bank: number;
  readonly company: number;
  readonly passes: number;
  /** Of each party; 1 if left out. */
  readonly threads?: number;
  readonly line?: Shape;
  readonly profiled?: boolean;
  /** Called when the bank begins a pass from the second on, so many seconds from its start. */
  readonly onPass?: (pass: number, seconds: number) => void;
}

export interface TrainedDirectly {
  readonly bank: TrainingFigures;
  readonly company: TrainingFigures;
}

type Word =
  | { address: string }
  | { ready: true }
  | { figures: TrainingFigures }
  | { pass: number; at: number };

/** Both parties on this machine. */
export async function trainDirectly(training: DirectTraining): Promise<TrainedDirectly> {
  const { rows, passes, threads = 1, line, profiled = false, onPass } = training;
  await using folder = await temporaryFolder();
  await Promise.all([initKeys('bank', folder.path), initKeys('company', folder.path)]);
  const task = {
    keys: folder.path,
    rows,
    settings: { passes, ridge: 1e-3, harmonics: 3 },
    threads,
    profiled,
    ...(line === undefined ? {} : { line }),
  };
  const children: ChildProcess[] = [];
  const start = (own: Pick<TrainingTask, 'party' | 'columns' | 'address'>) => {
    const child = fork(join(import.meta.dirname, 'training-process.ts'), {
      execPath: process.execPath,
      serialization: 'advanced',
    });
    children.push(child);
    if (own.party === 'bank')
      child.on('message', (word: Word) => 'pass' in word && onPass?.(word.pass, word.at));
    child.send({ task: { ...task, ...own } satisfies TrainingTask });
    return child;
  };
  try {
    const bank = start({ party: 'bank', columns: training.bank });
    const { address } = (await wordOf(bank)) as { address: string };
    const bankFigures = wordOf(bank);
    const company = start({ party: 'company', columns: training.company, address });
    await wordOf(company);
    const companyFigures = wordOf(company);
    company.send('go');
    const [ofBank, ofCompany] = (await Promise.all([bankFigures, companyFigures])) as {
      figures: TrainingFigures;
    }[];
    return { bank: ofBank!.figures, company: ofCompany!.figures };
  } finally {
    for (const child of children) child.kill('SIGKILL');
  }
}

/** The next word of a process that is not of its progress; a failure when it ends without one. */
async function wordOf(child: ChildProcess): Promise<Word> {
  const { promise, reject, resolve } = Promise.withResolvers<Word>();
  child.on('message', (word: Word) => {
    if (!('pass' in word)) resolve(word);
  });
  child.once('exit', (code, signal) =>
    reject(new Error(`a party's process ended before its word: ${code ?? signal}`)),
  );
  promise.catch(() => {});
  return await promise;
}
