/** The demo's two companies on disk: keys, tables, configurations and a job file, as two real ones would have them. */
import { copyFile, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { EXAMPLES, writeExampleTables } from '../../data/examples.ts';
import { initKeys, initOperator, publicFile } from '../../rpc/index.ts';
import { EXPOSED, RESPONSES, writeMeasureTables } from './measure.ts';
import { freePorts } from './processes.ts';

const EXAMPLE = EXAMPLES.credit_data;
export const PURPOSE = 'credit-risk';
/** The table whose tags the bank asks for, and what it says of a member. */
export const MEMBERS = 'members';
export const TAGS = [
  {
    name: 'home',
    column: 'Home',
    type: 'enum',
    words: ['owner', 'rent', 'parents', 'priv', 'other', 'ignore'],
  },
  { name: 'assets', column: 'Assets', type: 'int' },
  { name: 'debt', column: 'Debt', type: 'int' },
] as const;
export const IDS = { idColumn: 'id', idNormalization: ['trim', 'nfc'], missing: ['NA'] };
/** Rows of each party's second table, which is scored: the first of its customers, without the label. */
const APPLICANTS = 500;

/** One company's folder. */
export interface DemoParty {
  readonly party: 'bank' | 'company';
  readonly folder: string;
  readonly config: string;
  /** Its training table. */
  readonly table: string;
}

export interface DemoSetup {
  readonly bank: DemoParty;
  readonly company: DemoParty;
  readonly trainFile: string;
}

/** Makes everything; what an earlier demo left in the two folders is removed first. */
export async function setUp(root: string, threads: number): Promise<DemoSetup> {
  const bank = partyOf(root, 'bank', 'customers.csv');
  const company = partyOf(root, 'company', 'accounts.csv');
  for (const { folder } of [bank, company]) {
    await rm(folder, { recursive: true, force: true });
    await mkdir(folder, { recursive: true });
  }
  await writeTables(root, bank, company);
  await writeMeasureTables(bank, company);
  await exchangeKeys([bank, 'alice'], [company, 'carol']);
  const [peers, atBank, atCompany, tags, sidecar] = await freePorts(5);
  const shared = { peers: peers!, tags: tags!, threads };
  await writeFile(bank.config, bankConfig(shared, atBank!, sidecar!));
  await writeFile(company.config, companyConfig(shared, atCompany!));
  const trainFile = join(bank.folder, 'train.yaml');
  await writeFile(trainFile, stringify(trainJob()));
  // The approver at the company compares the proposal with a copy that came by another way.
  await copyFile(trainFile, join(company.folder, 'train.yaml'));
  return { bank, company, trainFile };
}

export function partyOf(root: string, party: 'bank' | 'company', table: string): DemoParty {
  const folder = join(root, party);
  return { party, folder, config: join(folder, `${party}.yaml`), table: join(folder, table) };
}

async function writeTables(root: string, bank: DemoParty, company: DemoParty): Promise<void> {
  const scratch = join(root, 'tables');
  const written = await writeExampleTables('credit_data', scratch);
  await rename(written.bank, bank.table);
  await rename(written.company, company.table);
  await rm(scratch, { recursive: true });
  for (const { folder, table } of [bank, company]) {
    const lines = (await readFile(table, 'utf8'))
      .trimEnd()
      .split('\n')
      .slice(0, 1 + APPLICANTS);
    const label = lines[0]!.split(',').indexOf(EXAMPLE.label.column);
    const unlabelled = lines.map((line) =>
      line
        .split(',')
        .filter((_, at) => at !== label)
        .join(','),
    );
    await writeFile(join(folder, 'applicants.csv'), `${unlabelled.join('\n')}\n`);
  }
}

/** Each makes its own keys and gets the other's public file; here nobody has to phone. */
export async function exchangeKeys(...parties: (readonly [DemoParty, string])[]): Promise<void> {
  for (const [{ party, folder }, operator] of parties) {
    await initKeys(party, join(folder, 'keys'));
    await initOperator(operator, join(folder, 'keys'));
    for (const [other] of parties) {
      if (other.party === party) continue;
      await copyFile(publicFile(join(folder, 'keys'), party), publicFile(other.folder, party));
    }
  }
}

function typesOf(columns: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    columns
      .filter((column) => EXAMPLE.categories.includes(column))
      .map((column) => [column, 'category']),
  );
}

