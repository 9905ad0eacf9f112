/** The campaign's two companies on disk: keys, tables, configurations. */
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import {
  audienceTable,
  BANK_COLUMNS,
  bankTables,
  COMPANY_COLUMNS,
  csvOf,
  outcomeTables,
  type Person,
} from './campaign-people.ts';
import { freePorts } from './processes.ts';
import { type DemoParty, exchangeKeys, partyOf } from './setup.ts';

export const PURPOSE = 'card-campaign';
const IDS = { idColumn: 'id', idNormalization: ['trim', 'nfc'] };

export interface CampaignSetup {
  readonly bank: DemoParty;
  readonly company: DemoParty;
}

export async function setUpCampaign(
  root: string,
  people: readonly Person[],
  threads: number,
): Promise<CampaignSetup> {
  const bank = partyOf(root, 'bank', 'clients.csv');
  const company = partyOf(root, 'company', 'audience.csv');
  for (const { folder } of [bank, company]) {
    await rm(folder, { recursive: true, force: true });
    await mkdir(folder, { recursive: true });
  }
  await exchangeKeys([bank, 'alice'], [company, 'carol']);
  // What only the campaign brings is written anew when it is over: a worker starts with all of its tables.
  await saveTables(bank, { ...bankTables(people), ...outcomeTables(people, []) });
  await saveTables(company, {
    'audience.csv': audienceTable(people),
    'delivered.csv': csvOf(['id', 'cohort'], []),
  });
  const [peers, atBank, atCompany] = await freePorts(3);
  const limits = { threads };
  const own = [...BANK_COLUMNS];
  await writeFile(
    bank.config,
    stringify({
      party: 'bank',
      listen: `127.0.0.1:${peers}`,
      peers: [{ name: 'company', publicKey: 'company.public.pem' }],
      operators: {
        listen: `127.0.0.1:${atBank}`,
        certificates: [{ file: 'keys/alice.public.pem', role: 'approver' }],
      },
      datasets: {
        clients: dataset('clients.csv', 'company', [...own, 'holder'], { holder: 'category' }),
        holders: dataset('holders.csv', 'company', []),
        prospects: dataset('prospects.csv', 'company', own),
        buyers: dataset('buyers.csv', 'company', ['spend'], { spend: 'number' }),
        outcomes: dataset('outcomes.csv', 'company', [...own, 'bought'], {
          ...Object.fromEntries(own.map((name) => [name, 'number'])),
          bought: 'category',
        }),
      },
      limits,
    }),
  );
  await writeFile(
    company.config,
    stringify({
      party: 'company',
      peers: [{ name: 'bank', address: `127.0.0.1:${peers}`, publicKey: 'bank.public.pem' }],
      operators: {
        listen: `127.0.0.1:${atCompany}`,
        certificates: [{ file: 'keys/carol.public.pem', role: 'approver' }],
      },
      datasets: {
        audience: dataset('audience.csv', 'bank', [...COMPANY_COLUMNS]),
        delivered: dataset('delivered.csv', 'bank', ['cohort'], { cohort: 'category' }),
      },
      // Here everything of this campaign begins by itself; `sotto demo` shows an approval.
      autoApprove: [{ peer: 'bank', protocol: '*', dataset: '*', purpose: PURPOSE }],
      limits,
    }),
  );
  return { bank, company };
}

const dataset = (
  path: string,
  peer: string,
  columns: readonly string[],
  types: Readonly<Record<string, string>> = {},
) => ({
  path,
  ...IDS,
  columns: types,
  offeredTo: [{ peer, purposes: [PURPOSE], columns }],
});

export async function saveTables(
  { folder }: DemoParty,
  tables: Readonly<Record<string, string>>,
): Promise<void> {
  for (const [name, text] of Object.entries(tables)) await writeFile(join(folder, name), text);
}
