/** Two real worker processes on loopback, with small made-up tables: what integration tests talk to. */
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import { type OperatorClient, withOperator } from '../../src/cli/connection.ts';
import { freePorts, startWorker, type WorkerProcess } from '../../src/cli/demo/processes.ts';
import { type Job, JobState } from '../../src/gen/sotto/job/v1/job_pb.ts';
import { initKeys, initOperator, publicFile } from '../../src/rpc/index.ts';

export interface Site {
  readonly party: 'bank' | 'company';
  readonly folder: string;
  readonly config: string;
}

export interface Sites extends AsyncDisposable {
  readonly folder: string;
  readonly bank: Site;
  readonly company: Site;
  /** Starts that party's worker; `label` keeps the logs of restarts apart. */
  start(party: 'bank' | 'company', label?: string): Promise<WorkerProcess>;
}

/** Deterministic numbers in 0..1: a linear congruential generator is random enough for rows of a test. */
export function numbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** Scores of so few features would tell them, so the company has the least that may be scored, and one more. */
const COMPANY_COLUMNS = ['debt', 'assets', 'tenure', 'usage', 'claims'] as const;

/** So many customers with features at each party and a label that depends on both. */
function tablesOf(rows: number): { bank: string; company: string } {
  const next = numbers(7);
  const bank = ['id,age,income,bad'];
  const company = [`id,${COMPANY_COLUMNS.join(',')}`];
  for (let row = 0; row < rows; row++) {
    const [age, income] = [next(), next()];
    const theirs = COMPANY_COLUMNS.map(() => next());
    const logit = 5 * (theirs[0]! - theirs[1]! + theirs[2]! - 0.5) - 4 * income + 2 * age + 1;
    const bad = next() < 1 / (1 + Math.exp(-logit)) ? 'yes' : 'no';
    const id = `C${row}`;
    // One in eight is known to one party only, in turn.
    if (row % 16 !== 3) bank.push(`${id},${age.toFixed(4)},${income.toFixed(4)},${bad}`);
    if (row % 16 !== 11) company.push([id, ...theirs.map((value) => value.toFixed(4))].join(','));
  }
  return { bank: `${bank.join('\n')}\n`, company: `${company.join('\n')}\n` };
}

export interface SitesOptions {
  readonly rows: number;
  /** Whether the company's rules admit a training without an approver. */
  readonly autoApprove: boolean;
  /** How long a peer that is gone is tried again. */
  readonly unavailableAfterSeconds?: number;
}