/** Ports of loopback that both need to know, and threads of each. */
interface Shared {
  readonly peers: number;
  readonly tags: number;
  readonly threads: number;
}

function bankConfig({ peers, tags, threads }: Shared, port: number, sidecar: number): string {
  const offeredTo = (columns: readonly string[]) => [
    { peer: 'company', purposes: [PURPOSE], columns },
  ];
  return stringify({
    party: 'bank',
    listen: `127.0.0.1:${peers}`,
    peers: [{ name: 'company', publicKey: 'company.public.pem' }],
    operators: {
      listen: `127.0.0.1:${port}`,
      certificates: [{ file: 'keys/alice.public.pem', role: 'approver' }],
    },
    datasets: {
      customers: {
        path: 'customers.csv',
        ...IDS,
        columns: { ...typesOf(EXAMPLE.bank), [EXAMPLE.label.column]: 'category' },
        offeredTo: offeredTo([...EXAMPLE.bank, EXAMPLE.label.column]),
      },
      applicants: {
        path: 'applicants.csv',
        ...IDS,
        columns: typesOf(EXAMPLE.bank),
        offeredTo: offeredTo([...EXAMPLE.bank]),
      },
      [RESPONSES]: { path: `${RESPONSES}.csv`, ...IDS, offeredTo: offeredTo(['spend']) },
    },
    tags: {
      mirrors: { [MEMBERS]: { peer: 'company', address: `127.0.0.1:${tags}`, purpose: PURPOSE } },
      sidecar: { http: `127.0.0.1:${sidecar}`, tls: 'none' },
    },
    limits: { threads },
  });
}

function companyConfig({ peers, tags, threads }: Shared, port: number): string {
  const table = {
    ...IDS,
    columns: typesOf(EXAMPLE.company),
    offeredTo: [{ peer: 'bank', purposes: [PURPOSE], columns: [...EXAMPLE.company] }],
  };
  return stringify({
    party: 'company',
    peers: [{ name: 'bank', address: `127.0.0.1:${peers}`, publicKey: 'bank.public.pem' }],
    operators: {
      listen: `127.0.0.1:${port}`,
      certificates: [{ file: 'keys/carol.public.pem', role: 'approver' }],
    },
    datasets: {
      accounts: { path: 'accounts.csv', ...table },
      applicants: { path: 'applicants.csv', ...table },
      [EXPOSED]: {
        path: `${EXPOSED}.csv`,
        ...IDS,
        offeredTo: [{ peer: 'bank', purposes: [PURPOSE], columns: ['cohort'] }],
      },
    },
    // Scoring, exclusion and measurement begin by themselves; a training waits for somebody to approve it.
    autoApprove: [
      { peer: 'bank', protocol: 'predict', dataset: 'applicants', purpose: PURPOSE },
      { peer: 'bank', protocol: 'exclude', dataset: 'accounts', purpose: PURPOSE },
      { peer: 'bank', protocol: 'measure', dataset: EXPOSED, purpose: PURPOSE },
    ],
    tags: {
      listen: `127.0.0.1:${tags}`,
      tables: {
        [MEMBERS]: {
          dataset: 'accounts',
          fields: TAGS,
          offers: [{ peer: 'bank', purposes: [PURPOSE], perDay: 10_000, perEpoch: 100_000 }],
        },
      },
    },
    limits: { threads },
  });
}

function trainJob(): object {
  const named = (columns: readonly string[]) => columns.map((name) => ({ name }));
  return {
    purpose: PURPOSE,
    active: {
      party: 'bank',
      dataset: 'customers',
      columns: named(EXAMPLE.bank),
      label: EXAMPLE.label,
    },
    passive: { party: 'company', dataset: 'accounts', columns: named(EXAMPLE.company) },
    train: { passes: 10 },
  };
}