export async function setUpSites({
  rows,
  autoApprove,
  unavailableAfterSeconds = 3,
}: SitesOptions): Promise<Sites> {
  const folder = mkdtempSync(join(tmpdir(), 'sotto-two-'));
  const site = (party: 'bank' | 'company'): Site => {
    const own = join(folder, party);
    mkdirSync(own);
    return { party, folder: own, config: join(own, `${party}.yaml`) };
  };
  const bank = site('bank');
  const company = site('company');
  await exchangeKeys(bank, company);
  const tables = tablesOf(rows);
  writeFileSync(join(bank.folder, 'table.csv'), tables.bank);
  writeFileSync(join(company.folder, 'table.csv'), tables.company);
  await writeConfigs(bank, company, { autoApprove, unavailableAfterSeconds });
  const running: WorkerProcess[] = [];
  return {
    folder,
    bank,
    company,
    start: async (party, label = '') => {
      const worker = await startWorker({
        name: party,
        config: join(folder, party, `${party}.yaml`),
        logFile: join(folder, `${party}${label}.log`),
      });
      running.push(worker);
      return worker;
    },
    [Symbol.asyncDispose]: async () => {
      await Promise.all(running.map((worker) => worker[Symbol.asyncDispose]()));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function exchangeKeys(bank: Site, company: Site): Promise<void> {
  for (const [site, other] of [
    [bank, company],
    [company, bank],
  ] as const) {
    const keys = join(site.folder, 'keys');
    await initKeys(site.party, keys);
    await initOperator('op', keys);
    cpSync(publicFile(keys, site.party), publicFile(other.folder, site.party));
  }
}

async function writeConfigs(
  bank: Site,
  company: Site,
  { autoApprove, unavailableAfterSeconds }: Required<Omit<SitesOptions, 'rows'>>,
): Promise<void> {
  const [peerPort, bankPort, companyPort] = (await freePorts(3)) as [number, number, number];
  const shared = (party: Site, peer: string, port: number, columns: string[]) => ({
    party: party.party,
    operators: {
      listen: `127.0.0.1:${port}`,
      certificates: [{ file: 'keys/op.public.pem', role: 'approver' }],
    },
    datasets: {
      rows: {
        path: 'table.csv',
        idColumn: 'id',
        idNormalization: ['trim'],
        offeredTo: [{ peer, purposes: ['test'], columns }],
      },
    },
    limits: { threads: 1, connectSeconds: 2, unavailableAfterSeconds },
  });
  const rule = (protocol: string) => ({ peer: 'bank', protocol, dataset: 'rows', purpose: 'test' });
  writeFileSync(
    bank.config,
    stringify({
      ...shared(bank, 'company', bankPort, ['age', 'income', 'bad']),
      listen: `127.0.0.1:${peerPort}`,
      peers: [{ name: 'company', publicKey: 'company.public.pem' }],
    }),
  );
  writeFileSync(
    company.config,
    stringify({
      ...shared(company, 'bank', companyPort, [...COMPANY_COLUMNS]),
      peers: [{ name: 'bank', address: `127.0.0.1:${peerPort}`, publicKey: 'bank.public.pem' }],
      autoApprove: [
        ...['predict', 'align', 'exclude', 'select', 'count'].map(rule),
        ...(autoApprove ? [rule('train')] : []),
      ],
    }),
  );
}

export interface AddedDataset {
  readonly name: string;
  readonly table: string;
  /** Offered to the peer. */
  readonly columns: readonly string[];
  /** What the company's rules admit on it. */
  readonly protocol: string;
}

/** One dataset more, before the party's worker starts. */
export function addDataset(
  { party, folder, config }: Site,
  { name, table, columns, protocol }: AddedDataset,
): void {
  writeFileSync(join(folder, `${name}.csv`), table);
  const settings = parse(readFileSync(config, 'utf8'));
  const peer = party === 'bank' ? 'company' : 'bank';
  const offeredTo = [{ peer, purposes: ['test'], columns }];
  settings.datasets[name] = { path: `${name}.csv`, idColumn: 'id', offeredTo };
  settings.autoApprove?.push({ peer, protocol, dataset: name, purpose: 'test' });
  writeFileSync(config, stringify(settings));
}

/** The YAML of a training on the made-up tables. */
export function trainJob(changes: object = {}): string {
  return stringify({
    purpose: 'test',
    active: {
      party: 'bank',
      dataset: 'rows',
      columns: [{ name: 'age' }, { name: 'income' }],
      label: { column: 'bad', positive: 'yes' },
    },
    passive: {
      party: 'company',
      dataset: 'rows',
      columns: COMPANY_COLUMNS.map((name) => ({ name })),
    },
    train: { passes: 4, harmonics: 2 },
    ...changes,
  });
}

/** Follows a job until `when` holds; fails when it ends otherwise. */
export async function jobWhen(site: Site, id: string, when: (job: Job) => boolean): Promise<Job> {
  return await withOperator({ config: site.config }, async (operator: OperatorClient) => {
    let last: Job | undefined;
    for await (const job of operator.watch(id, AbortSignal.timeout(100_000))) {
      if (when(job)) return job;
      last = job;
    }
    const state = last === undefined ? 'unknown' : last.state;
    throw new Error(
      `the job ended in state ${state}: ${last?.error?.code} ${last?.error?.message}`,
    );
  });
}

export const isOver = (job: Job): boolean =>
  job.state === JobState.SUCCEEDED ||
  job.state === JobState.FAILED ||
  job.state === JobState.CANCELLED;
